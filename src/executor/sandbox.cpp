#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>
#include <optional>

#include "box_process.hpp"
#include "layout.hpp"
#include "machine.hpp"
#include "memory_group.hpp"
#include "session.hpp"
#include "staged_copy.hpp"
#include "stop_wake.hpp"
#include "verdict.hpp"
#include "warm_pool.hpp"
#include "warm_program.hpp"
#include "workspace_check.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

// How long the box may take to end the sandbox and report, beyond the program's own limit.
constexpr std::chrono::seconds kReportGrace{20};
// What an interpreter says when it is up, see runner_support/ec_wait.py.
constexpr std::string_view kWaiting = "w";

// Started before it was known what to show in it. For the first run.
struct EarlyBox {
    std::optional<MemoryGroups::Lease> group;  // before the process: given back when the box is gone
    BoxProcess process;
};

void enter_group(const MemoryGroups& groups, box::Spec& spec, const std::optional<MemoryGroups::Lease>& group) {
    spec.soft_memory = !group;
    spec.cgroup_v2 = groups.kind() == MemoryGroups::Kind::v2;
    if (group) spec.cgroup = group->path().string();
}

// Nothing when it cannot be started: the run will say why.
std::optional<EarlyBox> start_early(const fs::path& box, const Layout& layout, MemoryGroups& groups) {
    box::Spec spec = compose_early(layout);
    auto group = groups.acquire(Limits{}.memory_bytes);
    enter_group(groups, spec, group);
    auto process = BoxProcess::start(box, spec, RunSpec{});
    if (!process) return std::nullopt;
    return EarlyBox{std::move(group), std::move(*process)};
}

