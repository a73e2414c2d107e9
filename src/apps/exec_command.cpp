#include "exec_command.hpp"

#include <fmt/format.h>

#include <cmath>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/json/json.hpp>
#include <iostream>
#include <iterator>

#include "data_dir.hpp"
#include "interrupt.hpp"
#include "network_gate.hpp"

namespace ec::apps {
namespace {

using executor::Change;
using executor::RunResult;
using executor::RunSpec;
using executor::RunStatus;

constexpr double kLongestTimeout = 24.0 * 3600;
constexpr std::uint64_t kLeastMemoryMb = 16;
constexpr std::uint64_t kMostMemoryMb = 1U << 24;

std::string_view interpreter_of(std::string_view language) {
    return language == "python" ? "python3" : language == "javascript" ? "node" : "";
}

std::string_view language_of(const std::string& file) {
    const std::string ending = std::filesystem::path(file).extension().string();
    if (ending == ".py") return "python";
    if (ending == ".js" || ending == ".mjs" || ending == ".cjs") return "javascript";
    return {};
}

// A file outside the workspace has no place inside; its text goes in through standard input, where both interpreters
// take a program and then resolve imports from the working directory.
Result<RunSpec> source_spec(const ExecOptions& options, std::string_view interpreter,
                            const std::filesystem::path& workspace) {
    RunSpec spec;
    const std::string& source = options.words.front();
    spec.argv = {std::string(interpreter), "-"};
    if (source == "-") {
        spec.stdin_text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        EC_ASSIGN(spec.stdin_text, read_file(options.directory / source));
        std::error_code error;
        const std::filesystem::path real = std::filesystem::canonical(options.directory / source, error);
        const std::string inside = real.lexically_relative(workspace).string();
        if (!error && is_inside_relative(inside)) {
            spec.argv.back() = inside;
            spec.stdin_text.clear();
        }
    }
    spec.argv.insert(spec.argv.end(), options.words.begin() + 1, options.words.end());
    return spec;
}

Result<RunSpec> program_spec(const ExecOptions& options, const std::filesystem::path& workspace) {
    if (options.words.empty()) {
        return fail(ErrorCode::invalid_argument,
                    "name one program: a file, - for standard input, or a command after --");
    }
    const std::string& first = options.words.front();
    std::string_view interpreter = interpreter_of(options.language);
    if (!options.language.empty() && interpreter.empty()) {
        return fail(ErrorCode::invalid_argument, fmt::format("there is no language {} here", options.language),
                    "say --lang python or --lang javascript");
    }
    if (interpreter.empty()) interpreter = interpreter_of(language_of(first));
    if (!interpreter.empty()) return source_spec(options, interpreter, workspace);
    if (first == "-") {
        return fail(ErrorCode::invalid_argument, "the language of a program on standard input must be named",
                    "say --lang python or --lang javascript");
    }
    RunSpec spec;
    spec.argv = options.words;
    return spec;
}

Result<RunSpec> spec_for(const ExecOptions& options, const std::filesystem::path& workspace) {
    if (!(options.timeout_seconds > 0) || options.timeout_seconds > kLongestTimeout) {
        return fail(ErrorCode::invalid_argument, "the timeout must be more than 0 and at most 86400 seconds");
    }
    if (options.memory_mb < kLeastMemoryMb || options.memory_mb > kMostMemoryMb) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the memory must be between {} and {} MB", kLeastMemoryMb, kMostMemoryMb));
    }
    EC_ASSIGN(RunSpec spec, program_spec(options, workspace));
    spec.limits.wall = std::chrono::milliseconds(std::llround(std::ceil(options.timeout_seconds * 1000)));
    spec.limits.cpu = spec.limits.wall;
    spec.limits.memory_bytes = options.memory_mb << 20;
    spec.collect_change_contents = options.apply;
    spec.network = !options.allow_hosts.empty();
    return spec;
}

json::Object to_json(const RunResult& result) {
    json::Array changes;
    for (const Change& change : result.changes) changes.emplace_back(change.path);
    const auto integer = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    json::Object object;
    object["status"] = executor::name(result.status);
    object["exit_code"] = result.exit_code;
    object["signal"] = result.signal;
    object["stdout"] = to_valid_utf8(result.out);
    object["stderr"] = to_valid_utf8(result.err);
    object["stdout_bytes"] = integer(result.stdout_bytes);
    object["stderr_bytes"] = integer(result.stderr_bytes);
    object["truncated"] = result.truncated;
    object["wall_ms"] = result.wall.count();
    object["cpu_ms"] = result.cpu.count();
    object["peak_memory_bytes"] = integer(result.peak_memory_bytes);
    object["tier"] = result.tier;
    object["changes"] = std::move(changes);
    if (!result.reason.empty()) object["reason"] = result.reason;
    return object;
}

std::string sentence(const RunResult& result, const ExecOptions& options) {
    switch (result.status) {
        case RunStatus::ok:
            return {};
        case RunStatus::failed:
            return fmt::format("the program ended with exit code {}", result.exit_code);
        case RunStatus::timeout:
            return fmt::format("stopped: it ran longer than {} seconds", options.timeout_seconds);
        case RunStatus::cpu:
            return fmt::format("stopped: it used more than {} seconds of processor time", options.timeout_seconds);
        case RunStatus::memory:
            return fmt::format("stopped: it used more than {} MB of memory", options.memory_mb);
        case RunStatus::pids:
            return "stopped: it started more processes than the sandbox allows";
        case RunStatus::output:
            return "stopped: it wrote more output than the sandbox takes";
        case RunStatus::disk:
            return "failed: it wrote more new files than the sandbox has room for";
        case RunStatus::signal:
            return fmt::format("the program was ended by signal {}", result.signal);
        case RunStatus::sandbox_error:
            return result.reason;
    }
    return {};
}

int report_error(const Error& error, const ExecOptions& options, std::ostream& out, std::ostream& err) {
    const std::string text = error.remedy.empty() ? error.message : fmt::format("{}; {}", error.message, error.remedy);
    err << "edgecoder: " << text << '\n';
    if (options.json) {
        RunResult none;
        none.reason = text;
        out << json::write(json::Value(to_json(none))) << '\n';
    }
    return error.code == ErrorCode::cancelled ? kInterruptedStatus : exit_status(error.code);
}

void tell_changes(const RunResult& result, const ExecOptions& options, std::ostream& err) {
    if (result.changes.empty() || options.apply) return;
    constexpr std::size_t kShown = 10;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(kShown, result.changes.size()); ++i) names.push_back(result.changes[i].path);
    err << fmt::format(
        "edgecoder: not kept (use --apply): {}{}\n", join(names, ", "),
        result.changes.size() > kShown ? fmt::format(" and {} more", result.changes.size() - kShown) : std::string{});
}

}  // namespace

