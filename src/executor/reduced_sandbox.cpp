#include "reduced_sandbox.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <optional>

#include "box_process.hpp"
#include "machine.hpp"
#include "machine_facts.hpp"
#include "reduced_workspace.hpp"
#include "session.hpp"
#include "stop_wake.hpp"
#include "verdict.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

// The first version that keeps signals and abstract sockets in.
constexpr int kLandlockAlone = 6;
constexpr std::chrono::seconds kReportGrace{20};
constexpr std::chrono::milliseconds kDiskLook{250};
// Beside the room for new files: /tmp, /dev/shm and the artifact folder of the other tiers.
constexpr std::uint64_t kScratch = 128ULL << 20;
constexpr std::string_view kTier = "C";

ReducedPaths paths_of(const ReducedWorkspace& workspace) {
    return {workspace.tree().string(), workspace.temporary().string(), workspace.support().string(),
            workspace.artifact_folder().string(), workspace.shared()};
}

// Between the paths that the caller knows and those of one run's private folder.
class Paths {
public:
    Paths(std::string root, const RunSpec& run, ReducedPaths inside)
        : root_(std::move(root)), artifact_dir_(run.artifact_dir), inside_(std::move(inside)) {}

    std::string in(std::string text) const {
        if (!artifact_dir_.empty()) text = moved_paths(std::move(text), artifact_dir_, inside_.artifacts);
        text = moved_paths(std::move(text), std::string(kSupportDir), inside_.support);
        return moved_paths(std::move(text), root_, inside_.tree);
    }
    std::string out(std::string text) const {
        if (!artifact_dir_.empty()) text = moved_paths(std::move(text), inside_.artifacts, artifact_dir_);
        text = moved_paths(std::move(text), inside_.support, std::string(kSupportDir));
        return moved_paths(std::move(text), inside_.tree, root_);
    }

private:
    std::string root_;
    std::string artifact_dir_;
    ReducedPaths inside_;
};

struct Prepared {
    std::unique_ptr<ReducedWorkspace> workspace;
    std::optional<MemoryGroups::Lease> group;
    box::Spec spec;
    std::optional<Paths> paths;
};

void complete(RunResult& result, const RunSpec& run, const Prepared& prepared, const std::vector<std::string>& notes) {
    result.isolation = "reduced";
    result.notes = notes;
    result.out = prepared.paths->out(std::move(result.out));
    result.err = prepared.paths->out(std::move(result.err));
    if (result.status == RunStatus::sandbox_error) return;
    for (auto& [name, content] : prepared.workspace->artifacts()) {
        result.artifacts.insert_or_assign(name, prepared.paths->out(std::move(content)));
    }
    result.started_ns = prepared.workspace->started_ns();
    if (run.collect_changes)
        result.changes = prepared.workspace->changes(run.collect_change_contents, run.limits.new_file_bytes);
}

class ReducedSession final : public Session {
public:
    ReducedSession(Prepared prepared, RunSpec run, std::unique_ptr<Session> inner, std::vector<std::string> notes)
        : prepared_(std::move(prepared)), run_(std::move(run)), inner_(std::move(inner)), notes_(std::move(notes)) {}
    ~ReducedSession() override { inner_.reset(); }

    Status send(std::string_view frame) override { return inner_->send(prepared_.paths->in(std::string(frame))); }

    Result<std::string> receive(std::chrono::milliseconds deadline, std::stop_token stop) override {
        const auto until = SteadyClock::now() + deadline;
        for (;;) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
            auto frame = inner_->receive(std::clamp(left, std::chrono::milliseconds(0), kDiskLook), stop);
            if (frame) return prepared_.paths->out(std::move(*frame));
            if (frame.error().code != ErrorCode::timeout || left <= kDiskLook) return fail(frame.error());
            if (!prepared_.workspace->full(run_.limits.new_file_bytes + kScratch)) continue;
            inner_->finish(std::chrono::milliseconds(0));
            return fail(ErrorCode::io, "the program filled more than its room for files");
        }
    }

    RunResult finish(std::chrono::milliseconds grace) override {
        if (!result_) {
            result_ = inner_->finish(grace);
            complete(*result_, run_, prepared_, notes_);
        }
        return *result_;
    }

private:
    Prepared prepared_;
    RunSpec run_;
    std::unique_ptr<Session> inner_;
    std::vector<std::string> notes_;
    std::optional<RunResult> result_;
};

class ReducedSandbox final : public Sandbox {
public:
    ReducedSandbox(fs::path box, Layout layout, std::shared_ptr<MemoryGroups> groups)
        : box_(std::move(box)), layout_(std::move(layout)), groups_(std::move(groups)) {
        notes_.emplace_back("isolation is reduced (tier C): no namespaces; docs/sandbox.md says what that leaves open");
        for (std::string& note : machine_notes(look_at_machine())) notes_.push_back(std::move(note));
    }

    Result<RunResult> run(const RunSpec& run, std::stop_token stop) override {
        EC_TRY(check_run(run));
        for (;;) {
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
            auto prepared = prepare(run, false);
            if (!prepared) return sandbox_error(prepared.error(), kTier);
            auto started = BoxProcess::start(box_, prepared->spec, run, {});
            if (!started) return sandbox_error(started.error(), kTier);
            BoxProcess process = std::move(*started);
            groups_->sweep();
            wait(process, run, *prepared->workspace, stop);
            const MemoryUse memory = prepared->group ? prepared->group->use() : MemoryUse{};
            process.close();
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
            if (fall_back(process)) continue;
            RunResult result = conclude(process, run, memory, kTier);
            complete(result, run, *prepared, notes());
            return result;
        }
    }

