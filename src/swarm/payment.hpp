// Money and proof of what the queue does: a job's hold, what is paid out of it, and the leaves of the log.
//
// A hold is named after its job, a payment after the task that it is for, so that nothing is paid twice however often a
// change is run.
//
// Pay that rests on the word of other workers is pending first: it lies in an account beside the worker's, and is the
// worker's when `clear_ms` are over, or goes back to the submitter when the worker is found lying meanwhile. Pay for
// what the submitter wants unchecked, judges himself or has done by his own machines is the worker's at once.
// Threads: as the Database.
#pragma once

#include <cstdint>
#include <ec/ledger/books.hpp>
#include <ec/ledger/log.hpp>
#include <string>
#include <string_view>

#include "rows.hpp"

namespace ec::swarm {

class Payment {
public:
    Payment(sql::Database& database, ledger::Books& books, ledger::Log* log, std::int64_t clear_ms)
        : database_(database), books_(books), log_(log), clear_ms_(clear_ms) {}

    /// Sets job.held aside. `denied` when the account has too little.
    Status hold(const JobRow& job, std::int64_t now_ms);
    /// Pays `milli` for the task `number` to the worker of `by`. False: there is not so much left, or it was paid
    /// before.
    Result<bool> pay(JobRow& job, std::int64_t number, const TaskRow& by, std::int64_t milli, std::int64_t now_ms);
    /// Nothing that is pending for this worker will be its own.
    Status forfeit(const std::string& worker, std::int64_t now_ms);
    /// Moves pay that has been pending for long enough, or is forfeited; how many payments.
    Result<std::size_t> clear(unsigned most, std::int64_t now_ms);
    Status release(const JobRow& job);

    Status log_submit(const JobRow& job, std::string_view body_hash, std::int64_t now_ms);
    /// `result_hash`: of the sealed result.
    Status log_paid(const JobRow& job, const TaskRow& task, std::int64_t milli, std::string_view result,
                    std::int64_t now_ms);
    Status log_lie(const JobRow& job, const TaskRow& task, std::string_view result, std::int64_t now_ms);

private:
    struct Pending {
        std::string job;
        std::int64_t number = 0;
        std::string worker, account, payer;
        std::int64_t milli = 0;
        bool forfeited = false;
    };
    Result<bool> pay_once(const JobRow& job, std::int64_t number, const std::string& to, ledger::AccountKind kind,
                          std::int64_t milli, std::int64_t now_ms);
    Result<bool> post(std::string_view kind, std::string_view dedupe, const Pending& what, const std::string& to,
                      std::int64_t milli, std::int64_t now_ms);
    Result<std::vector<Pending>> due(unsigned most, std::int64_t now_ms);
    Status give_back(const Pending& pending, std::int64_t now_ms);

    sql::Database& database_;
    ledger::Books& books_;
    ledger::Log* log_;
    std::int64_t clear_ms_;
};

}  // namespace ec::swarm