int run_exec(const ExecOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    std::unique_ptr<ProxyGate> gate;
    if (!options.allow_hosts.empty()) {
        auto opened = ProxyGate::open(options.allow_hosts, "exec", data_dir());
        if (!opened) return report_error(opened.error(), options, out, err);
        gate = *std::move(opened);
    }
    executor::SandboxOptions sandbox_options;
    sandbox_options.workspace = options.directory;
    sandbox_options.box = options.box;
    sandbox_options.network = gate.get();
    const auto sandbox = executor::open_sandbox(sandbox_options);
    if (!sandbox) return report_error(sandbox.error(), options, out, err);
    const auto spec = spec_for(options, (*sandbox)->workspace());
    if (!spec) return report_error(spec.error(), options, out, err);
    const auto ran = (*sandbox)->run(*spec, stop);
    if (!ran) return report_error(ran.error(), options, out, err);
    const RunResult& result = *ran;

    json::Object document = to_json(result);
    const int status = result.ok() ? 0 : result.status == RunStatus::sandbox_error ? 3 : 1;
    if (!options.json) {
        out << result.out << std::flush;
        err << result.err << std::flush;
        tell_changes(result, options, err);
    }
    if (!result.ok()) err << "edgecoder: " << sentence(result, options) << '\n';
    if (options.apply && result.ok()) {
        const auto applied = executor::apply_changes((*sandbox)->workspace(), result.changes);
        if (!applied) return report_error(applied.error(), options, out, err);
        json::Array refused;
        for (const std::string& path : applied->refused) {
            refused.emplace_back(path);
            err << fmt::format("edgecoder: {} was not written: a run may not change it\n", path);
        }
        document["applied"] = true;
        document["refused"] = std::move(refused);
    }
    if (options.json) out << json::write(json::Value(std::move(document))) << '\n';
    return status;
}

}  // namespace ec::apps
