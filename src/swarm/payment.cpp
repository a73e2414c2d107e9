#include "payment.hpp"

#include <fmt/format.h>

#include <array>
#include <ec/crypto/sha256.hpp>
#include <map>

namespace ec::swarm {
namespace {

// A hold outlives its job's budget, so that what is verified at the very end is paid.
constexpr std::int64_t kHoldGrace = 86'400'000;

std::string hold_name(const JobRow& job) { return "job:" + job.id; }

/// What may be bytes of any kind, as a text.
std::string digest_of(std::string_view bytes) { return crypto::sha256(bytes).hex(); }

}  // namespace

std::string pending_account(std::string_view account) { return fmt::format("pending/{}", account); }

Status Payment::hold(const JobRow& job, std::int64_t now_ms) {
    if (job.held == 0) return {};
    const auto amount = ledger::Credits::milli(job.held);
    const std::int64_t expires = std::max(job.ends_ms, now_ms) + kHoldGrace;
    Status held = books_.hold(hold_name(job), job.account, amount, expires);
    if (held || held.error().code != ErrorCode::not_found) return held;
    EC_TRY(books_.open_account(job.account, ledger::AccountKind::user, ledger::Credits{}));
    return books_.hold(hold_name(job), job.account, amount, expires);
}

Result<bool> Payment::pay_once(const JobRow& job, std::int64_t number, const std::string& to, ledger::AccountKind kind,
                               std::int64_t milli, std::int64_t now_ms) {
    const auto paid = [&] {
        return books_.pay(hold_name(job), task_id(job.id, number).text(), to, ledger::Credits::milli(milli), now_ms);
    };
    Result<bool> moved = paid();
    if (moved || moved.error().code != ErrorCode::not_found) return moved;
    EC_TRY(books_.open_account(to, kind, ledger::Credits{}));
    return paid();
}

Result<bool> Payment::pay(JobRow& job, std::int64_t number, const TaskRow& by, std::int64_t milli,
                          std::int64_t now_ms) {
    const std::string& account = by.worker_account;
    if (milli <= 0 || account.empty() || job.spent + milli > job.held) return false;
    const bool others_word = job.verification == Verification::adaptive || job.verification == Verification::always;
    const bool pends = clear_ms_ > 0 && others_word && account != job.account;
    EC_ASSIGN(const bool paid,
              pends ? pay_once(job, number, pending_account(account), ledger::AccountKind::escrow, milli, now_ms)
                    : pay_once(job, number, account, ledger::AccountKind::user, milli, now_ms));
    if (!paid) return false;
    job.spent += milli;
    if (!pends) return true;
    EC_ASSIGN(sql::Statement * row,
              database_.cached("INSERT INTO pending (job, number, worker, account, payer, milli, clears_ms, forfeited) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)"));
    EC_TRY(row->run(job.id, number, by.worker, account, job.account, milli, now_ms + clear_ms_));
    return true;
}

Status Payment::forfeit(const std::string& worker, std::int64_t now_ms) {
    EC_ASSIGN(sql::Statement * rows,
              database_.cached("UPDATE pending SET forfeited = 1, clears_ms = ?2 WHERE worker = ?1"));
    return rows->run(worker, now_ms);
}

Result<std::vector<Payment::Pending>> Payment::due(unsigned most, std::int64_t now_ms) {
    EC_ASSIGN(sql::Statement * rows,
              database_.cached("SELECT job, number, worker, account, payer, milli, forfeited FROM pending "
                               "WHERE clears_ms <= ?1 ORDER BY clears_ms, job, number LIMIT ?2"));
    EC_TRY(rows->bind(now_ms, most));
    std::vector<Pending> found;
    EC_TRY(each_row(*rows, [&found](const sql::Statement& row) {
        found.push_back({.job = row.text(0),
                         .number = row.integer(1),
                         .worker = row.text(2),
                         .account = row.text(3),
                         .payer = row.text(4),
                         .milli = row.integer(5),
                         .forfeited = row.integer(6) != 0});
    }));
    EC_ASSIGN(sql::Statement * gone, database_.cached("DELETE FROM pending WHERE job = ?1 AND number = ?2"));
    for (const Pending& each : found) {
        EC_TRY(gone->run(each.job, each.number));
        // On PostgreSQL another coordinator may have been between.
        if (database_.changed_rows() == 0) return fail(ErrorCode::timeout, "this pay was cleared at the same time");
    }
    return found;
}

Result<bool> Payment::post(std::string_view kind, std::string_view dedupe, const Pending& what, const std::string& to,
                           std::int64_t milli, std::int64_t now_ms) {
    const std::array<ledger::Entry, 2> entries{
        {{pending_account(what.account), ledger::Credits::milli(-milli)}, {to, ledger::Credits::milli(milli)}}};
    Result<bool> moved = books_.post(kind, dedupe, entries, now_ms);
    if (moved || moved.error().code != ErrorCode::not_found) return moved;
    EC_TRY(books_.open_account(to, ledger::AccountKind::user, ledger::Credits{}));
    return books_.post(kind, dedupe, entries, now_ms);
}

Status Payment::give_back(const Pending& pending, std::int64_t now_ms) {
    const std::string task = task_id(pending.job, pending.number).text();
    EC_TRY(post("take_back", "back " + task, pending, pending.payer, pending.milli, now_ms));
    if (log_ == nullptr) return {};
    return log_->append(fmt::format(R"({{"at":{},"milli":{},"task":"{}","type":"taken_back","worker":"{}"}})", now_ms,
                                    pending.milli, task, pending.worker),
                        now_ms);
}

// What clears for one account is one transaction, named after the first of its payments: each clears once.
Result<std::size_t> Payment::clear(unsigned most, std::int64_t now_ms) {
    EC_ASSIGN(const std::vector<Pending> found, due(most, now_ms));
    std::map<std::string, Pending> sums;
    for (const Pending& each : found) {
        if (each.forfeited) {
            EC_TRY(give_back(each, now_ms));
            continue;
        }
        const auto [sum, first] = sums.emplace(each.account, each);
        if (!first) sum->second.milli += each.milli;
    }
    for (const auto& [account, sum] : sums) {
        const std::string name = "clear " + task_id(sum.job, sum.number).text();
        EC_TRY(post("clear", name, sum, account, sum.milli, now_ms));
    }
    return found.size();
}

Status Payment::release(const JobRow& job) {
    if (job.held == 0) return {};
    return books_.release(hold_name(job));
}

// Leaves are compact JSON with sorted keys; ids need no escapes, and accounts are named by their hash.

Status Payment::log_submit(const JobRow& job, std::string_view body_hash, std::int64_t now_ms) {
    if (log_ == nullptr) return {};
    return log_->append(fmt::format(R"({{"account":"{}","at":{},"body":"{}","job":"{}","type":"submit"}})",
                                    digest_of(job.account), now_ms, digest_of(body_hash), job.id),
                        now_ms);
}

Status Payment::log_paid(const JobRow& job, const TaskRow& task, std::int64_t milli, std::string_view result,
                         std::int64_t now_ms) {
    if (log_ == nullptr) return {};
    return log_->append(fmt::format(R"({{"at":{},"milli":{},"result":"{}","task":"{}","type":"paid","worker":"{}"}})",
                                    now_ms, milli, digest_of(result), task_id(job.id, task.number).text(), task.worker),
                        now_ms);
}

Status Payment::log_lie(const JobRow& job, const TaskRow& task, std::string_view result, std::int64_t now_ms) {
    if (log_ == nullptr) return {};
    return log_->append(fmt::format(R"({{"at":{},"result":"{}","task":"{}","type":"lie","worker":"{}"}})", now_ms,
                                    digest_of(result), task_id(job.id, task.number).text(), task.worker),
                        now_ms);
}

}  // namespace ec::swarm