    Result<std::unique_ptr<Session>> open(const RunSpec& run) override {
        EC_TRY(check_run(run));
        for (;;) {
            EC_ASSIGN(Prepared prepared, prepare(run, true));
            EC_ASSIGN(BoxProcess process, BoxProcess::start(box_, prepared.spec, run, {}));
            groups_->sweep();
            const auto deadline = SteadyClock::now() + kReportGrace;
            while (!process.ended() && !process.report().ready && SteadyClock::now() < deadline) {
                process.pump(std::chrono::milliseconds(500));
            }
            if (fall_back(process)) continue;
            if (process.report().setup_error) return fail(explain(*process.report().setup_error));
            if (!process.report().ready) return fail(ErrorCode::unavailable, "the sandbox did not start in time");
            auto inner = open_session(std::move(process), run, {}, std::move(prepared.group), std::string(kTier));
            prepared.group.reset();
            return std::make_unique<ReducedSession>(std::move(prepared), run, std::move(inner), notes());
        }
    }

    [[nodiscard]] Isolation isolation() const override {
        Isolation isolation;
        isolation.tier = kTier;
        isolation.isolation = "reduced";
        isolation.memory_limit = use_groups_ ? groups_->name() : "soft";
        isolation.landlock = true;
        isolation.seccomp = true;
        isolation.notes = notes();
        return isolation;
    }
    [[nodiscard]] const fs::path& workspace() const override { return layout_.workspace.path; }

private:
    Result<Prepared> prepare(const RunSpec& run, bool session) {
        Prepared prepared;
        const auto owner = layout_.privileged ? std::optional(layout_.drop_uid) : std::nullopt;
        EC_ASSIGN(prepared.workspace, ReducedWorkspace::create(layout_.workspace.path, run, owner));
        const ReducedPaths inside = paths_of(*prepared.workspace);
        EC_ASSIGN(prepared.spec, compose_reduced(layout_, run, session, inside));
        prepared.paths.emplace(layout_.workspace.path.string(), run, inside);
        prepared.spec.user_processes = tasks_of(owner.value_or(::geteuid()));
        if (use_groups_) {
            if (auto lease = groups_->acquire(run.limits.memory_bytes, prepared.spec.processes))
                prepared.group.emplace(std::move(*lease));
        }
        prepared.spec.soft_memory = !prepared.group;
        prepared.spec.cgroup_v2 = groups_->kind() == MemoryGroups::Kind::v2;
        if (prepared.group) prepared.spec.cgroup = prepared.group->path().string();
        return prepared;
    }

    bool fall_back(const BoxProcess& process) {
        const auto& error = process.report().setup_error;
        return error && error->step == "cgroup" && use_groups_.exchange(false);
    }

    std::vector<std::string> notes() const {
        std::vector<std::string> notes = notes_;
        if (!use_groups_ || groups_->kind() == MemoryGroups::Kind::none)
            notes.emplace_back("no memory control group: memory is watched every 10 ms instead of capped");
        return notes;
    }

    // No tmpfs of limited size is to be had, so somebody has to look.
    static void wait(BoxProcess& process, const RunSpec& run, const ReducedWorkspace& workspace,
                     const std::stop_token& stop) {
        const StopWake wake(stop);
        std::optional<SteadyClock::time_point> deadline;
        if (run.limits.wall.count() > 0) deadline = SteadyClock::now() + run.limits.wall + kReportGrace;
        auto look = SteadyClock::now() + kDiskLook;
        while (!process.ended()) {
            process.pump(kDiskLook, wake.fd());
            const auto now = SteadyClock::now();
            if (stop.stop_requested() || (deadline && now > *deadline)) process.kill();
            if (now < look || process.ended()) continue;
            look = now + kDiskLook;
            if (workspace.full(run.limits.new_file_bytes + kScratch)) process.request_stop(box::Stop::disk);
        }
    }

    fs::path box_;
    Layout layout_;
    std::shared_ptr<MemoryGroups> groups_;
    std::atomic<bool> use_groups_{true};
    std::vector<std::string> notes_;
};

}  // namespace

bool reduced_possible() { return landlock_abi() >= kLandlockAlone; }

Result<std::unique_ptr<Sandbox>> open_reduced(fs::path box, Layout layout, std::shared_ptr<MemoryGroups> groups) {
    if (!reduced_possible()) {
        return fail(
            ErrorCode::unavailable,
            fmt::format("even reduced isolation (tier C) needs Landlock of version {}, and this kernel has {}",
                        kLandlockAlone, landlock_abi() == 0 ? "none" : fmt::format("version {}", landlock_abi())),
            "use Linux 6.12 or newer, or let edgecoder-box make namespaces");
    }
    return std::make_unique<ReducedSandbox>(std::move(box), std::move(layout), std::move(groups));
}

std::vector<std::string> reduced_gaps() {
    return {
        "a program can see that a file exists, its name, size and times, anywhere your user can (not what is in it)",
        "a program can see that other processes of yours exist by trying to signal them, though it cannot reach them",
        "the kernel is attacked directly: there is no second wall of namespaces behind the system-call filter",
        "disk space is watched four times a second instead of capped; files that are open but deleted are not seen",
        "memory is watched instead of capped, and processes are counted together with all others of your user",
        "chmod, chown, touch -t and extended attributes are refused, also in the copy of the project; /tmp, /dev/shm "
        "and /proc are closed",
        "when the supervisor itself is killed from outside, what a program left behind can live on within its limits",
    };
}

}  // namespace ec::executor
