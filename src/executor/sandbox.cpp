#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/early_start.hpp>
#include <ec/executor/sandbox.hpp>
#include <optional>

#include "box_process.hpp"
#include "ladder.hpp"
#include "layout.hpp"
#include "machine.hpp"
#include "machine_facts.hpp"
#include "memory_group.hpp"
#include "policed_sandbox.hpp"
#include "reduced_sandbox.hpp"
#include "self_test.hpp"
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
std::optional<EarlyBox> start_box(const fs::path& box, const Layout& layout, MemoryGroups& groups) {
    box::Spec spec = compose_early(layout);
    auto group = groups.acquire(Limits{}.memory_bytes, Limits{}.processes);
    enter_group(groups, spec, group);
    auto process = BoxProcess::start(box, spec, RunSpec{}, {});
    if (!process) return std::nullopt;
    return EarlyBox{std::move(group), std::move(*process)};
}

class BoxedSandbox final : public Sandbox {
public:
    BoxedSandbox(fs::path box, Layout layout, std::shared_ptr<MemoryGroups> groups, std::optional<EarlyBox> early,
                 NetworkGate* network, std::array<std::size_t, kInterpreters> warm)
        : box_(std::move(box)),
          network_(network),
          layout_(std::move(layout)),
          groups_(std::move(groups)),
          early_(std::move(early)),
          staged_(layout_.workspace.path, layout_.drop_uid),
          use_staged_(layout_.privileged && !layout_.workspace.idmap) {
        use_groups_ = groups_->kind() != MemoryGroups::Kind::none;
        landlock_ = landlock_abi() > 0;
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
            const std::uint64_t started_ns = wall_clock_ns();
            std::optional<EarlyBox> early = take_early(spec);
            EC_ASSIGN(Prepared prepared, prepare(spec, false, early));
            if (prepared.trouble) return sandbox_error(*prepared.trouble, prepared.tier);
            auto started = early ? Result<BoxProcess>(std::move(early->process))
                                 : BoxProcess::start(box_, prepared.spec, spec, prepared.proxy_end());
            if (!started) return sandbox_error(started.error(), prepared.tier);
            BoxProcess process = std::move(*started);
            // One that could not take it has ended, and its report says why.
            if (early) static_cast<void>(process.hand_over(prepared.spec, spec));
            groups_->sweep();
            wait(process, spec, stop);
            const MemoryUse memory = hand_to_reaper(process, prepared.group);
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the run was cancelled");
            if (attempt < kFallbacks && fall_back(process)) continue;
            no_proc_ = process.report().ready && !process.report().has_proc;
            RunResult result = concluded(process, spec, memory, prepared.tier, began);
            result.started_ns = started_ns;
            if (prepared.originals) name_originals(result.changes, *prepared.originals);
            return result;
        }
    }

    bool warm_up(std::chrono::milliseconds timeout) override { return !pool_ || pool_->fill(timeout); }

    Result<std::unique_ptr<Session>> open(const RunSpec& spec) override {
        for (int attempt = 0;; ++attempt) {
            std::optional<EarlyBox> none;
            EC_ASSIGN(Prepared prepared, prepare(spec, true, none));
            if (prepared.trouble) return fail(*prepared.trouble);
            EC_ASSIGN(BoxProcess process, BoxProcess::start(box_, prepared.spec, spec, prepared.proxy_end()));
            groups_->sweep();
            const auto deadline = SteadyClock::now() + kReportGrace;
            while (!process.ended() && !process.report().ready && SteadyClock::now() < deadline) {
                process.pump(std::chrono::milliseconds(500));
            }
            if (attempt < kFallbacks && fall_back(process)) continue;
            if (!process.report().problem.empty()) return fail(unreadable(process.report()));
            if (process.report().setup_error) return fail(explain(*process.report().setup_error));
            if (!process.report().ready) return fail(ErrorCode::unavailable, "the sandbox did not start in time");
            return open_session(std::move(process), spec, std::move(prepared.network), std::move(prepared.group),
                                prepared.tier);
        }
    }

    [[nodiscard]] Isolation isolation() const override {
        Isolation isolation;
        const bool group = use_groups_ && !group_missed_;
        isolation.tier = group ? "A+" : "A";
        isolation.isolation = "full";
        isolation.memory_limit = group ? groups_->name() : "soft";
        isolation.landlock = landlock_;
        isolation.seccomp = true;
        isolation.overlay = true;
        isolation.notes = notes(group);
        return isolation;
    }
    [[nodiscard]] const fs::path& workspace() const override { return layout_.workspace.path; }

