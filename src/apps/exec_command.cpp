#include "exec_command.hpp"

#include <fmt/format.h>

#include <algorithm>
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
#include "policy_files.hpp"
#include "reduced_consent.hpp"
#include "terminal.hpp"

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
    spec.argv = {std::string(interpreter), "-"};
    if (options.program) {
        spec.stdin_text = *options.program;
        return spec;
    }
    const std::string& source = options.words.front();
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
    if (options.words.empty() && !options.program) {
        return fail(ErrorCode::invalid_argument,
                    "name one program: a file, - for standard input, or a command after --");
    }
    const std::string first = options.program ? "-" : options.words.front();
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

// What a person asks for in so many words is refused rather than lessened.
Status within(const executor::SandboxPolicy& policy, std::string_view option, std::string_view unit, double wanted,
              const executor::LimitRule& rule, std::string_view field) {
    if (!rule.ceiling || wanted <= static_cast<double>(*rule.ceiling)) return {};
    const std::string name = policy.called(field);
    const std::string origin = policy.origins.of(field);
    const std::string place = origin.empty() || origin == name ? std::string{} : fmt::format(" ({})", origin);
    return fail(ErrorCode::invalid_argument, fmt::format("{} {} is more than the {} {} that the policy {} allows{}",
                                                         option, wanted, *rule.ceiling, unit, name, place));
}

Result<executor::Limits> limits_for(const ExecOptions& options, const executor::SandboxPolicy& policy) {
    executor::Limits limits = executor::standard_limits(policy);
    const executor::LimitRules& rules = policy.limits;
    if (options.timeout_seconds) {
        const double seconds = *options.timeout_seconds;
        if (!(seconds > 0) || seconds > kLongestTimeout) {
            return fail(ErrorCode::invalid_argument, "the timeout must be more than 0 and at most 86400 seconds");
        }
        EC_TRY(within(policy, "--timeout", "seconds", seconds, rules.wall_seconds, "limits.wall_seconds.ceiling"));
        limits.wall = std::chrono::milliseconds(std::llround(std::ceil(seconds * 1000)));
        if (!rules.cpu_seconds.standard) limits.cpu = limits.wall;
    }
    if (options.memory_mb) {
        const std::uint64_t mb = *options.memory_mb;
        if (mb < kLeastMemoryMb || mb > kMostMemoryMb) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("the memory must be between {} and {} MB", kLeastMemoryMb, kMostMemoryMb));
        }
        EC_TRY(within(policy, "--memory", "MB", static_cast<double>(mb), rules.memory_mb, "limits.memory_mb.ceiling"));
        limits.memory_bytes = mb << 20;
    }
    if (options.kept_output_bytes) limits.kept_output_bytes = *options.kept_output_bytes;
    return executor::clamp(policy, limits);
}

// Whom a run may reach: what the policy lists, or those of it that a person names; without a policy, whom they name.
Result<std::vector<std::string>> allowed_hosts(const ExecOptions& options, const executor::SandboxPolicy& policy) {
    if (options.offline) return std::vector<std::string>();
    if (!policy.network) return options.allow_hosts;
    for (const std::string& host : options.allow_hosts) {
        if (!policy_lists(policy, host)) {
            return fail(ErrorCode::invalid_argument, fmt::format("--allow-host {}: the policy {} does not list it",
                                                                 host, policy.called("network.allow")));
        }
    }
    if (!options.allow_hosts.empty()) return options.allow_hosts;
    std::vector<std::string> listed;
    for (const executor::HostRule& rule : policy.network->allow) listed.push_back(rule.text());
    return listed;
}

Result<RunSpec> spec_for(const ExecOptions& options, const executor::SandboxPolicy& policy,
                         const std::filesystem::path& workspace, bool network) {
    EC_ASSIGN(const executor::Limits limits, limits_for(options, policy));
    if (!options.approved.empty() && !options.apply) {
        return fail(ErrorCode::invalid_argument, "--approve means something only together with --apply");
    }
    EC_TRY(executor::check_approvals(options.approved));
    if (options.apply) EC_TRY(undo_dir());
    EC_ASSIGN(RunSpec spec, program_spec(options, workspace));
    spec.limits = limits;
    spec.directory = options.below;
    spec.collect_change_contents = options.apply;
    spec.network = network;
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
    object["isolation"] = result.isolation;
    json::Array notes;
    for (const std::string& note : result.notes) notes.emplace_back(note);
    object["notes"] = std::move(notes);
    object["changes"] = std::move(changes);
    if (result.changes_cut) object["changes_cut"] = true;
    if (!result.reason.empty()) object["reason"] = result.reason;
    return object;
}

double in_seconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

