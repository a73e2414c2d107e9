#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>
#include <optional>
#include <random>

#include "box_process.hpp"
#include "layout.hpp"
#include "session.hpp"
#include "stop_wake.hpp"
#include "verdict.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

// Not a uid of any distribution or of systemd: 1879048192 to 2147483647 are unassigned (systemd's UIDS-GIDS.md).
constexpr uid_t kPayloadUid = 1'900'000'000;
// How long the box may take to end the sandbox and report, beyond the program's own limit.
constexpr std::chrono::seconds kReportGrace{20};

class BoxedSandbox final : public Sandbox {
public:
    BoxedSandbox(fs::path box, Layout layout) : box_(std::move(box)), layout_(std::move(layout)) {
        isolation_.tier = "A";
        isolation_.memory_limit = "soft";
        isolation_.landlock = true;
        isolation_.seccomp = true;
        isolation_.overlay = true;
    }

    Result<RunResult> run(const RunSpec& spec, std::stop_token stop) override {
        EC_ASSIGN(const box::Spec composed, compose(layout_, spec, false));
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
        auto started = BoxProcess::start(box_, composed, spec);
        if (!started) return sandbox_error(started.error());
        BoxProcess process = std::move(*started);
        wait(process, spec, stop);
        process.close();
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
        return conclude(process, spec, {});
    }

    Result<std::unique_ptr<Session>> open(const RunSpec& spec) override {
        EC_ASSIGN(const box::Spec composed, compose(layout_, spec, true));
        EC_ASSIGN(BoxProcess process, BoxProcess::start(box_, composed, spec));
        return open_session(std::move(process), spec);
    }

    [[nodiscard]] const Isolation& isolation() const override { return isolation_; }
    [[nodiscard]] const fs::path& workspace() const override { return layout_.workspace.path; }

private:
    static RunResult sandbox_error(const Error& error) {
        RunResult result;
        result.reason = error.remedy.empty() ? error.message : fmt::format("{}; {}", error.message, error.remedy);
        return result;
    }

    static void wait(BoxProcess& process, const RunSpec& spec, const std::stop_token& stop) {
        const StopWake wake(stop);
        std::optional<SteadyClock::time_point> deadline;
        if (spec.limits.wall.count() > 0) deadline = SteadyClock::now() + spec.limits.wall + kReportGrace;
        while (!process.ended()) {
            process.pump(std::chrono::milliseconds(500), wake.fd());
            // A cancelled run's report is of no use to anybody.
            if (stop.stop_requested() || (deadline && SteadyClock::now() > *deadline)) process.kill();
        }
    }

    fs::path box_;
    Layout layout_;
    Isolation isolation_;
};

Result<fs::path> find_box(const fs::path& wanted) {
    std::error_code error;
    if (!wanted.empty()) {
        if (fs::exists(wanted, error)) return fs::absolute(wanted);
        return fail(ErrorCode::unavailable, fmt::format("there is no edgecoder-box at {}", wanted.string()),
                    "build or install edgecoder-box");
    }
    EC_ASSIGN(const fs::path dir, executable_dir());
    for (const fs::path& candidate : {dir / "edgecoder-box", dir.parent_path() / "bin" / "edgecoder-box"}) {
        if (fs::exists(candidate, error)) return candidate;
    }
    return fail(ErrorCode::unavailable, fmt::format("there is no edgecoder-box beside the program in {}", dir.string()),
                "build or install edgecoder-box");
}

Result<fs::path> check_workspace(const fs::path& wanted) {
    std::error_code error;
    const fs::path absolute = fs::absolute(wanted, error);
    struct stat info{};
    if (wanted.empty() || ::stat(absolute.c_str(), &info) != 0) {
        return fail(ErrorCode::not_found, fmt::format("there is no directory {}", wanted.string()));
    }
    if (!S_ISDIR(info.st_mode))
        return fail(ErrorCode::invalid_argument, fmt::format("{} is not a directory", wanted.string()));
    const fs::path real = fs::canonical(absolute, error);
    if (error) return fail(from_errno(fmt::format("cannot resolve {}", wanted.string()), error.value()));
    const char* home = std::getenv("HOME");
    const bool is_home = (home != nullptr && *home != '\0' && fs::equivalent(real, home, error)) || real == "/root" ||
                         real.parent_path() == "/home";
    if (is_home)
        return fail(ErrorCode::denied, fmt::format("{} is a home directory", real.string()), "name a project below it");
    for (const char* system : {"/", "/home", "/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/dev",
                               "/proc", "/run", "/sys", "/tmp", "/var", "/opt"}) {
        if (real == system) {
            return fail(ErrorCode::denied, fmt::format("{} is not a project directory", real.string()),
                        "name a project below it");
        }
    }
    for (const char* system : {"/proc/", "/sys/", "/dev/", "/run/edgecoder/"}) {
        if (real.string().starts_with(system) && !real.string().starts_with("/dev/shm/")) {
            return fail(ErrorCode::denied, fmt::format("{} is not a project directory", real.string()));
        }
    }
    return real;
}

}  // namespace

std::string_view name(RunStatus status) {
    constexpr std::array<std::string_view, 10> kNames = {"ok",   "failed", "timeout", "cpu",    "memory",
                                                         "pids", "output", "disk",    "signal", "sandbox_error"};
    return kNames[static_cast<std::size_t>(status)];
}

std::string artifact_dir() {
    std::random_device random;
    std::string text = "/run/edgecoder/";
    for (int i = 0; i < 4; ++i) text += fmt::format("{:08x}", random());
    return text;
}

Result<std::unique_ptr<Sandbox>> open_sandbox(const SandboxOptions& options) {
    EC_ASSIGN(const fs::path workspace, check_workspace(options.workspace));
    EC_ASSIGN(fs::path box, find_box(options.box));
    struct stat info{};
    if (::stat(workspace.c_str(), &info) != 0)
        return fail(from_errno(fmt::format("cannot stat {}", workspace.string()), errno));
    Layout layout;
    layout.workspace = {workspace, workspace, info.st_uid, info.st_gid, false};
    layout.toolchains = discover_toolchains(workspace, options.read_only, options.environment_names);
    layout.privileged = ::geteuid() == 0;
    layout.drop_uid = kPayloadUid;
    layout.workspace.idmap = layout.privileged;
    return std::make_unique<BoxedSandbox>(std::move(box), std::move(layout));
}

Result<Isolation> probe_isolation(const std::filesystem::path& box) {
    EC_ASSIGN(const TempDir dir, TempDir::create());
    SandboxOptions options;
    options.workspace = dir.path();
    options.box = box;
    EC_ASSIGN(const std::unique_ptr<Sandbox> sandbox, open_sandbox(options));
    RunSpec spec;
    spec.argv = {"/bin/true"};
    EC_ASSIGN(const RunResult result, sandbox->run(spec));
    if (!result.ok()) return fail(ErrorCode::unavailable, result.reason.empty() ? "a trial run failed" : result.reason);
    return sandbox->isolation();
}

}  // namespace ec::executor