private:
    // Each thing that a machine may lack although it looked as if it had it, tried once.
    static constexpr int kFallbacks = 2;

    struct Prepared {
        std::unique_ptr<NetworkPass> network;
        std::optional<MemoryGroups::Lease> group;
        box::Spec spec;
        std::string tier;
        std::shared_ptr<const StagedCopy::Originals> originals;  ///< when the sandbox sees a copy
        std::optional<Error> trouble;                            ///< of the machine, not of the caller's words

        UniqueFd proxy_end() const { return network ? network->take_end() : UniqueFd(); }
    };

    // The one that was started early is for a run that needs nothing else of its start than it has.
    std::optional<EarlyBox> take_early(const RunSpec& run) {
        if (early_taken_.exchange(true) || !early_) return std::nullopt;
        std::optional<EarlyBox> early(std::move(early_));
        early_.reset();
        const bool fits = run.stdin_text.empty() && !run.network && !use_staged_;
        if (!fits || (early->group && !early->group->resize(run.limits.memory_bytes, run.limits.processes)))
            return std::nullopt;
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
            prepared.originals = staged_.originals();
        }
        EC_ASSIGN(prepared.spec, compose(layout, run, session));
        if (run.network && network_ == nullptr) {
            return fail(ErrorCode::invalid_argument, "the run asks for a network, and this sandbox has none to give");
        }
        if (run.network && !prepared.trouble) {
            auto pass = network_->admit(layout.workspace.path.string(), join(run.argv, " "));
            if (pass)
                prepared.network = *std::move(pass);
            else
                prepared.trouble = pass.error();
        }
        if (early) {
            prepared.group = std::move(early->group);
        } else if (use_groups_) {
            prepared.group = groups_->acquire(run.limits.memory_bytes, prepared.spec.processes);
        }
        group_missed_ = use_groups_ && !prepared.group;
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
        if (use_groups_) group = groups_->acquire(Limits{}.memory_bytes, Limits{}.processes);
        enter_group(*groups_, spec, group);
        EC_ASSIGN(BoxProcess process, BoxProcess::start(box_, spec, RunSpec{}, {}));
        const auto deadline = SteadyClock::now() + kReportGrace;
        std::optional<std::string> word;
        while (!(word = process.frames.next()) && !process.ended() && SteadyClock::now() < deadline)
            process.pump(std::chrono::milliseconds(500));
        if (!word) return fail(ErrorCode::unavailable, "no interpreter waits in the sandbox");
        std::string tier = group ? "A+" : "A";
        return WarmBox{std::move(group), std::move(process), std::move(spec),
                       std::move(tier),  workspace.st_dev,   workspace.st_ino};
    }

    // Nothing when this run has to be started cold: unfit, none is ready, or what was ready is of no use any more.
    Result<std::optional<RunResult>> run_warm(const RunSpec& run, const std::stop_token& stop,
                                              SteadyClock::time_point began) {
        EC_ASSIGN(box::Spec second, compose_late(layout_, run));
        const auto program = run.network ? std::nullopt : warm_program(run, second.directory);
        std::error_code error;
        if (!program || !fs::is_directory(second.directory, error)) return std::nullopt;
        std::optional<WarmBox> taken = take_warm(program->interpreter);
        if (!taken || (taken->group && !taken->group->resize(run.limits.memory_bytes, run.limits.processes)))
            return std::nullopt;
        second.soft_memory = taken->spec.soft_memory;
        BoxProcess& process = taken->process;
        const std::uint64_t started_ns = wall_clock_ns();
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
        result.started_ns = started_ns;
        result.warm = true;
        return result;
    }

    std::optional<WarmBox> take_warm(Interpreter interpreter) {
        struct stat workspace{};
        if (::stat(layout_.workspace.path.c_str(), &workspace) != 0) return std::nullopt;
        for (;;) {
            std::optional<WarmBox> box = pool_->take(interpreter);
            // A folder that was removed and made again is not the one whose files a waiting sandbox would show.
            const bool same =
                box && box->workspace_device == workspace.st_dev && box->workspace_inode == workspace.st_ino;
            if (!box || (same && !box->process.ended())) return box;
        }
    }

    MemoryUse hand_to_reaper(BoxProcess& process, std::optional<MemoryGroups::Lease>& group) {
        const MemoryUse memory = group ? group->use() : MemoryUse{};
        Ending ending = process.let_go();
        ending.group = std::move(group);
        reaper_.add(std::move(ending));
        return memory;
    }

    RunResult concluded(BoxProcess& process, const RunSpec& run, const MemoryUse& memory, std::string_view tier,
                        SteadyClock::time_point began) const {
        RunResult result = conclude(process, run, memory, tier);
        result.isolation = result.cannot_isolate ? "none" : "full";
        if (!result.cannot_isolate) result.notes = notes(tier == "A+");
        if (process.first_output())
            result.first_output =
                std::chrono::duration_cast<std::chrono::microseconds>(*process.first_output() - began);
        return result;
    }

    // What held less than it could; stands in every result.
    std::vector<std::string> notes(bool group) const {
        std::vector<std::string> notes;
        if (group_lost_)
            notes.emplace_back("the memory control group could not be entered: memory is watched every 10 ms instead");
        else if (!group)
            notes.emplace_back("no memory control group: memory is watched every 10 ms instead of capped");
        if (!landlock_) notes.emplace_back("no Landlock: writes are confined by mounts alone");
        if (use_staged_) notes.emplace_back("no idmapped mounts here: the sandbox sees a copy of the workspace");
        if (no_proc_)
            notes.emplace_back("/proc is masked here: programs have none, and are counted through the container's");
        return notes;
    }

    // True when what failed can be done without, and from now on is; the tier and the notes say so.
    bool fall_back(const BoxProcess& process) {
        const auto& error = process.report().setup_error;
        if (!error) return false;
        if (error->step == "idmap") return !use_staged_.exchange(true);
        if (error->step == "cgroup") {
            group_lost_ = true;
            return use_groups_.exchange(false);
        }
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
    NetworkGate* network_;
    Layout layout_;
    std::shared_ptr<MemoryGroups> groups_;
    Reaper reaper_;
    std::optional<EarlyBox> early_;
    std::atomic<bool> early_taken_{false};
    StagedCopy staged_;
    std::atomic<bool> use_staged_;
    std::atomic<bool> use_groups_{true};
    std::atomic<bool> group_lost_{false};    ///< it was there and could not be entered
    std::atomic<bool> group_missed_{false};  ///< the last run could not be given one
    std::atomic<bool> no_proc_{false};
    bool landlock_ = false;
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

Result<Layout> layout_of(const fs::path& workspace) {
    struct stat info{};
    if (::stat(workspace.c_str(), &info) != 0)
        return fail(from_errno(fmt::format("cannot stat {}", workspace.string()), errno));
    Layout layout;
    layout.workspace = {workspace, workspace, info.st_uid, info.st_gid, false, {}};
    const std::optional<uid_t> drop = ::geteuid() == 0 ? payload_uid() : std::nullopt;
    layout.privileged = drop.has_value();
    layout.drop_uid = drop.value_or(0);
    layout.workspace.idmap = layout.privileged && may_idmap(workspace);
    return layout;
}

}  // namespace