class BoxedSandbox final : public Sandbox {
public:
    BoxedSandbox(fs::path box, Layout layout, std::shared_ptr<MemoryGroups> groups, std::optional<EarlyBox> early,
                 std::array<std::size_t, kInterpreters> warm)
        : box_(std::move(box)),
          layout_(std::move(layout)),
          groups_(std::move(groups)),
          early_(std::move(early)),
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
        if (std::ranges::any_of(warm, [](std::size_t count) { return count > 0; }) && can_wait(layout_))
            pool_.emplace(warm, [this](Interpreter interpreter) { return make_warm(interpreter); });
    }

    Result<RunResult> run(const RunSpec& spec, std::stop_token stop) override {
        const auto began = SteadyClock::now();
        if (pool_) {
            EC_ASSIGN(std::optional<RunResult> result, run_warm(spec, stop, began));
            if (result) return std::move(*result);
        }
        for (int attempt = 0;; ++attempt) {
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
            reaper_.collect();
            std::optional<EarlyBox> early = take_early(spec);
            EC_ASSIGN(Prepared prepared, prepare(spec, false, early));
            if (prepared.trouble) return sandbox_error(*prepared.trouble, prepared.tier);
            auto started =
                early ? Result<BoxProcess>(std::move(early->process)) : BoxProcess::start(box_, prepared.spec, spec);
            // One that could not take it has ended, and its report says why.
            if (early) static_cast<void>(started->hand_over(prepared.spec, spec));
            if (!started) return sandbox_error(started.error(), prepared.tier);
            BoxProcess process = std::move(*started);
            groups_->sweep();
            wait(process, spec, stop);
            const MemoryUse memory = hand_to_reaper(process, prepared.group);
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
            if (attempt < kFallbacks && fall_back(process)) continue;
            return concluded(process, spec, memory, prepared.tier, began);
        }
    }

    bool warm_up(std::chrono::milliseconds timeout) override { return !pool_ || pool_->fill(timeout); }

    Result<std::unique_ptr<Session>> open(const RunSpec& spec) override {
        for (int attempt = 0;; ++attempt) {
            std::optional<EarlyBox> none;
            EC_ASSIGN(Prepared prepared, prepare(spec, true, none));
            if (prepared.trouble) return fail(*prepared.trouble);
            EC_ASSIGN(BoxProcess process, BoxProcess::start(box_, prepared.spec, spec));
            groups_->sweep();
            const auto deadline = SteadyClock::now() + kReportGrace;
            while (!process.ended() && !process.report().ready && SteadyClock::now() < deadline) {
                process.pump(std::chrono::milliseconds(500));
            }
            if (attempt < kFallbacks && fall_back(process)) continue;
            if (!process.report().problem.empty()) return fail(unreadable(process.report()));
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
        std::optional<Error> trouble;  ///< of the machine, not of the caller's words
    };

    // The one that was started early is for a run that needs nothing else of its start than it has.
    std::optional<EarlyBox> take_early(const RunSpec& run) {
        if (early_taken_.exchange(true) || !early_) return std::nullopt;
        std::optional<EarlyBox> early(std::move(early_));
        early_.reset();
        const bool fits = run.stdin_text.empty() && !use_staged_;
        if (!fits || (early->group && !early->group->resize(run.limits.memory_bytes))) return std::nullopt;
        return early;
    }

    Result<Prepared> prepare(const RunSpec& run, bool session, std::optional<EarlyBox>& early) {
        Prepared prepared;
        Layout layout = layout_;
        if (use_staged_) {
            if (Status status = staged_.refresh(); !status) prepared.trouble = status.error();
            layout.workspace.lower = staged_.tree();
            layout.workspace.idmap = false;
            layout.workspace.bound = staged_.bound();
        }
        EC_ASSIGN(prepared.spec, compose(layout, run, session));
        if (early) {
            prepared.group = std::move(early->group);
        } else if (use_groups_) {
            prepared.group = groups_->acquire(run.limits.memory_bytes);
        }
        enter_group(*groups_, prepared.spec, prepared.group);
        prepared.tier = prepared.group ? "A+" : "A";
        return prepared;
    }

    // A sandbox for a run that is not known yet. In the pool's thread.
    Result<WarmBox> make_warm(Interpreter interpreter) {
        if (use_staged_) return fail(ErrorCode::unavailable, "a staged workspace is copied anew for every run");
        reaper_.collect();
        struct stat workspace{};
        if (::stat(layout_.workspace.path.c_str(), &workspace) != 0) return fail(from_errno("no workspace", errno));
        box::Spec spec = compose_warm(layout_, waiting_command(interpreter), waiting_support(interpreter));
        std::optional<MemoryGroups::Lease> group;
        if (use_groups_) group = groups_->acquire(Limits{}.memory_bytes);
        enter_group(*groups_, spec, group);
        EC_ASSIGN(BoxProcess process, BoxProcess::start(box_, spec, RunSpec{}));
        const auto deadline = SteadyClock::now() + kReportGrace;
        while (process.frames.waiting().empty() && !process.ended() && SteadyClock::now() < deadline)
            process.pump(std::chrono::milliseconds(500));
        if (process.frames.waiting() != kWaiting)
            return fail(ErrorCode::unavailable, "no interpreter waits in the sandbox");
        std::string tier = group ? "A+" : "A";
        return WarmBox{std::move(group), std::move(process), std::move(spec), std::move(tier), workspace.st_ino};
    }

    // Nothing when this run has to be started cold: unfit, none is ready, or what was ready is of no use any more.
    Result<std::optional<RunResult>> run_warm(const RunSpec& run, const std::stop_token& stop,
                                              SteadyClock::time_point began) {
        EC_ASSIGN(box::Spec second, compose_late(layout_, run));
        const auto program = warm_program(run, second.directory);
        std::error_code error;
        if (!program || !fs::is_directory(second.directory, error)) return std::nullopt;
        std::optional<WarmBox> taken = take_warm(program->interpreter);
        if (!taken || (taken->group && !taken->group->resize(run.limits.memory_bytes))) return std::nullopt;
        second.soft_memory = taken->spec.soft_memory;
        BoxProcess& process = taken->process;
        if (!process.hand_over(second, run)) return std::nullopt;
        const StopWake wake(stop);
        const auto deadline = began + kReportGrace;
        while (!process.report().handed && !process.ended() && !stop.stop_requested() && SteadyClock::now() < deadline)
            process.pump(std::chrono::milliseconds(500), wake.fd());
        if (!process.report().handed) return std::nullopt;
        box::Writer size;
        size.u32(static_cast<std::uint32_t>(program->request.size()));
        process.send(size.bytes());
        process.send(program->request);
        process.pump(std::chrono::milliseconds(0));
        wait(process, run, stop);
        const MemoryUse memory = hand_to_reaper(process, taken->group);
        reaper_.collect();
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
        RunResult result = concluded(process, run, memory, taken->tier, began);
        result.warm = true;
        return result;
    }

    std::optional<WarmBox> take_warm(Interpreter interpreter) {
        struct stat workspace{};
        if (::stat(layout_.workspace.path.c_str(), &workspace) != 0) return std::nullopt;
        for (;;) {
            std::optional<WarmBox> box = pool_->take(interpreter);
            // A folder that was removed and made again is not the one whose files a waiting sandbox would show.
            if (!box || (box->workspace_inode == workspace.st_ino && !box->process.ended())) return box;
        }
    }

    MemoryUse hand_to_reaper(BoxProcess& process, std::optional<MemoryGroups::Lease>& group) {
        const MemoryUse memory = group ? group->use() : MemoryUse{};
        Ending ending = process.let_go();
        ending.group = std::move(group);
        reaper_.add(std::move(ending));
        return memory;
    }

    static RunResult concluded(BoxProcess& process, const RunSpec& run, const MemoryUse& memory, std::string_view tier,
                               SteadyClock::time_point began) {
        RunResult result = conclude(process, run, memory, tier);
        if (process.first_output())
            result.first_output =
                std::chrono::duration_cast<std::chrono::microseconds>(*process.first_output() - began);
        return result;
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
    std::optional<EarlyBox> early_;
    std::atomic<bool> early_taken_{false};
    StagedCopy staged_;
    std::atomic<bool> use_staged_;
    std::atomic<bool> use_groups_{true};
    Isolation isolation_;
    std::optional<WarmPool> pool_;  // last: its thread uses all of the above
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

}  // namespace

Result<std::unique_ptr<Sandbox>> open_sandbox(const SandboxOptions& options) {
    EC_ASSIGN(const fs::path workspace, check_workspace(options.workspace));
    EC_ASSIGN(fs::path box, find_box(options.box));
    struct stat info{};
    if (::stat(workspace.c_str(), &info) != 0)
        return fail(from_errno(fmt::format("cannot stat {}", workspace.string()), errno));
    Layout layout;
    layout.workspace = {workspace, workspace, info.st_uid, info.st_gid, false, {}};
    const std::optional<uid_t> drop = ::geteuid() == 0 ? payload_uid() : std::nullopt;
    layout.privileged = drop.has_value();
    layout.drop_uid = drop.value_or(0);
    layout.workspace.idmap = layout.privileged && may_idmap(workspace);
    auto groups = std::make_shared<MemoryGroups>();
    std::optional<EarlyBox> early = options.start_early ? start_early(box, layout, *groups) : std::nullopt;
    layout.toolchains = discover_toolchains(workspace, options.read_only, options.environment_names);
    return std::make_unique<BoxedSandbox>(
        std::move(box), std::move(layout), std::move(groups), std::move(early),
        std::array<std::size_t, kInterpreters>{options.warm_python, options.warm_node});
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
