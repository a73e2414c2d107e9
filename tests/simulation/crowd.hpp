// The workers of a simulation: honest ones, liars of several sorts, and what befalls any of them.
#pragma once

#include <string>
#include <vector>

#include "clockwork.hpp"
#include "coordinator.hpp"
#include "simulation.hpp"

namespace ec::simulation {

enum class Temper {
    honest,
    false_solver,   ///< hands in patches that are none, and passes everything
    idler,          ///< says there is nothing, and passes everything, without looking
    false_checker,  ///< works, but turns every verdict round
    sleeper,        ///< honest until it is trusted, then a false solver
    rubber_stamp,   ///< works, and passes everything without looking
};

class Crowd {
public:
    Crowd(Clockwork& clock, Network& network, Coordinator& coordinator, const Scenario& scenario, Figures& figures);
    void start();
    /// Nobody lies or fails any more.
    void reform() { reformed_ = true; }

private:
    struct Worker {
        identity::Node node;
        Temper temper = Temper::honest;
        std::uint64_t turn = 0;  ///< grows whenever what was arranged before no longer holds
        bool busy = false;
        unsigned done = 0;
    };
    struct Answer {
        swarm::Report report;
        bool worked = true;
        std::int64_t takes_ms = 0;
    };

    void ask(std::size_t who);
    void given(std::size_t who, std::uint64_t turn, const ErrandPtr& errand);
    void heartbeat(std::size_t who, std::uint64_t turn, const ErrandPtr& errand);
    void deliver(std::size_t who, std::uint64_t turn, const ErrandPtr& errand, const Answer& answer, unsigned tries);
    void rest(std::size_t who, std::int64_t ms);
    Answer answer(Worker& worker, const Errand& errand);
    bool lies(const Worker& worker, const Errand& errand);
    void account_time(const Errand& errand, std::int64_t ms);

    Clockwork& clock_;
    Network& network_;
    Coordinator& coordinator_;
    const Scenario& scenario_;
    Figures& figures_;
    swarm::Offer offer_;
    std::vector<Worker> workers_;
    bool reformed_ = false;
};

}  // namespace ec::simulation