struct EarlyStart {
    fs::path box;
    Layout layout;
    std::shared_ptr<MemoryGroups> groups;
    std::optional<EarlyBox> process;
};

std::shared_ptr<EarlyStart> start_early(const fs::path& workspace, const fs::path& box) {
    const auto checked = check_workspace(workspace, {});
    auto found = find_box(box);
    if (!checked || !found) return nullptr;
    auto layout = layout_of(*checked);
    if (!layout) return nullptr;
    auto groups = std::make_shared<MemoryGroups>();
    auto process = start_box(*found, *layout, *groups);
    return std::make_shared<EarlyStart>(std::move(*found), std::move(*layout), std::move(groups), std::move(process));
}

Result<std::unique_ptr<Sandbox>> open_sandbox(const SandboxOptions& options) {
    EC_ASSIGN(const fs::path workspace, check_workspace(options.workspace, options.private_folder));
    EC_ASSIGN(fs::path box, find_box(options.box));
    const char* home = std::getenv("HOME");
    EC_TRY(check_here(options.policy, {home == nullptr ? "" : home, {}}));
    EarlyStart* begun = options.early.get();
    if (begun != nullptr && (begun->box != box || begun->layout.workspace.path != workspace)) begun = nullptr;
    EC_ASSIGN(Layout layout, begun != nullptr ? Result<Layout>(begun->layout) : layout_of(workspace));
    auto groups = begun != nullptr ? begun->groups : std::make_shared<MemoryGroups>();
    std::optional<EarlyBox> early;
    if (begun != nullptr && begun->process) {
        early.emplace(std::move(*begun->process));
        begun->process.reset();
    }
    layout.toolchains = discover_toolchains(workspace, options.policy, options.read_only, options.environment_names);
    const std::array<std::size_t, kInterpreters> warm{options.warm_python, options.warm_node};
    auto reduced = [box, layout, groups] { return open_reduced(box, layout, groups); };
    auto full = std::make_unique<BoxedSandbox>(std::move(box), std::move(layout), std::move(groups), std::move(early),
                                               options.network, warm);
    return keep_within(options.policy, make_ladder(std::move(full), options.reduced_consent, std::move(reduced)));
}

Result<Isolation> probe_isolation(const std::filesystem::path& box, bool reduced_consent) {
    EC_ASSIGN(const TempDir dir, TempDir::create());
    SandboxOptions options;
    options.workspace = dir.path();
    options.box = box;
    options.reduced_consent = [reduced_consent](const fs::path&) { return reduced_consent; };
    EC_ASSIGN(const std::unique_ptr<Sandbox> sandbox, open_sandbox(options));
    RunSpec spec;
    spec.argv = {"/bin/true"};
    EC_ASSIGN(const RunResult result, sandbox->run(spec));
    if (result.cannot_isolate) {
        const auto again = sandbox->open(spec);  // with the remedy as the ladder words it
        if (!again) return fail(again.error());
    }
    if (!result.ok()) return fail(ErrorCode::unavailable, result.reason.empty() ? "a trial run failed" : result.reason);
    Isolation isolation = sandbox->isolation();
    isolation.notes = result.notes;
    if (isolation.isolation == "full") {
        for (std::string& note : machine_notes(look_at_machine())) isolation.notes.push_back(std::move(note));
    }
    EC_TRY(attack_from_inside(*sandbox, isolation));
    return isolation;
}

}  // namespace ec::executor
