#include "worker_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec/swarm/telemetry.hpp>
#include <ec/swarm/worker.hpp>
#include <ostream>
#include <utility>

#include "../cli_words.hpp"
#include "../config.hpp"
#include "../error_report.hpp"
#include "../interrupt.hpp"
#include "processor_cap.hpp"
#include "swarm_places.hpp"
#include "swarm_runner.hpp"

namespace ec::apps {
namespace {

class SaidLines final : public swarm::WorkerEvents {
public:
    SaidLines(bool events, std::ostream& out, std::ostream& err) : events_(events), out_(out), err_(err) {}
    void says(std::string_view line) override {
        if (!events_) {
            err_ << "worker: " << line << '\n' << std::flush;
            return;
        }
        json::Object event;
        event["type"] = "worker";
        event["text"] = std::string(line);
        out_ << json::write(event) << '\n' << std::flush;
    }

private:
    bool events_;
    std::ostream& out_;
    std::ostream& err_;
};

std::optional<std::string> variable(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::int64_t unix_milliseconds() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

int local_hour() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    return ::localtime_r(&now, &local) == nullptr ? 0 : local.tm_hour;
}

/// What the flags say, beneath them the environment, beneath that config.toml, and the defaults.
Result<WorkerConfig> settled(const WorkerConfig& flags) {
    EC_ASSIGN(const WorkerConfig environment, read_worker_environment(variable));
    EC_ASSIGN(const Config config, load_config());
    const WorkerConfig defaults{.slots = 1,
                                .memory_mb = 0,
                                .cpu = 100,
                                .budget_s = 0,
                                .drain_s = 30,
                                .idle_only = false,
                                .on_power_only = false,
                                .hours = "",
                                .profile = "",
                                .model = "none",
                                .groups = {},
                                .kinds = {}};
    return over(over(over(flags, environment), config.worker), defaults);
}

Result<swarm::PowerRules> power_rules(const WorkerConfig& lend) {
    swarm::PowerRules rules;
    rules.idle_only = *lend.idle_only;
    rules.on_power_only = *lend.on_power_only;
    if (!lend.hours->empty()) EC_TRY(swarm::set_hours(*lend.hours, rules));
    if (!lend.profile->empty() && *lend.profile != "ios")
        return fail(ErrorCode::invalid_argument, "the only profile is ios");
    if (*lend.profile == "ios") {
        EC_TRY(swarm::use_ios_profile(variable, rules));
        EC_TRY(swarm::ios_telemetry(variable, 0));
    }
    return rules;
}

Result<std::vector<NamedGroup>> groups_of(const WorkerConfig& lend) {
    if (lend.groups.empty()) return load_groups();
    std::vector<NamedGroup> groups;
    for (const std::string& name : lend.groups) {
        EC_ASSIGN(swarm::GroupKey key, load_group(name));
        groups.push_back({name, std::move(key)});
    }
    return groups;
}

Result<RunnerOptions> runner_options(const WorkerConfig& lend, const std::vector<swarm::GroupKey>& groups) {
    RunnerOptions out;
    for (const std::string& word : lend.kinds) {
        EC_ASSIGN(const swarm::TaskKind kind, swarm::parse_task_kind(word));
        out.kinds.push_back(kind);
    }
    for (const swarm::GroupKey& key : groups) out.groups.push_back(key.id());
    out.memory_mb = *lend.memory_mb;
    out.slots = static_cast<int>(*lend.slots);
    out.budget = std::chrono::seconds(*lend.budget_s);
    out.model = *lend.model;
    return out;
}

// A worker may be started before its coordinator is, and outlive it.
Status enrol(SwarmLink& link, swarm::WorkerEvents& events, Waiter& waiter, const std::stop_token& stop) {
    constexpr std::chrono::milliseconds kLongest{60'000};
    std::chrono::milliseconds wait{500};
    for (bool told = false;; wait = std::min(2 * wait, kLongest)) {
        Status enrolled = link.ensure_enrolled(stop);
        if (enrolled) return {};
        if (!may_recover(enrolled.error().code)) return enrolled;
        if (!std::exchange(told, true))
            events.says(fmt::format("waits for a coordinator: {}", enrolled.error().message));
        const auto cut = static_cast<double>(wait.count()) * (1 + jitter()) / 2;
        if (!waiter.wait(std::chrono::milliseconds(std::llround(cut)), stop))
            return fail(ErrorCode::cancelled, "stopped");
    }
}

Status work(const WorkerCommandOptions& options, swarm::WorkerEvents& events, std::stop_token stop) {
    EC_ASSIGN(const WorkerConfig lend, settled(options.lend));
    swarm::WorkerOptions settings;
    settings.slots = static_cast<int>(*lend.slots);
    settings.once = options.once;
    settings.drain = std::chrono::milliseconds(std::llround(*lend.drain_s * 1000));
    EC_ASSIGN(settings.power, power_rules(lend));
    EC_ASSIGN(std::vector<NamedGroup> groups, groups_of(lend));
    std::vector<std::string> names;
    for (NamedGroup& group : groups) {
        names.push_back(group.name);
        settings.groups.push_back(std::move(group.key));
    }
    EC_ASSIGN(const std::filesystem::path folder, swarm_dir());
    settings.folder = folder / "worker";
    if (*lend.cpu < 100) {
        EC_ASSIGN(const std::string said, cap_processor(static_cast<int>(*lend.cpu)));
        events.says(said);
    }
    EC_ASSIGN(RunnerOptions work_options, runner_options(lend, settings.groups));
    EC_ASSIGN(const auto runner, SwarmRunner::open(std::move(work_options)));
    EC_ASSIGN(SwarmLink link, SwarmLink::open(identity::NodeKind::worker, options.swarm));
    SystemWaiter waiter;
    EC_TRY(enrol(link, events, waiter, stop));
    events.says(fmt::format("{} works for {}, trust groups {}", link.id().text(), link.address().urls.front(),
                            join(names, ", ")));
    const SystemClock clock;
    swarm::TelemetryReader telemetry;
    const bool ios = *lend.profile == "ios";
    // The variables were right when it started; later nonsense counts as nothing known.
    const auto look = [&] {
        if (!ios) return telemetry.look(unix_milliseconds());
        swarm::Telemetry unknown;
        unknown.device = swarm::DeviceKind::phone;
        return swarm::ios_telemetry(variable, unix_milliseconds()).value_or(unknown);
    };
    return swarm::run_worker(settings,
                             {.connect = [&] { return link.connect(); },
                              .runner = *runner,
                              .clock = clock,
                              .waiter = waiter,
                              .telemetry = look,
                              .events = events,
                              .key = link.key(),
                              .hour = local_hour,
                              .asleep = swarm::time_asleep,
                              .jitter = jitter},
                             std::move(stop));
}

static_assert(kWorkerSlots.most == swarm::kMostSlots);

CLI::Validator within(WholeNumbers range) {
    return whole_number(static_cast<std::uint64_t>(range.least), static_cast<std::uint64_t>(range.most));
}

/// A flag and the one that takes back what the environment or config.toml says.
void add_switch(CLI::App& worker, const std::string& name, std::optional<bool>& value, const std::string& what) {
    worker.add_flag_callback("--" + name, [&value] { value = true; }, what);
    worker.add_flag_callback("--no-" + name, [&value] { value = false; }, "Not so, whatever config.toml says");
}

/// What config.toml may say as well, under [worker].
void add_lending(CLI::App& worker, WorkerConfig& lend) {
    worker.add_option("--slots", lend.slots, "Tasks at a time (default: 1)")->check(within(kWorkerSlots));
    worker.add_option("--memory", lend.memory_mb, "Memory of one program in the sandbox, in MB, at most")
        ->check(within(kWorkerMemoryMb));
    worker.add_option("--cpu", lend.cpu, "Share of the cores in percent, in whole cores (default: 100)")
        ->check(within(kWorkerCpu));
    worker
        .add_option("--budget", lend.budget_s,
                    "Seconds that one task may take, at most (default: what its submitter asks for)")
        ->check(within(kWorkerBudgetS));
    worker.add_option("--hours", lend.hours, "Only from one hour to another, local time: 22-6");
    add_switch(worker, "idle-only", lend.idle_only, "Only while nobody uses this machine");
    add_switch(worker, "on-power-only", lend.on_power_only, "Never on battery");
    worker.add_option("--profile", lend.profile, "Rules of a kind of device")->check(CLI::IsMember({"ios"}));
    worker.add_option("--group", lend.groups, "Work for this trust group; repeatable (default: all joined)")
        ->allow_extra_args(false);
    worker.add_option("--kinds", lend.kinds, "Only these tasks: repair, subtask, verify, attempt")->delimiter(',');
    worker.add_option("--model", lend.model, "Model for attempts and subtasks, as for run (default: none)");
    worker
        .add_option("--drain", lend.drain_s,
                    "When stopped, seconds to finish what is in hand before it is given back (default: 30)")
        ->check(CLI::Range(static_cast<double>(kWorkerDrainS.least), static_cast<double>(kWorkerDrainS.most)));
}

}  // namespace

void add_worker(CLI::App& app, WorkerCommandOptions& options) {
    CLI::App* worker = app.add_subcommand("worker", "Lend this machine to a coordinator");
    worker
        ->add_option("--coordinator", options.swarm.coordinators,
                     "Where the coordinator is; repeatable, tried in order (default: this machine's)")
        ->type_name("URL")
        ->allow_extra_args(false);
    worker->add_option("--ca", options.swarm.ca_file, "Trust this certificate authority (default: the system's)");
    worker->add_option("--token-file", options.swarm.token_file, "Join with the token in this file; - for stdin");
    add_lending(*worker, options.lend);
    worker->add_flag("--once", options.once, "End after one task");
    worker->add_flag("--events", options.events, "Print what happens as JSON lines on stdout");
    worker->footer(
        "What config.toml says under [worker], and over it EDGECODER_WORKER_SLOTS and its like in the environment, "
        "holds where no flag says otherwise.\nIt only dials out. All work runs in the sandbox, without a network. "
        "docs/worker.md tells what it sees and when it works.\n"
        "Exit status: 0 stopped and drained, 2 wrong usage, 3 not let in, or this machine cannot do it.");
}

int run_worker_command(const WorkerCommandOptions& options, std::ostream& out, std::ostream& err) {
    const Interrupt interrupt;
    SaidLines events(options.events, out, err);
    const Status status = work(options, events, interrupt.token());
    if (status) return 0;
    if (status.error().code == ErrorCode::cancelled && interrupt.interrupted()) return 0;
    tell_error(status.error(), err);
    return exit_status(status.error().code);
}

}  // namespace ec::apps
