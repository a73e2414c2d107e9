#include "cli.hpp"

#include <unistd.h>

#include <ec/executor/early_start.hpp>
#include <ostream>
#include <span>
#include <string_view>

#include "acp_command.hpp"
#include "agent_cli.hpp"
#include "cli_words.hpp"
#include "diff_command.hpp"
#include "doctor_command.hpp"
#include "egress_command.hpp"
#include "exec_command.hpp"
#include "fix_command.hpp"
#include "interrupt.hpp"
#include "mcp_command.hpp"
#include "model_cli.hpp"
#include "model_command.hpp"
#include "policy_command.hpp"
#include "reduced_consent.hpp"
#include "resume_command.hpp"
#include "review_cli.hpp"
#include "review_command.hpp"
#include "run_command.hpp"
#include "session_host.hpp"
#include "swarm/swarm_cli.hpp"
#include "swarm/worker_command.hpp"
#include "tools_cli.hpp"
#include "tools_command.hpp"
#include "undo_command.hpp"

namespace ec::apps {
namespace {

constexpr int kUsage = 2;

void add_fix(CLI::App& app, FixOptions& options) {
    CLI::App* fix = app.add_subcommand("fix", "Make a failing test command pass, with a verified patch");
    fix->add_option("--dir", options.directory, "The project (default: the current directory)");
    fix->add_option("--test", options.test, "The test command, as you would type it")->required();
    fix->add_option("--budget", options.budget_seconds, "Give up after this many seconds (default: 60)")
        ->check(seconds());
    fix->add_option("--model", options.model,
                    "none (mutation search), or a model as for run: mutations first, then the model");
    fix->add_option("--seed", options.seed, "The same seed gives the same run (default: 1)")->check(whole_number(0));
    fix->add_flag("--resume", options.resume, "Go on where an interrupted run of the same problem stopped");
    fix->add_flag("--apply", options.apply, "Write the verified patch to the project");
    fix->add_option("--approve", options.approved,
                    "Guarded place that --apply may write (hooks, CI, editor settings); repeatable")
        ->allow_extra_args(false);
    fix->add_flag("--edit-tests", options.edit_tests, "Also offer edits of tests and build configuration");
    CLI::Option* json = fix->add_flag("--json", options.json, "Print one JSON document on stdout");
    fix->add_flag("--events", options.events,
                  "Print JSON lines while it works, the last one the result\n(docs/events.md has the fields)")
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
    exec->add_option("--timeout", options.timeout_seconds, "Wall-clock limit in seconds (default: 10, or the policy's)")
        ->check(seconds());
    exec->add_option("--memory", options.memory_mb, "Memory limit in MB (default: 512, or the policy's)")
        ->check(whole_number(0));
    exec->add_option("--lang", options.language, "Language of FILE or standard input")
        ->check(CLI::IsMember({"python", "javascript"}));
    exec->add_flag("--apply", options.apply, "Copy the files it changed into the real directory");
    exec->add_option("--approve", options.approved,
                     "Guarded place that --apply may write (hooks, CI, editor settings); repeatable")
        ->allow_extra_args(false);
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
        "64 MB of new files, 1 MB of output kept.\n"
        "With --apply the files it changed are written, all or none, unless one changed meanwhile;\n"
        "edgecoder undo takes them back. Files that run unasked or steer others (.git, hooks, CI, .vscode\n"
        "and the like) are written only when --approve names them.\n"
        "Exit status: 0 it ended well, 1 it did not, 2 wrong usage, 3 no "
        "sandbox here.");
}

void add_doctor(CLI::App& app, DoctorOptions& options) {
    CLI::App* doctor =
        app.add_subcommand("doctor", "Show what this machine can isolate, which runners it has, and its swarm");
    doctor->add_flag("--json", options.json, "Print one JSON document on stdout");
}

void add_policy(CLI::App& app, PolicyOptions& options) {
    CLI::App* policy = app.add_subcommand("policy", "Show the sandbox policy in force, or check a policy file");
    policy->require_subcommand(1);
    CLI::App* show = policy->add_subcommand("show", "Print the policy in force as a policy file");
    show->add_flag("--json", options.json, "Print one JSON document on stdout");
    show->add_flag("--origin", options.origin, "Say behind each value where it comes from");
    CLI::App* check = policy->add_subcommand("check", "Check a policy file, without putting it in force");
    check->add_option("file", options.file, "The file")->required();
    check->add_flag("--json", options.json, "Print one JSON document on stdout");
    policy->footer(
        "The machine's policy is /etc/edgecoder/policy.toml; yours is edgecoder/policy.toml in $XDG_CONFIG_HOME or "
        "~/.config\nand can only narrow it. A file in a project is never read. docs/policy.md has the format.\n"
        "Exit status: 0, 1 the checked file is no policy, 2 wrong usage or a broken policy in force, 3 one that cannot "
        "be trusted.");
}

void add_undo(CLI::App& app, const char* name, const char* help, const char* footer, UndoCommandOptions& options) {
    CLI::App* undo = app.add_subcommand(name, help);
    undo->add_option("--dir", options.directory, "The project (default: the current directory)");
    undo->add_flag("--list", options.list, "Show what undo and redo can still reach");
    undo->add_flag("--force", options.force,
                   "Also over files that changed since; what they hold is kept as a step. Only at a terminal");
    undo->add_flag("--json", options.json, "Print one JSON document on stdout");
    undo->footer(footer);
}

void add_diff(CLI::App& app, DiffOptions& options) {
    CLI::App* diff = app.add_subcommand("diff", "Show what the agent changed in a session, or in one step of it");
    diff->add_option("--dir", options.directory, "The project (default: the current directory)");
    diff->add_option("--session", options.session, "The session (default: the newest)");
    diff->add_option("--step", options.step, "Only this step");
    diff->add_flag("--json", options.json, "Print one JSON document on stdout");
}

void add_resume(CLI::App& app, ResumeOptions& options) {
    CLI::App* resume = app.add_subcommand("resume", "Go on with an earlier session of this project");
    resume->add_option("--dir", options.directory, "The project (default: the current directory)");
    resume->add_option("session", options.session, "Its id (default: the newest)");
    resume->add_flag("--list", options.list, "Show the sessions instead");
    resume->add_flag("--json", options.json, "Print one JSON document on stdout");
}

void add_consent(CLI::App& app, ConsentOptions& options) {
    CLI::App* consent = app.add_subcommand("consent", "Agree to reduced isolation on this machine, at a terminal");
    CLI::Option* what =
        consent->add_option("what", options.what, "What to agree to: reduced")->check(CLI::IsMember({"reduced"}));
    consent->add_flag("--revoke", options.revoke, "Take the agreement back");
    consent->callback([=] {
        if (what->empty() && consent->count("--revoke") == 0) throw CLI::RequiredError("reduced, or --revoke");
    });
    consent->footer(
        "Asked once where a machine cannot isolate fully: shows what reduced isolation leaves open, and records that "
        "you\n"
        "agree. Nothing but a person at a terminal can. Exit status: 0 done, 2 wrong usage, 3 no terminal or "
        "declined.");
}

void add_egress(CLI::App& app, EgressOptions& options) {
    CLI::App* egress = app.add_subcommand("egress", "Show what left this machine, and what was refused");
    egress->add_flag("--json", options.json, "Print one JSON document on stdout");
    egress->add_option("--limit", options.limit, "The newest so many entries (default: 100)")
        ->check(whole_number(1, kMostListed));
    egress->add_option("--data-dir", options.data_dir, "Where the ledger lies (default: EdgeCoder's data directory)");
    egress->footer("The newest entry is the last. An allowed connection has two: opened, and closed with its totals.");
}

// The first milliseconds of `exec` go into a sandbox's start, so it begins before anything is parsed. Not where it
// would wait for standard input, need a network or not be used.
std::shared_ptr<executor::EarlyStart> begin_exec(std::span<char*> words, const ExecOptions& defaults) {
    if (words.size() < 3 || std::string_view(words[1]) != "exec") return nullptr;
    for (const std::string_view word : words.subspan(2)) {
        if (word == "-" || word == "-h" || word == "--help" || word.starts_with("--allow-host")) return nullptr;
    }
    return executor::start_early(defaults.directory, defaults.box);
}

}  // namespace

