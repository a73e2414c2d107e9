// Money and proof of what the queue does: a job's hold, what is paid out of it, and the leaves of the log.
//
// A hold is named after its job, a payment after the task that it is for, so that nothing is paid twice however often a
// change is run. Threads: as the Database.
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
    Payment(ledger::Books& books, ledger::Log* log) : books_(books), log_(log) {}

    /// Sets job.held aside. `denied` when the account has too little.
    Status hold(const JobRow& job, std::int64_t now_ms);
    /// Pays `milli` for a task to the account of its worker; the last of the job: the rest of its hold is released with
    /// it. False: there is not so much left, or it was paid before.
    Result<bool> pay(JobRow& job, std::int64_t number, const std::string& account, std::int64_t milli,
                     std::int64_t now_ms, ledger::Rest rest = ledger::Rest::held);
    /// Unless that was done with the last payment.
    Status release(const JobRow& job);

    Status log_submit(const JobRow& job, std::string_view body_hash, std::int64_t now_ms);
    /// `result_hash`: of the sealed result.
    Status log_paid(const JobRow& job, const TaskRow& task, std::int64_t milli, std::string_view result,
                    std::int64_t now_ms);
    Status log_lie(const JobRow& job, const TaskRow& task, std::string_view result, std::int64_t now_ms);

private:
    /// The digest of what came last: many jobs come of one account, and in one request.
    class Digested {
    public:
        const std::string& of(std::string_view text);

    private:
        std::string text_, digest_;
    };

    ledger::Books& books_;
    ledger::Log* log_;
    Digested account_, body_;
};

}  // namespace ec::swarm
