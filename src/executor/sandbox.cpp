#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>
#include <optional>
#include <random>

#include "box_process.hpp"
#include "layout.hpp"
#include "machine.hpp"
#include "memory_group.hpp"
#include "session.hpp"
#include "staged_copy.hpp"
#include "stop_wake.hpp"
#include "verdict.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

// How long the box may take to end the sandbox and report, beyond the program's own limit.
constexpr std::chrono::seconds kReportGrace{20};

std::uint64_t wall_clock_ns() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

class BoxedSandbox final : public Sandbox {
public:
    BoxedSandbox(fs::path box, Layout layout)
        : box_(std::move(box)),
          layout_(std::move(layout)),
          groups_(std::make_shared<MemoryGroups>()),
          staged_(layout_.workspace.path, layout_.drop_uid),
          use_staged_(layout_.privileged && !layout_.workspace.idmap) {
        const bool group = groups_->kind() != MemoryGroups::Kind::none;
        isolation_.tier = group ? "A+" : "A";
        isolation_.memory_limit = groups_->kind() == MemoryGroups::Kind::v2   ? "cgroup-v2"
                                  : groups_->kind() == MemoryGroups::Kind::v1 ? "cgroup-v1"
                                                                              : "soft";
        isolation_.landlock = landlock_abi() > 0;
        isolation_.seccomp = true;
        isolation_.overlay = true;
        if (!group)
            isolation_.notes.emplace_back("no memory control group: memory is watched every 10 ms instead of capped");
        if (!isolation_.landlock) isolation_.notes.emplace_back("no Landlock: writes are confined by mounts alone");
        if (use_staged_)
            isolation_.notes.emplace_back("no idmapped mounts here: the sandbox sees a copy of the workspace");
    }

    Result<RunResult> run(const RunSpec& spec, std::stop_token stop) override {
        for (int attempt = 0;; ++attempt) {
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
            reaper_.collect();
            const std::uint64_t started_ns = wall_clock_ns();
            EC_ASSIGN(Prepared prepared, prepare(spec, false));
            if (prepared.trouble) return sandbox_error(*prepared.trouble, prepared.tier);
            auto started = BoxProcess::start(box_, prepared.spec, spec);
            if (!started) return sandbox_error(started.error(), prepared.tier);
            BoxProcess process = std::move(*started);
            groups_->sweep();
            wait(process, spec, stop);
            const MemoryUse memory = prepared.group ? prepared.group->use() : MemoryUse{};
            Ending ending = process.let_go();
            ending.group = std::move(prepared.group);
            reaper_.add(std::move(ending));
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
            if (attempt < kFallbacks && fall_back(process)) continue;
            RunResult result = conclude(process, spec, memory, prepared.tier);
            result.started_ns = started_ns;
            if (prepared.originals) name_originals(result.changes, *prepared.originals);
            return result;
        }
    }

    Result<std::unique_ptr<Session>> open(const RunSpec& spec) override {
        for (int attempt = 0;; ++attempt) {
            EC_ASSIGN(Prepared prepared, prepare(spec, true));
            if (prepared.trouble) return fail(*prepared.trouble);
            EC_ASSIGN(BoxProcess process, BoxProcess::start(box_, prepared.spec, spec));
            groups_->sweep();
            const auto deadline = SteadyClock::now() + kReportGrace;
            while (!process.ended() && !process.report().ready && SteadyClock::now() < deadline) {
                process.pump(std::chrono::milliseconds(500));
            }
            if (attempt < kFallbacks && fall_back(process)) continue;
            if (process.report().setup_error) return fail(explain(*process.report().setup_error));
            if (!process.report().ready) return fail(ErrorCode::unavailable, "the sandbox did not start in time");
            return open_session(std::move(process), spec, std::move(prepared.group), prepared.tier);
        }
    }

