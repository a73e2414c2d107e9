// The coordinator of a simulation: the real queue in transactions of a database in memory, watched from outside.
#pragma once

#include <ec/core/hash.hpp>
#include <ec/ledger/books.hpp>
#include <ec/ledger/log.hpp>
#include <ec/sql/sql.hpp>
#include <ec/swarm/queue.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "clockwork.hpp"
#include "simulation.hpp"

namespace ec::simulation {

inline constexpr std::string_view kGood = "good";
inline constexpr std::string_view kBad = "bad";

/// What the simulation knows of a job and no worker does.
struct JobTruth {
    std::size_t load = 0;
    int solution = -1;                                      ///< the shard that holds a patch; -1: none does
    std::map<std::string, std::vector<std::string>> after;  ///< empty: no task stands on another
};

/// What a task is there for, as the queue keeps it.
enum class Purpose { work, verify, replica, backup };

/// A lease, and what whoever works honestly will find.
struct Errand {
    swarm::Lease lease;
    Purpose purpose = Purpose::work;
    swarm::Outcome honest = swarm::Outcome::nothing;
};

using ErrandPtr = std::shared_ptr<const Errand>;

class Coordinator {
public:
    Coordinator(Clockwork& clock, const Scenario& scenario, Figures& figures);
    Status open();
    /// So many results of this worker agreed before the simulation began.
    void remember(const identity::NodeId& worker, std::int64_t results);

    Result<swarm::Submitted> submit(const std::string& account, const std::string& key, const swarm::NewJob& job,
                                    const JobTruth& truth);
    /// Null: there is nothing to do.
    ErrandPtr claim(const identity::Node& worker, const swarm::Offer& offer);
    std::optional<swarm::Renewal> renew(const identity::NodeId& worker, const swarm::Held& held);
    /// `worked`: the worker did what it is to be paid for.
    void complete(const identity::Node& worker, const Errand& errand, const swarm::Report& report, bool worked);
    void give_back(const identity::NodeId& worker, const swarm::Lease& lease);
    void sweep();
    void plant(const std::string& fault);
    /// The books add up, and what was paid is what workers have; the log grows.
    void audit();

    void acknowledged(const swarm::JobId& job) { acknowledged_.push_back(job.text()); }
    /// No job that was acknowledged is missing, and none has not ended.
    void expect_all_ended();
    bool all_ended();
    /// Watches no job any longer that ended by itself, before the queue removes it.
    void forget_ended();
    void breach(const std::string& what);
    [[nodiscard]] bool breached() const { return !figures_.breach.empty(); }

private:
    struct Answer {
        std::int64_t number = 0;
        swarm::Outcome outcome = swarm::Outcome::error;
        bool right = false;
        bool worked = false;
        std::string sort;  ///< of its worker
    };
    /// What was paid, until it is certain that it stays so.
    struct Credit {
        bool check = false;
        bool right = false;
        bool worked = false;
        bool honest = false;
        std::uint16_t path = 0;  ///< if not right: how it came to be paid, and to whom
    };
    /// What is kept of a job until it ends.
    struct Watch {
        JobTruth truth;
        std::map<std::int64_t, std::int64_t> fences;
        std::map<std::string, std::vector<Answer>> answers;  ///< by worker
        std::set<std::int64_t> paid;
    };
    /// In the open transaction. What fails ends the run, so nothing is undone.
    template <class Work>
    auto within(Work work) -> decltype(work());
    /// The same for what may be refused half way.
    template <class Work>
    auto within_or_undone(Work work) -> decltype(work());
    Status begin();
    Status commit();
    void check(const Status& status, std::string_view what);
    std::int64_t number_of(std::string_view query, const std::string& job, std::int64_t task);
    void watch_lease(const identity::Node& worker, const swarm::Lease& lease, Watch& watch, std::int64_t number);
    void watch_payments();
    void watch_payment(const std::string& task, const std::string& account, std::int64_t milli);
    void watch_taken_back(const std::string& task, std::int64_t milli);
    void watch_reason(const std::string& task, const std::string& reason, const Watch& watch,
                      const std::string& account);
    std::string reason_of(const std::string& task);
    std::uint16_t path_number(const std::string& path);
    std::int64_t state_of(const std::string& job);
    bool ended_wrongly(const std::string& job, swarm::State state, const JobTruth& truth);
    void count(const Credit& credit, bool paid);

    Clockwork& clock_;
    const Scenario& scenario_;
    Figures& figures_;
    std::optional<sql::Database> database_;
    std::optional<sql::Transaction> group_;
    unsigned grouped_ = 0;  ///< changes in it
    std::optional<ledger::Books> books_;
    std::optional<ledger::Log> log_;
    swarm::FixedPricing pricing_;
    std::optional<swarm::Queue> queue_;
    std::int64_t seen_txn_ = 0;
    std::int64_t paid_milli_ = 0;
    std::unordered_map<Hash128, Credit> credits_;  ///< by task
    std::vector<std::string> paths_;
    std::unordered_map<std::string, Watch> watched_;
    std::unordered_map<Hash128, Hash128> keys_;  ///< of submits → job
    std::vector<std::string> acknowledged_;
    std::map<std::size_t, std::int64_t> arrived_;  ///< load → when its first job came in, until its first claim
    std::set<std::size_t> served_;
    std::set<std::string> honest_;  ///< workers that never lie
};

}  // namespace ec::simulation
