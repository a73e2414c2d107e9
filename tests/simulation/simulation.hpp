// A swarm in one thread: the real queue, books and log on a database in memory, and around them a simulated clock,
// network and workers that crash, lie, sleep and come back late. One seed gives one course of events, byte for byte.
//
// What must never happen is checked at every step; the first breach ends the run.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/swarm/queue.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ec::simulation {

struct Figures;

/// Who submits, and how much.
struct Load {
    std::string account;
    std::int64_t from_ms = 0;
    unsigned at_once = 0;     ///< jobs, then
    unsigned per_minute = 0;  ///< jobs, from then on
};

struct Scenario {
    std::uint64_t seed = 1;
    unsigned workers = 200;
    std::int64_t busy_ms = 20 * 60'000;     ///< load and faults end here
    std::int64_t quiet_ms = 4 * 3'600'000;  ///< by when after that every job must have ended
    std::int64_t work_ms = 60'000;          ///< a task takes, on average
    std::int64_t check_ms = 3'000;          ///< running a result's tests again takes, on average
    std::int64_t heartbeat_ms = 30'000;
    std::int64_t poll_ms = 25'000;  ///< a worker without work asks again after
    unsigned liars = 100;           ///< of 1000 workers
    bool patient = false;           ///< a lie takes as long as the work that it stands for, else 2 s
    unsigned late = 200;  ///< of 1000 workers: they come later, some time in the first five sixths of the load
    unsigned known = 0;   ///< of 1000 workers: they come with results that agreed, if their ways would have had any
    bool known_liars = false;         ///< or if not: a worker of good standing turns bad
    std::int64_t known_results = 30;  ///< so many, on average
    unsigned crashes = 10;            ///< of 1000 leases
    unsigned sleeps = 10;             ///< of 1000 leases: silent past the lease, then the result
    unsigned lost = 10;               ///< of 1000 messages
    unsigned doubled = 10;            ///< of 1000 messages
    std::vector<Load> loads;
    swarm::QueueRules rules;
    bool watch_states = true;  ///< the checks that look at whole jobs at each lease
    std::int64_t audit_ms = 5 * 60'000;
    std::string fault;          ///< SQL: what a broken queue might do, planted to see whether the checks find it
    std::int64_t fault_ms = 0;  ///< when
    /// Told how far it is, every five simulated minutes; may be empty.
    std::function<void(std::int64_t minutes, const Figures&)> watcher;
};

/// What came of it.
struct Figures {
    std::string breach;  ///< what must not happen and did; empty: nothing
    std::string trace;   ///< a hash over every event
    std::uint64_t events = 0;
    std::uint64_t jobs = 0, jobs_done = 0, jobs_failed = 0;
    std::uint64_t paid = 0;          ///< payments for work
    std::uint64_t paid_wrongly = 0;  ///< of these, for a result that is wrong
    std::uint64_t unworked = 0;      ///< of these, right, and given without work
    std::uint64_t checks_paid = 0, checks_paid_wrongly = 0;
    std::uint64_t taken_back = 0;                    ///< payments, from liars; these are in none of the above
    std::uint64_t honest_taken_back = 0;             ///< of these, from workers that never lie
    std::uint64_t honest_barred = 0;                 ///< workers that never lie and were called liars
    std::map<std::string, std::uint64_t> wrong;      ///< what was paid wrongly, and to what sort of worker
    std::uint64_t lies = 0;                          ///< told
    std::uint64_t wrong_jobs = 0;                    ///< ended with a patch that is none, or without one that was there
    double work_s = 0, check_s = 0, again_s = 0;     ///< of workers: work, running tests again, searching again
    std::int64_t longest_wait_ms = 0;                ///< from a load's first submit to its first claim
    std::uint64_t unserved = 0;                      ///< loads that were never given a worker
    double load_wrong_share = 0, load_overhead = 0;  ///< when the load ended
    std::int64_t quiet_took_ms = 0;                  ///< until the last job ended, after the faults did

    [[nodiscard]] double wrong_share() const {
        const double all = static_cast<double>(paid + checks_paid);
        return all == 0 ? 0 : static_cast<double>(paid_wrongly + checks_paid_wrongly) / all;
    }
    [[nodiscard]] double overhead() const { return work_s == 0 ? 0 : (check_s + again_s) / work_s; }
};

Result<Figures> simulate(const Scenario& scenario);

}  // namespace ec::simulation
