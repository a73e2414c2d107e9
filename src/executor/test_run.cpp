#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ec/core/text.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/json/json.hpp>
#include <ec_embedded/ec_executor.hpp>

#include "recognise.hpp"
#include "report_files.hpp"

namespace ec::executor {
namespace {

using Words = std::vector<std::string>;

std::string support(std::string_view file) { return fmt::format("{}/{}", kSupportDir, file); }

/// Sets a variable, joined in front of the value that the person's own command gives it.
void put_in_front(RunSpec& spec, std::string_view name, std::string value, std::string_view separator) {
    for (auto& [known, current] : spec.environment) {
        if (known != name) continue;
        if (!current.empty()) value += std::string(separator) + current;
        current = std::move(value);
        return;
    }
    // The sandbox passes the person's own search path through, and ours would otherwise replace it.
    const char* inherited = name == "PYTHONPATH" ? std::getenv("PYTHONPATH") : nullptr;
    if (inherited != nullptr && *inherited != '\0') value += std::string(separator) + inherited;
    spec.environment.emplace_back(name, std::move(value));
}

void add_file(RunSpec& spec, std::string_view name, std::string_view content) {
    spec.support_files.emplace_back(name, content);
}

void ask_through_directory(RunSpec& spec) { put_in_front(spec, "EC_REPORT_DIR", spec.artifact_dir, ""); }

/// Puts words at the end of the runner's own, wherever that is.
void append(RunSpec& spec, const TestCommand& command, const Words& words) {
    if (command.words.empty()) {
        for (const std::string& word : words) spec.argv.back() += " " + shell_quote(word);
        return;
    }
    const bool npm_script = program_name(spec.argv.front()) == "npm";
    auto at = std::ranges::find(spec.argv, "--");
    if (npm_script) {
        if (at == spec.argv.end()) spec.argv.emplace_back("--");
        at = spec.argv.end();
    }
    spec.argv.insert(at, words.begin(), words.end());
}

// pytest's cache must work (conftests and plugins use it), but somewhere that is not the workspace.
constexpr std::string_view kPytestCache = "-o cache_dir=/tmp/.ec-pytest-cache";

/// True when the arguments ask for something that only the workspace's own cache can answer.
bool wants_pytest_cache(const Words& arguments) {
    return std::ranges::any_of(arguments, [](const std::string& word) {
        return word == "--lf" || word == "--ff" || word == "--nf" || word == "--sw" ||
               word.starts_with("--last-failed") || word.starts_with("--failed-first") ||
               word.starts_with("--new-first") || word.starts_with("--stepwise") || word.starts_with("--cache-");
    });
}

/// Python's -E and -I make it blind to PYTHONPATH; the report is then pytest's own, written only at its end.
bool ignores_environment(const Words& interpreter) {
    return std::ranges::any_of(interpreter, [](const std::string& word) {
        return word.size() > 1 && word[0] == '-' && word[1] != '-' && word.find_first_of("EI") != std::string::npos &&
               word.find_first_of("WXc") == std::string::npos;
    });
}

/// For a pytest that we start ourselves: the plugin is named on its command line, by way of the environment.
void ask_pytest(RunSpec& spec, const TestCommand& command) {
    if (ignores_environment(command.interpreter)) {
        append(spec, command,
               {"-o", "junit_family=xunit1", "--junitxml=" + spec.artifact_dir + "/" + std::string(kPytestFile)});
        return;
    }
    add_file(spec, "ec_events.py", embedded::ec_events_py);
    add_file(spec, "ec_report.py", embedded::ec_report_py);
    ask_through_directory(spec);
    std::string options = "-p ec_report";
    if (!wants_pytest_cache(command.runner_arguments)) options += " " + std::string(kPytestCache);
    put_in_front(spec, "PYTEST_ADDOPTS", options, " ");
    put_in_front(spec, "PYTHONPATH", std::string(kSupportDir), ":");
}

/// For a pytest that may run somewhere inside (make, tox-like scripts, a shell): the plugin is offered as an installed
/// package would be. Where the command sets a PYTHONPATH of its own, pytest then simply does not see it; a plugin named
/// on the command line would make it fail.
void offer_pytest_plugin(RunSpec& spec) {
    add_file(spec, "ec_events.py", embedded::ec_events_py);
    add_file(spec, "ec_report.py", embedded::ec_report_py);
    add_file(spec, "ec_report-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: ec-report\nVersion: 1\n");
    add_file(spec, "ec_report-1.dist-info/entry_points.txt", "[pytest11]\nec_report = ec_report\n");
    ask_through_directory(spec);
    put_in_front(spec, "PYTEST_ADDOPTS", std::string(kPytestCache), " ");
    put_in_front(spec, "PYTHONPATH", std::string(kSupportDir), ":");
}

/// `python -m unittest …` becomes `python /…/ec_unittest.py …`.
void replace_module(RunSpec& spec, std::string_view module, std::string_view script, std::string_view content) {
    add_file(spec, "ec_events.py", embedded::ec_events_py);
    add_file(spec, script, content);
    ask_through_directory(spec);
    for (std::size_t i = 0; i + 1 < spec.argv.size(); ++i) {
        if (spec.argv[i] != "-m" || !spec.argv[i + 1].starts_with(module)) continue;
        spec.argv[i] = support(script);
        spec.argv.erase(spec.argv.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        return;
    }
}

/// Flags of node itself for a `node --test` or `node FILE` that we start ourselves, else by way of the environment.
void add_node_flags(RunSpec& spec, const TestCommand& command, const Words& flags) {
    const auto at = std::ranges::find(spec.argv, "--test");
    if (!command.words.empty() && at != spec.argv.end())
        spec.argv.insert(at + 1, flags.begin(), flags.end());
    else
        put_in_front(spec, "NODE_OPTIONS", join(flags, " "), " ");
}

void ask_node(RunSpec& spec, const TestCommand& command, const ReportOptions& options) {
    add_file(spec, "ec_events.cjs", embedded::ec_events_cjs);
    add_file(spec, "ec_node_reporter.cjs", embedded::ec_node_reporter_cjs);
    ask_through_directory(spec);
    const auto own = [&](std::string_view flag) {
        return std::ranges::count_if(command.runner_arguments,
                                     [&](const std::string& word) { return word.starts_with(flag); });
    };
    const auto reporters = own("--test-reporter") - own("--test-reporter-destination");
    if (options.output_unread && reporters == 0) {
        add_file(spec, "ec_node_quiet.cjs", embedded::ec_node_quiet_cjs);
        json::Array stop_at;
        for (const std::string& id : options.stop_at) stop_at.emplace_back(id);
        add_file(spec, "ec_stop_at.json", json::write(std::move(stop_at)));
        add_node_flags(spec, command,
                       {"--require=" + support("ec_node_quiet.cjs"), "--test-reporter=spec",
                        "--test-reporter-destination=stdout"});
        return;
    }
    // Our reporter writes its file itself, at once, and hands nothing to node. The destination cannot be /dev/null,
    // which Node 22 and newer fail to sync.
    Words flags = {"--test-reporter=" + support("ec_node_reporter.cjs"),
                   "--test-reporter-destination=" + spec.artifact_dir + "/" + std::string(kNodeDestination)};
    // Several reporters need a destination each; a single one of the person's own may have been given none.
    if (reporters == 0)
        flags.insert(flags.begin(), {"--test-reporter=spec", "--test-reporter-destination=stdout"});
    else if (own("--test-reporter-destination") == 0)
        flags.emplace(flags.begin(), "--test-reporter-destination=stdout");
    add_node_flags(spec, command, flags);
}

void ask_jest(RunSpec& spec, const TestCommand& command) {
    add_file(spec, "ec_events.cjs", embedded::ec_events_cjs);
    add_file(spec, "ec_jest_reporter.cjs", embedded::ec_jest_reporter_cjs);
    ask_through_directory(spec);
    append(spec, command, {"--reporters=default", "--reporters=" + support("ec_jest_reporter.cjs")});
}

void ask_vitest(RunSpec& spec, const TestCommand& command) {
    add_file(spec, "ec_events.cjs", embedded::ec_events_cjs);
    add_file(spec, "ec_vitest_reporter.mjs", embedded::ec_vitest_reporter_mjs);
    ask_through_directory(spec);
    Words words = {"--reporter=default", "--reporter=json", "--reporter=" + support("ec_vitest_reporter.mjs"),
                   "--outputFile.json=" + spec.artifact_dir + "/" + std::string(kVitestFile)};
    const bool has_mode = std::ranges::any_of(command.runner_arguments, [](const std::string& word) {
        return word == "run" || word == "--run" || word == "related" || word == "bench" || word == "list";
    });
    if (!has_mode) words.emplace_back("--run");
    append(spec, command, words);
}

void ask_mocha(RunSpec& spec, const TestCommand& command) {
    add_file(spec, "ec_events.cjs", embedded::ec_events_cjs);
    add_file(spec, "ec_mocha_reporter.cjs", embedded::ec_mocha_reporter_cjs);
    ask_through_directory(spec);
    append(spec, command, {"--reporter=" + support("ec_mocha_reporter.cjs")});
}

/// The report of `go test -json` is its standard output, and the captured output keeps only a head and a tail.
void ask_go(RunSpec& spec, const TestCommand& command) {
    if (command.words.empty()) return;
    const auto at = std::ranges::find(spec.argv, "test");
    if (std::ranges::find(spec.argv, "-json") == spec.argv.end()) spec.argv.insert(at + 1, "-json");
    Words words = {"/bin/sh", "-c", "exec \"$@\" >\"$0\"", spec.artifact_dir + "/" + std::string(kGoFile)};
    words.insert(words.end(), spec.argv.begin(), spec.argv.end());
    spec.argv = std::move(words);
}

}  // namespace

RunSpec test_run(const TestCommand& command, const ReportOptions& options) {
    RunSpec spec;
    spec.argv = command.words.empty() ? Words{"/bin/sh", "-c", command.text} : command.words;
    spec.directory = command.directory;
    spec.environment = command.environment;
    spec.artifact_dir = artifact_dir();
    switch (command.framework) {
        case Framework::pytest:
            if (command.words.empty() || program_name(command.words.front()) == "npm")
                offer_pytest_plugin(spec);
            else
                ask_pytest(spec, command);
            break;
        case Framework::unittest:
            replace_module(spec, "unittest", "ec_unittest.py", embedded::ec_unittest_py);
            break;
        case Framework::doctest:
            replace_module(spec, "doctest", "ec_doctest.py", embedded::ec_doctest_py);
            break;
        case Framework::node_test:
            ask_node(spec, command, options);
            break;
        case Framework::jest:
            ask_jest(spec, command);
            break;
        case Framework::vitest:
            ask_vitest(spec, command);
            break;
        case Framework::mocha:
            ask_mocha(spec, command);
            break;
        case Framework::ctest:
            append(spec, command, {"--output-junit", spec.artifact_dir + "/" + std::string(kCtestFile)});
            break;
        case Framework::go_test:
            ask_go(spec, command);
            break;
        case Framework::cargo_test:
            put_in_front(spec, "CARGO_TERM_COLOR", "never", "");
            break;
        case Framework::tap:
            break;
        case Framework::command:
            offer_pytest_plugin(spec);
            // GoogleTest programs take their wish for a report from here; a folder makes each write a file of its own.
            put_in_front(spec, "GTEST_OUTPUT", "xml:" + spec.artifact_dir + "/", "");
            break;
    }
    return spec;
}

}  // namespace ec::executor