std::string sentence(const RunResult& result, const executor::Limits& limits) {
    switch (result.status) {
        case RunStatus::ok:
            return {};
        case RunStatus::failed:
            return fmt::format("the program ended with exit code {}", result.exit_code);
        case RunStatus::timeout:
            return fmt::format("stopped: it ran longer than {} seconds", in_seconds(limits.wall));
        case RunStatus::cpu:
            return fmt::format("stopped: it used more than {} seconds of processor time", in_seconds(limits.cpu));
        case RunStatus::memory:
            return fmt::format("stopped: it used more than {} MB of memory", limits.memory_bytes >> 20);
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
    err << "edgecoder: " << printable(text) << '\n';
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

std::string sentence(const executor::Refusal& refusal) {
    const std::string path = printable(refusal.path);
    switch (refusal.why) {
        case executor::Refusal::Why::guarded:
            return fmt::format("{} was not written: a run may not change it; to allow it add --approve {}", path,
                               shell_quote(refusal.path));
        case executor::Refusal::Why::behind:
            return fmt::format("{} was not written: a guarded name of the project leads there", path);
        case executor::Refusal::Why::leads_out:
            return fmt::format("{} was not written: a link that leads out of the project", path);
        case executor::Refusal::Why::too_large:
            return fmt::format("{} was not written: it is larger than the room for new files", path);
        case executor::Refusal::Why::name:
            return fmt::format("{} was not written: its name is no plain text", path);
        case executor::Refusal::Why::special:
            return fmt::format("{} was not written: a device, socket or FIFO stands there", path);
    }
    return path;
}

// Adds the keys `applied` and `refused`, and `reason` when nothing could be written; returns the exit status.
int apply(const RunResult& result, const std::filesystem::path& workspace, const ExecOptions& options,
          json::Object& document, std::ostream& err) {
    executor::ApplyOptions apply_options;
    apply_options.undo_dir = data_dir() / "undo";
    apply_options.approved = options.approved;
    apply_options.started_ns = result.started_ns;
    const auto applied = executor::apply_changes(workspace, result.changes, apply_options);
    json::Array refused;
    if (!applied) {
        const Error& error = applied.error();
        const std::string text =
            printable(error.remedy.empty() ? error.message : fmt::format("{}; {}", error.message, error.remedy));
        err << "edgecoder: " << text << '\n';
        document["applied"] = false;
        document["reason"] = text;
        document["refused"] = std::move(refused);
        return exit_status(error.code);
    }
    for (const executor::Refusal& refusal : applied->refused) {
        refused.emplace_back(refusal.path);
        err << "edgecoder: " << sentence(refusal) << '\n';
    }
    if (!applied->written.empty() && !options.json) {
        err << fmt::format("edgecoder: {} written; edgecoder undo takes it back\n",
                           applied->written.size() == 1 ? "1 file" : fmt::format("{} files", applied->written.size()));
    }
    document["applied"] = true;
    document["refused"] = std::move(refused);
    return 0;
}

}  // namespace

int run_exec(const ExecOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    const auto policy = effective_policy(options.directory);
    if (!policy) return report_error(policy.error(), options, out, err);
    const auto hosts = allowed_hosts(options, *policy);
    if (!hosts) return report_error(hosts.error(), options, out, err);
    std::unique_ptr<ProxyGate> gate;
    if (!hosts->empty()) {
        auto opened = ProxyGate::open(*hosts, "exec", data_dir());
        if (!opened) return report_error(opened.error(), options, out, err);
        gate = *std::move(opened);
    }
    executor::SandboxOptions sandbox_options;
    sandbox_options.workspace = options.directory;
    sandbox_options.box = options.box;
    if (hosts->empty()) sandbox_options.early = options.early;
    sandbox_options.policy = *policy;
    sandbox_options.reduced_consent = consent_under(*policy);
    if (options.apply) sandbox_options.private_folder = consent_folder();
    sandbox_options.network = gate.get();
    const auto sandbox = executor::open_sandbox(sandbox_options);
    if (!sandbox) return report_error(sandbox.error(), options, out, err);
    const auto spec = spec_for(options, *policy, (*sandbox)->workspace(), gate != nullptr);
    if (!spec) return report_error(spec.error(), options, out, err);
    const auto ran = (*sandbox)->run(*spec, stop);
    if (!ran) return report_error(ran.error(), options, out, err);
    const RunResult& result = *ran;

    json::Object document = to_json(result);
    int status = result.ok() ? 0 : result.status == RunStatus::sandbox_error ? 3 : 1;
    if (!options.json) {
        out << result.out << std::flush;
        err << result.err << std::flush;
        tell_changes(result, options, err);
    }
    if (result.isolation == "reduced") err << "edgecoder: " << kReducedSentence << '\n';
    if (!result.ok()) err << "edgecoder: " << sentence(result, spec->limits) << '\n';
    if (options.apply && result.ok() && result.changes_cut) {
        return report_error(
            {ErrorCode::too_large, "the program changed more files than can be kept; nothing was written", {}}, options,
            out, err);
    }
    if (options.apply && result.ok()) status = apply(result, (*sandbox)->workspace(), options, document, err);
    if (options.json) out << json::write(json::Value(std::move(document))) << '\n';
    return status;
}

}  // namespace ec::apps