    [[nodiscard]] const Isolation& isolation() const override { return isolation_; }
    [[nodiscard]] const fs::path& workspace() const override { return layout_.workspace.path; }

private:
    // Each thing that a machine may lack although it looked as if it had it, tried once.
    static constexpr int kFallbacks = 2;

    struct Prepared {
        std::optional<MemoryGroups::Lease> group;
        box::Spec spec;
        std::string tier;
        std::shared_ptr<const StagedCopy::Originals> originals;  ///< when the sandbox sees a copy
        std::optional<Error> trouble;                            ///< of the machine, not of the caller's words
    };

    Result<Prepared> prepare(const RunSpec& run, bool session) {
        Prepared prepared;
        Layout layout = layout_;
        if (use_staged_) {
            if (Status status = staged_.refresh(); !status) prepared.trouble = status.error();
            layout.workspace.lower = staged_.tree();
            layout.workspace.idmap = false;
            layout.workspace.bound = staged_.bound();
            prepared.originals = staged_.originals();
        }
        EC_ASSIGN(prepared.spec, compose(layout, run, session));
        if (use_groups_) {
            if (auto lease = groups_->acquire(run.limits.memory_bytes)) prepared.group.emplace(std::move(*lease));
        }
        prepared.spec.soft_memory = !prepared.group;
        prepared.spec.cgroup_v2 = groups_->kind() == MemoryGroups::Kind::v2;
        if (prepared.group) prepared.spec.cgroup = prepared.group->path().string();
        prepared.tier = prepared.group ? "A+" : "A";
        return prepared;
    }

    // The box saw the copy; what may be replaced later is the file it was made from.
    static void name_originals(std::vector<Change>& changes, const StagedCopy::Originals& originals) {
        for (Change& change : changes) {
            const auto original = originals.find(change.path);
            change.before = original == originals.end() ? FileIdentity{} : original->second;
        }
    }

    // True when what failed can be done without, and from now on is.
    bool fall_back(const BoxProcess& process) {
        const auto& error = process.report().setup_error;
        if (!error) return false;
        if (error->step == "idmap") return !use_staged_.exchange(true);
        if (error->step == "cgroup") return use_groups_.exchange(false);
        return false;
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
    std::shared_ptr<MemoryGroups> groups_;
    Reaper reaper_;
    StagedCopy staged_;
    std::atomic<bool> use_staged_;
    std::atomic<bool> use_groups_{true};
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

bool holds_a_home(const fs::path& real) {
    if (real == "/root" || real.parent_path() == "/home") return true;
    const char* home = std::getenv("HOME");
    std::error_code error;
    fs::path at = home == nullptr ? fs::path{} : fs::canonical(home, error);
    if (error) return false;
    for (; at.has_relative_path(); at = at.parent_path()) {
        if (at == real) return true;
    }
    return false;
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
    if (holds_a_home(real)) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} is or holds a home directory", real.string()),
                    "name a project below it");
    }
    for (const char* system : {"/", "/home", "/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/dev",
                               "/proc", "/run", "/sys", "/tmp", "/var", "/opt"}) {
        if (real == system) {
            return fail(ErrorCode::invalid_argument, fmt::format("{} is not a project directory", real.string()),
                        "name a project below it");
        }
    }
    for (const char* system : {"/proc/", "/sys/", "/dev/", "/run/edgecoder/"}) {
        if (real.string().starts_with(system) && !real.string().starts_with("/dev/shm/")) {
            return fail(ErrorCode::invalid_argument, fmt::format("{} is not a project directory", real.string()));
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
    layout.workspace = {workspace, workspace, info.st_uid, info.st_gid, false, {}};
    layout.toolchains = discover_toolchains(workspace, options.read_only, options.environment_names);
    const std::optional<uid_t> drop = ::geteuid() == 0 ? payload_uid() : std::nullopt;
    layout.privileged = drop.has_value();
    layout.drop_uid = drop.value_or(0);
    layout.workspace.idmap = layout.privileged && may_idmap(workspace);
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