int run_cli(int argc, char** argv, std::ostream& out, std::ostream& err) {
    ExecOptions exec;
    exec.early = begin_exec({argv, static_cast<std::size_t>(argc)}, exec);
    CLI::App app("EdgeCoder: a privacy-first coding assistant that proves its patches by running them.", "edgecoder");
    app.set_version_flag("--version", "edgecoder " EC_VERSION);
    app.require_subcommand(0, 1);
    FixOptions fix;
    UndoCommandOptions undo;
    UndoCommandOptions redo;
    redo.redo = true;
    EgressOptions egress;
    DoctorOptions doctor;
    PolicyOptions policy;
    ConsentOptions consent;
    ReviewOptions review;
    ModelOptions model;
    DiffOptions diff;
    ResumeOptions resume;
    RunCommandOptions run;
    SessionCommandOptions session;
    McpOptions mcp;
    ToolsOptions tools;
    SwarmCommands swarm;
    WorkerCommandOptions worker;
    add_session(app, session);
    AcpOptions acp;
    add_run(app, run);
    add_fix(app, fix);
    add_exec(app, exec);
    add_undo(
        app, "undo", "Take back what was last written to the project",
        "Refused, with the names, when a file changed since. The last 50 steps are kept, at most 1 GiB a project.\n"
        "Exit status: 0 done, 1 nothing to undo or files changed since, 2 wrong usage, 3 this machine cannot do it.",
        undo);
    add_undo(
        app, "redo", "Take back the last undo",
        "Exit status: 0 done, 1 nothing to redo or files changed since, 2 wrong usage, 3 this machine cannot do it.",
        redo);
    add_diff(app, diff);
    add_resume(app, resume);
    add_acp(app, acp);
    add_egress(app, egress);
    add_doctor(app, doctor);
    add_policy(app, policy);
    add_consent(app, consent);
    add_review(app, review);
    add_model(app, model);
    add_mcp(app, mcp);
    add_tools(app, tools);
    add_swarm(app, swarm);
    add_worker(app, worker);
    // Commands inherit what stands here when they are added.
    app.footer(
        "Without a command a session begins in the terminal: type what is to be done. The options above are its.\n\n"
        "Examples:\n  edgecoder                                   a session here\n"
        "  edgecoder run \"add a --verbose flag\"        one task\n"
        "  edgecoder fix --test \"pytest -q\"            make failing tests pass; needs no model\n"
        "  edgecoder model list --catalogue            models to pull\n\n"
        "Run 'edgecoder COMMAND --help' for a command's options.");
    if (argc <= 1 && (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1)) {
        err << app.help();
        return kUsage;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help and --version
        return app.exit(success, out, err);
    } catch (const CLI::ParseError& error) {
        explain_words(app, error, err);
        return kUsage;
    }
    if (app.get_subcommands().empty()) return run_session(session, err);
    if (app.got_subcommand("run")) return run_task(run, out, err);
    if (app.got_subcommand("fix")) return run_fix(fix, out, err);
    if (app.got_subcommand("exec")) {
        const Interrupt interrupt;
        return run_exec(exec, out, err, interrupt.token());
    }
    if (const CLI::App* group = app.get_subcommand("policy"); group->parsed()) {
        return group->got_subcommand("check") ? run_policy_check(policy, out, err) : run_policy_show(policy, out, err);
    }
    if (app.got_subcommand("undo")) return run_undo(undo, out, err);
    if (app.got_subcommand("redo")) return run_undo(redo, out, err);
    if (app.got_subcommand("diff")) return run_diff(diff, out, err);
    if (app.got_subcommand("resume")) {
        if (resume.list || resume.json) return run_resume_list(resume, out, err);
        session.directory = resume.directory;
        session.resume = resume.session.empty() ? "last" : resume.session;
        return run_session(session, err);
    }
    if (app.got_subcommand("consent")) return run_consent(consent, err);
    if (const CLI::App* group = app.get_subcommand("review"); group->parsed()) {
        return run_review(*group, review, out, err);
    }
    if (const CLI::App* group = app.get_subcommand("model"); group->parsed()) {
        return run_model(*group, model, out, err);
    }
    if (app.got_subcommand("mcp")) return run_mcp(mcp, out, err);
    if (app.got_subcommand("acp")) return run_acp(acp, err);
    if (const CLI::App* group = app.get_subcommand("tools"); group->parsed()) {
        return run_tools(*group, tools, out, err);
    }
    if (const auto status = run_swarm(app, swarm, out, err)) return *status;
    if (app.got_subcommand("worker")) return run_worker_command(worker, out, err);
    if (app.got_subcommand("egress")) return run_egress(egress, out, err);
    return run_doctor(doctor, out, err);
}

}  // namespace ec::apps
