#include "simulation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "clockwork.hpp"
#include "coordinator.hpp"
#include "crowd.hpp"

namespace ec::simulation {
namespace {

constexpr unsigned kSolvable = 850;  // of 1000 jobs
constexpr unsigned kGraphs = 50;
constexpr unsigned kSharded = 100;
constexpr unsigned kCanaries = 20;
constexpr int kShards = 4;
constexpr int kParts = 3;
constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kTell = 300 * kSecond;
constexpr std::int64_t kAskAgain = 5000;
constexpr std::int64_t kBudget = 12 * 3600;  // more than any run: a job that ends does so by being worked on

class Submitters {
public:
    Submitters(Clockwork& clock, Network& network, Coordinator& coordinator, const Scenario& scenario)
        : clock_(clock), network_(network), coordinator_(coordinator), scenario_(scenario) {}

    void start() {
        for (std::size_t load = 0; load < scenario_.loads.size(); ++load) {
            clock_.after(scenario_.loads[load].from_ms, [this, load] {
                for (unsigned i = 0; i < scenario_.loads[load].at_once; ++i) make(load);
                trickle(load, 0);
            });
        }
    }
    void stop() { stopped_ = true; }

private:
    void trickle(std::size_t load, std::uint64_t owed) {
        if (stopped_ || scenario_.loads[load].per_minute == 0) return;
        for (owed += scenario_.loads[load].per_minute; owed >= 60; owed -= 60) make(load);
        clock_.after(kSecond, [this, load, owed] { trickle(load, owed); });
    }
    void make(std::size_t load) {
        JobTruth truth{.load = load};
        swarm::NewJob job;
        job.spec = "sealed";
        job.budget_s = kBudget;
        const bool graph = clock_.chance(kGraphs);
        job.kind = graph ? swarm::JobKind::split : swarm::JobKind::repair;
        const int shards = graph ? kParts : clock_.chance(kSharded) ? kShards : 1;
        for (int i = 0; i < shards; ++i)
            add(job, fmt::format("part-{}", i), graph ? swarm::TaskKind::subtask : swarm::TaskKind::repair);
        if (graph) {
            add(job, "merge", swarm::TaskKind::merge);
            for (int i = 0; i < shards; ++i)
                job.tasks.back().after.push_back(job.tasks[static_cast<std::size_t>(i)].key);
            truth.after["merge"] = job.tasks.back().after;
        } else if (clock_.chance(kSolvable)) {
            truth.solution = static_cast<int>(clock_.below(static_cast<std::uint64_t>(shards)));
        }
        if (!graph && shards == 1 && clock_.chance(kCanaries))
            job.expected = truth.solution == 0 ? swarm::Outcome::solved : swarm::Outcome::nothing;
        send(load, fmt::format("key-{}", next_++), job, truth);
    }
    void add(swarm::NewJob& job, std::string key, swarm::TaskKind kind) const {
        swarm::NewTask task;
        task.key = std::move(key);
        task.kind = kind;
        task.needs.languages = {"python"};
        task.expected_s = 2 * scenario_.work_ms / kSecond;
        job.tasks.push_back(std::move(task));
    }
    /// Until it is acknowledged, under one key.
    void send(std::size_t load, const std::string& key, const swarm::NewJob& job, const JobTruth& truth) {
        network_.send([this, load, key, job, truth] {
            const auto submitted = coordinator_.submit(scenario_.loads[load].account, key, job, truth);
            if (!submitted) return;
            network_.send([this, key, id = submitted->job] {
                if (acknowledged_.insert(key).second) coordinator_.acknowledged(id);
            });
        });
        clock_.after(kAskAgain, [this, load, key, job, truth] {
            if (acknowledged_.erase(key) == 0) send(load, key, job, truth);
        });
    }

    Clockwork& clock_;
    Network& network_;
    Coordinator& coordinator_;
    const Scenario& scenario_;
    std::set<std::string> acknowledged_;
    std::uint64_t next_ = 0;
    bool stopped_ = false;
};

void every(Clockwork& clock, std::int64_t ms, const std::function<void()>& act) {
    clock.after(ms, [&clock, ms, act] {
        act();
        every(clock, ms, act);
    });
}

}  // namespace

Result<Figures> simulate(const Scenario& scenario) {
    Figures figures;
    Clockwork clock(scenario.seed);
    Network network(clock, scenario.lost, scenario.doubled);
    Coordinator coordinator(clock, scenario, figures);
    EC_TRY(coordinator.open());
    Crowd crowd(clock, network, coordinator, scenario, figures);
    Submitters submitters(clock, network, coordinator, scenario);
    every(clock, kSecond, [&] { coordinator.sweep(); });
    every(clock, scenario.audit_ms, [&] { coordinator.audit(); });
    every(clock, scenario.rules.keep_ms / 2, [&] { coordinator.forget_ended(); });
    if (!scenario.fault.empty()) clock.after(scenario.fault_ms, [&] { coordinator.plant(scenario.fault); });
    const std::int64_t began = clock.now_ms();
    if (scenario.watcher) {
        every(clock, kTell, [&] {
            figures.events = clock.events();
            scenario.watcher((clock.now_ms() - began) / (60 * kSecond), figures);
        });
    }
    crowd.start();
    submitters.start();

    const std::int64_t quiet_from = clock.now_ms() + scenario.busy_ms;
    while (!coordinator.breached() && clock.step(quiet_from)) continue;
    figures.load_wrong_share = figures.wrong_share();
    figures.load_overhead = figures.overhead();
    submitters.stop();
    network.repair();
    crowd.reform();
    const std::int64_t end = quiet_from + scenario.quiet_ms;
    for (std::int64_t look = 0; !coordinator.breached() && clock.step(end);) {
        if (clock.now_ms() < look) continue;
        look = clock.now_ms() + kSecond;
        if (clock.now_ms() > quiet_from + 3 * kAskAgain && coordinator.all_ended()) break;
    }
    figures.quiet_took_ms = clock.now_ms() - quiet_from;
    if (!coordinator.breached()) coordinator.audit();
    if (!coordinator.breached()) coordinator.expect_all_ended();
    figures.events = clock.events();
    figures.trace = clock.trace();
    return figures;
}

}  // namespace ec::simulation
