#include "crowd.hpp"

#include <fmt/format.h>

#include <array>

namespace ec::simulation {
namespace {

using swarm::Outcome;
using swarm::TaskKind;

constexpr std::int64_t kLieTakes = 2000;
constexpr unsigned kHonestFirst = 15;  // of a sleeper
constexpr unsigned kLiesOf1000 = 900;  // of what a liar could lie about
constexpr unsigned kStragglers = 10;   // of 1000
constexpr std::int64_t kStraggles = 5;
constexpr std::int64_t kAskAgain = 10'000;
constexpr unsigned kDeliveries = 6;

// 43 characters of base64url are 32 bytes only when the last of them is one of few.
identity::NodeId node_id(std::size_t number) {
    return identity::NodeId::parse(fmt::format("{:0>42}A", number)).value_or(identity::NodeId{});
}

std::string_view name(Temper temper) {
    constexpr std::array<std::string_view, 6> kNames{"honest",        "false solver", "idler",
                                                     "false checker", "sleeper",      "rubber stamp"};
    return kNames.at(static_cast<std::size_t>(temper));
}

/// Whether results of such a worker agree with those of others, at first or always.
bool earns(Temper temper) { return temper != Temper::false_solver && temper != Temper::idler; }

}  // namespace

Crowd::Crowd(Clockwork& clock, Network& network, Coordinator& coordinator, const Scenario& scenario, Figures& figures)
    : clock_(clock), network_(network), coordinator_(coordinator), scenario_(scenario), figures_(figures) {
    offer_.kinds = {TaskKind::repair, TaskKind::subtask, TaskKind::merge, TaskKind::verify};
    offer_.languages = {"python"};
    for (std::size_t i = 0; i < scenario.workers; ++i) {
        Worker worker;
        worker.node.id = node_id(i);
        worker.node.kind = identity::NodeKind::worker;
        worker.node.state = identity::NodeState::approved;
        worker.node.account = fmt::format("w-{}", i);
        if (clock.chance(scenario.liars)) worker.temper = static_cast<Temper>(1 + clock.below(5));
        worker.node.label = name(worker.temper);
        if (scenario.known > 0 && clock.chance(scenario.known) && (scenario.known_liars || earns(worker.temper))) {
            const std::int64_t results = clock.around(scenario.known_results);
            coordinator.remember(worker.node.id, results);
            worker.done = static_cast<unsigned>(results);
        }
        workers_.push_back(std::move(worker));
    }
}

void Crowd::start() {
    for (std::size_t who = 0; who < workers_.size(); ++who) {
        const bool late = clock_.chance(scenario_.late);
        rest(who, late ? clock_.around(scenario_.busy_ms / 2) : clock_.around(scenario_.poll_ms / 2));
    }
}

void Crowd::rest(std::size_t who, std::int64_t ms) {
    Worker& worker = workers_[who];
    worker.busy = false;
    const std::uint64_t turn = ++worker.turn;
    clock_.after(ms, [this, who, turn] {
        if (workers_[who].turn == turn) ask(who);
    });
}

void Crowd::ask(std::size_t who) {
    // When no answer comes, or there is no work, it asks again.
    // Once no more comes in, whoever waits need not ask so often.
    constexpr std::int64_t kLessOften = 4;
    rest(who, clock_.around(reformed_ ? kLessOften * scenario_.poll_ms : scenario_.poll_ms));
    const std::uint64_t turn = workers_[who].turn;
    network_.send([this, who, turn] {
        const auto errand = coordinator_.claim(workers_[who].node, offer_);
        if (errand) network_.send([this, who, turn, errand] { given(who, turn, errand); });
    });
}

void Crowd::given(std::size_t who, std::uint64_t turn, const ErrandPtr& errand) {
    Worker& worker = workers_[who];
    if (worker.turn != turn || worker.busy) {
        // An answer that came late or twice: some hand it back, some forget it.
        if (clock_.chance(500))
            network_.send([this, who, errand] { coordinator_.give_back(workers_[who].node.id, errand->lease); });
        return;
    }
    worker.busy = true;
    const std::uint64_t mine = ++worker.turn;
    const Answer told = answer(worker, *errand);
    if (!reformed_ && clock_.chance(scenario_.crashes)) {
        clock_.after(clock_.around(told.takes_ms / 2), [this, who, mine] {
            if (workers_[who].turn == mine) rest(who, clock_.around(6 * 60'000));
        });
        heartbeat(who, mine, errand);
        return;
    }
    const bool sleeps = !reformed_ && clock_.chance(scenario_.sleeps);
    if (!sleeps) heartbeat(who, mine, errand);
    const std::int64_t takes = told.takes_ms + (sleeps ? scenario_.rules.lease_ms : 0);
    account_time(*errand, told.takes_ms);
    clock_.after(takes, [this, who, mine, errand, told] {
        if (workers_[who].turn == mine) deliver(who, mine, errand, told, kDeliveries);
    });
}

void Crowd::heartbeat(std::size_t who, std::uint64_t turn, const ErrandPtr& errand) {
    clock_.after(scenario_.heartbeat_ms, [this, who, turn, errand] {
        if (workers_[who].turn != turn) return;
        network_.send([this, who, turn, errand] {
            const auto renewal =
                coordinator_.renew(workers_[who].node.id, {.task = errand->lease.task, .fence = errand->lease.fence});
            if (!renewal || renewal->holding == swarm::Holding::kept) return;
            network_.send([this, who, turn] {
                if (workers_[who].turn == turn) rest(who, 0);
            });
        });
        heartbeat(who, turn, errand);
    });
}

void Crowd::deliver(std::size_t who, std::uint64_t turn, const ErrandPtr& errand, const Answer& told, unsigned tries) {
    network_.send([this, who, turn, errand, told] {
        coordinator_.complete(workers_[who].node, *errand, told.report, told.worked);
        network_.send([this, who, turn] {
            if (workers_[who].turn != turn) return;
            ++workers_[who].done;
            rest(who, 0);
        });
    });
    clock_.after(kAskAgain, [this, who, turn, errand, told, tries] {
        if (workers_[who].turn != turn) return;
        if (tries == 0) return rest(who, 0);
        deliver(who, turn, errand, told, tries - 1);
    });
}

bool Crowd::lies(const Worker& worker, const Errand& errand) {
    if (reformed_ || worker.temper == Temper::honest || !clock_.chance(kLiesOf1000)) return false;
    if (worker.temper == Temper::sleeper) return worker.done >= kHonestFirst;
    const bool only_checks = worker.temper == Temper::false_checker || worker.temper == Temper::rubber_stamp;
    return !only_checks || errand.lease.kind == TaskKind::verify;
}

Crowd::Answer Crowd::answer(Worker& worker, const Errand& errand) {
    const bool checks = errand.lease.kind == TaskKind::verify;
    Answer told;
    told.report.task = errand.lease.task;
    told.report.fence = errand.lease.fence;
    told.report.outcome = errand.honest;
    told.takes_ms = clock_.around(checks ? scenario_.check_ms : scenario_.work_ms);
    if (clock_.chance(kStragglers)) told.takes_ms *= kStraggles;
    if (!lies(worker, errand)) {
        if (errand.honest == Outcome::solved) told.report.result = kGood;
        return told;
    }
    ++figures_.lies;
    told.worked = false;
    if (!scenario_.patient) told.takes_ms = kLieTakes;
    if (worker.temper == Temper::false_checker) {
        told.report.outcome = errand.honest == Outcome::passed ? Outcome::rejected : Outcome::passed;
    } else if (checks) {
        told.report.outcome = Outcome::passed;
    } else if (worker.temper == Temper::idler) {
        told.report.outcome = Outcome::nothing;
    } else {
        told.report.outcome = Outcome::solved;
        told.report.result = kBad;
    }
    return told;
}

void Crowd::account_time(const Errand& errand, std::int64_t ms) {
    const double seconds = static_cast<double>(ms) / 1000;
    if (errand.purpose == Purpose::verify)
        figures_.check_s += seconds;
    else if (errand.purpose == Purpose::replica)
        figures_.again_s += seconds;
    else
        figures_.work_s += seconds;
}

}  // namespace ec::simulation
