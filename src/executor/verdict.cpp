#include "verdict.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "cause.hpp"

namespace ec::executor {
namespace {

RunStatus limit_status(box::Stop stop) {
    switch (stop) {
        case box::Stop::wall:
            return RunStatus::timeout;
        case box::Stop::output:
            return RunStatus::output;
        case box::Stop::memory:
            return RunStatus::memory;
        case box::Stop::pids:
            return RunStatus::pids;
        case box::Stop::disk:
            return RunStatus::disk;
        case box::Stop::cancelled:
        case box::Stop::none:
            break;
    }
    return RunStatus::signal;
}

RunStatus decide(const box::Summary& summary, const RunSpec& run, const MemoryUse& memory) {
    const int status = summary.wait_status;
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const int exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (summary.stop == box::Stop::wall && summary.pids_full) return RunStatus::pids;
    if (summary.stop != box::Stop::none) return limit_status(summary.stop);
    if (memory.out_of_memory) return RunStatus::memory;
    const auto cpu_limit = static_cast<std::uint64_t>(std::max<std::int64_t>(0, run.limits.cpu.count())) * 1000;
    const bool cpu_spent = cpu_limit > 0 && summary.cpu_us >= cpu_limit;
    if (signal == SIGXCPU || (signal == SIGKILL && cpu_spent)) return RunStatus::cpu;
    if (exit_code == 0) return RunStatus::ok;
    if (signal == SIGXFSZ || summary.disk_full) return RunStatus::disk;
    if (summary.pids_full) return RunStatus::pids;
    // A shell reports its child's end as 128 + signal.
    if ((exit_code == 128 + SIGXCPU || exit_code == 128 + SIGKILL) && cpu_spent) return RunStatus::cpu;
    if (exit_code == 128 + SIGXFSZ) return RunStatus::disk;
    return signal != 0 ? RunStatus::signal : RunStatus::failed;
}

std::string one_sentence(const Error& error) {
    return error.remedy.empty() ? error.message : fmt::format("{}; {}", error.message, error.remedy);
}

// A failure that does not speak against the machine.
Error explain_run(const SetupError& error) {
    const std::string why = std::strerror(error.error);
    if (error.step == "namespaces" || error.step == "network") {
        return Error{ErrorCode::unavailable,
                     fmt::format("no more namespaces or processes can be made just now ({})", why),
                     "wait until others are gone, or raise user.max_user_namespaces, its kin and ulimit -u"};
    }
    if (error.step == "landlock") {
        return Error{ErrorCode::unavailable,
                     fmt::format("Landlock of version 6 is needed to run without namespaces, and this kernel has {}",
                                 error.detail == "0" ? "none" : "version " + error.detail),
                     "use Linux 6.12 or newer, or let edgecoder-box make namespaces"};
    }
    if (error.step == "overlay") {
        return Error{ErrorCode::unavailable,
                     fmt::format("a copy-on-write view of {} cannot be made ({})", error.detail, why),
                     "use Linux 5.11 or newer with overlayfs, and keep the project on a local file system"};
    }
    if (error.step == "seccomp") {
        return Error{ErrorCode::unavailable, fmt::format("this kernel does not accept system-call filters ({})", why),
                     "use a kernel with CONFIG_SECCOMP_FILTER"};
    }
    if (error.step == "working directory") {
        return Error{ErrorCode::invalid_argument,
                     fmt::format("the working directory cannot be entered inside the sandbox ({})", why),
                     {}};
    }
    if (error.step == "edit") {
        return Error{
            ErrorCode::invalid_argument,
            fmt::format("{} cannot be edited: it is not a plain path in the workspace ({})", error.detail, why),
            {}};
    }
    return Error{ErrorCode::unavailable,
                 fmt::format("the sandbox could not be set up at {} {} ({})", error.step, error.detail, why),
                 {}};
}

}  // namespace

Error explain(const SetupError& error) {
    if (const auto cause = why_not_isolated(error, look_at_machine())) return *cause;
    return explain_run(error);
}

Error unreadable(const BoxReport& report) {
    return Error{
        ErrorCode::corrupt, fmt::format("the sandbox's report cannot be read: it holds {}", report.problem), {}};
}

RunResult sandbox_error(const Error& error, std::string_view tier) {
    RunResult result;
    result.tier = tier;
    result.isolation = "none";
    result.reason = one_sentence(error);
    return result;
}

RunResult conclude(BoxProcess& process, const RunSpec& run, const MemoryUse& memory, std::string_view tier) {
    RunResult result;
    BoxReport& report = process.report();
    result.out = process.out().text();
    result.err = process.err().text();
    result.stdout_bytes = process.out().total();
    result.stderr_bytes = process.err().total();
    result.truncated = process.out().truncated() || process.err().truncated();
    result.tier = tier;
    if (!report.problem.empty()) {
        result.reason = unreadable(report).message;
        return result;
    }
    if (report.setup_error) {
        result.cannot_isolate = why_not_isolated(*report.setup_error, look_at_machine());
        if (result.cannot_isolate) result.tier = "D";
        result.reason = one_sentence(result.cannot_isolate.value_or(explain_run(*report.setup_error)));
        return result;
    }
    if (!report.summary || !report.complete) {
        // The kernel frees a killed program's memory a moment after its last sign of life, and in between it may take
        // the supervisor as well. It was the program's memory all the same.
        if (memory.out_of_memory) {
            result.status = RunStatus::memory;
            result.peak_memory_bytes = memory.peak_bytes;
            return result;
        }
        result.reason = "the sandbox ended without a report";
        return result;
    }
    const box::Summary& summary = *report.summary;
    result.wall = std::chrono::milliseconds(summary.wall_us / 1000);
    result.cpu = std::chrono::milliseconds(summary.cpu_us / 1000);
    // The controller's peak counts cached files as well; it is the better figure only where it decided.
    result.peak_memory_bytes =
        memory.out_of_memory ? std::max(memory.peak_bytes, summary.peak_memory) : summary.peak_memory;
    result.changes = std::move(report.changes);
    result.changes_cut = report.changes_cut;
    result.artifacts = std::move(report.artifacts);
    if (report.exec_error) {
        // As a shell has it: 127 not found, 126 found and not runnable.
        result.status = RunStatus::failed;
        result.exit_code = *report.exec_error == ENOENT ? 127 : 126;
        result.err +=
            fmt::format("{}: {}\n", run.argv.front(),
                        *report.exec_error == ENOENT ? "not found in the sandbox" : std::strerror(*report.exec_error));
        result.stderr_bytes = std::max<std::uint64_t>(result.stderr_bytes, result.err.size());
        return result;
    }
    if (WIFEXITED(summary.wait_status)) result.exit_code = WEXITSTATUS(summary.wait_status);
    if (WIFSIGNALED(summary.wait_status)) result.signal = WTERMSIG(summary.wait_status);
    result.status = decide(summary, run, memory);
    return result;
}

}  // namespace ec::executor
