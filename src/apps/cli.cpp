#include "cli.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

#include "doctor_command.hpp"
#include "egress_command.hpp"
#include "exec_command.hpp"
#include "fix_command.hpp"
#include "interrupt.hpp"

namespace ec::apps {
namespace {

constexpr int kUsage = 2;

void add_fix(CLI::App& app, FixOptions& options) {
    CLI::App* fix = app.add_subcommand("fix", "Make a failing test command pass, with a verified patch");
    fix->add_option("--dir", options.directory, "The project (default: the current directory)");
    fix->add_option("--test", options.test, "The test command, as you would type it")->required();
    fix->add_option("--budget", options.budget_seconds, "Give up after this many seconds (default: 60)");
    fix->add_option("--model", options.model, "Proposer: none (mutation search; the only one so far)");
    fix->add_option("--seed", options.seed, "The same seed gives the same run (default: 1)");
    fix->add_flag("--resume", options.resume, "Go on where an interrupted run of the same problem stopped");
    fix->add_flag("--apply", options.apply, "Write the verified patch to the project");
    fix->add_flag("--edit-tests", options.edit_tests, "Also offer edits of tests and build configuration");
    CLI::Option* json = fix->add_flag("--json", options.json, "Print one JSON document on stdout");
    fix->add_flag("--events", options.events, "Print JSON lines while it works, the last one the result")
        ->excludes(json);
    fix->footer(
        "Examples:\n  edgecoder fix --test \"pytest -q\"\n  edgecoder fix --dir app --test \"node --test\" --apply\n\n"
        "The patch goes to stdout, everything else to stderr. Your files stay as they are unless --apply is given.\n"
        "Exit status: 0 fixed or already passing, 1 not fixed, 2 wrong usage, 3 this machine cannot do it, 130 "
        "interrupted.");
}

void add_exec(CLI::App& app, ExecOptions& options) {
    CLI::App* exec = app.add_subcommand("exec", "Run a program in the sandbox, in the current directory");
    exec->add_flag("--json", options.json, "Print one JSON document on stdout");
    exec->add_option("--timeout", options.timeout_seconds, "Wall-clock limit in seconds (default: 10)");
    exec->add_option("--memory", options.memory_mb, "Memory limit in MB (default: 512)");
    exec->add_option("--lang", options.language, "Language of FILE or standard input")
        ->check(CLI::IsMember({"python", "javascript"}));
    exec->add_flag("--apply", options.apply, "Copy the files it changed into the real directory");
    exec->add_option("--allow-host", options.allow_hosts,
                     "Let it reach HOST, *.HOST or HOST:PORT (443) through the proxy; repeatable (default: no network)")
        ->type_name("HOST[:PORT]")
        ->allow_extra_args(false);
    exec->add_option("command", options.words, "FILE, - for standard input, or -- CMD ARG…")->required();
    exec->footer(
        "Examples:\n  edgecoder exec script.py\n  echo 'print(1)' | edgecoder exec --lang python -\n"
        "  edgecoder exec --json -- sh -c 'make test'\n\n"
        "The program sees the current directory as a copy, no network (unless --allow-host) and no secrets. Limits: 10 "
        "s, 512 MB, 128 "
        "processes,\n"
        "64 MB of new files, 1 MB of output kept. Exit status: 0 it ended well, 1 it did not, 2 wrong usage, 3 no "
        "sandbox here.");
}

void add_doctor(CLI::App& app, DoctorOptions& options) {
    CLI::App* doctor = app.add_subcommand("doctor", "Show what this machine can isolate and which runners it has");
    doctor->add_flag("--json", options.json, "Print one JSON document on stdout");
}

void add_egress(CLI::App& app, EgressOptions& options) {
    CLI::App* egress = app.add_subcommand("egress", "Show what left this machine, and what was refused");
    egress->add_flag("--json", options.json, "Print one JSON document on stdout");
    egress->add_option("--limit", options.limit, "The newest so many entries (default: 100)")
        ->check(CLI::PositiveNumber);
    egress->add_option("--data-dir", options.data_dir, "Where the ledger lies (default: EdgeCoder's data directory)");
    egress->footer("The newest entry is the last. An allowed connection has two: opened, and closed with its totals.");
}

}  // namespace

int run_cli(int argc, char** argv, std::ostream& out, std::ostream& err) {
    CLI::App app("EdgeCoder: a privacy-first coding assistant that proves its patches by running them.", "edgecoder");
    app.set_version_flag("--version", "edgecoder " EC_VERSION);
    app.require_subcommand(1);
    app.footer("Run 'edgecoder COMMAND --help' for a command's options.");
    FixOptions fix;
    ExecOptions exec;
    EgressOptions egress;
    DoctorOptions doctor;
    add_fix(app, fix);
    add_exec(app, exec);
    add_egress(app, egress);
    add_doctor(app, doctor);
    if (argc <= 1) {
        err << app.help();
        return kUsage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help and --version
        return app.exit(success, out, err);
    } catch (const CLI::ParseError& error) {
        app.exit(error, out, err);
        return kUsage;
    }
    if (app.got_subcommand("fix")) return run_fix(fix, out, err);
    if (app.got_subcommand("exec")) {
        const Interrupt interrupt;
        return run_exec(exec, out, err, interrupt.token());
    }
    if (app.got_subcommand("egress")) return run_egress(egress, out, err);
    return run_doctor(doctor, out, err);
}

}  // namespace ec::apps
