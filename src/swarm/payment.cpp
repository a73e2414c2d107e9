#include "payment.hpp"

#include <fmt/format.h>

#include <ec/crypto/sha256.hpp>

namespace ec::swarm {
namespace {

// A hold outlives its job's budget, so that what is verified at the very end is paid.
constexpr std::int64_t kHoldGrace = 86'400'000;

std::string hold_name(const JobRow& job) { return "job:" + job.id; }

/// What may be bytes of any kind, as a text.
std::string digest_of(std::string_view bytes) { return crypto::sha256(bytes).hex(); }

}  // namespace

const std::string& Payment::Digested::of(std::string_view text) {
    if (digest_.empty() || text_ != text) {
        text_ = text;
        digest_ = digest_of(text);
    }
    return digest_;
}

Status Payment::hold(const JobRow& job, std::int64_t now_ms) {
    if (job.held == 0) return {};
    const auto amount = ledger::Credits::milli(job.held);
    const std::int64_t expires = std::max(job.ends_ms, now_ms) + kHoldGrace;
    Status held = books_.hold(hold_name(job), job.account, amount, expires);
    if (held || held.error().code != ErrorCode::not_found) return held;
    EC_TRY(books_.open_account(job.account, ledger::AccountKind::user, ledger::Credits{}));
    return books_.hold(hold_name(job), job.account, amount, expires);
}

Result<bool> Payment::pay(JobRow& job, std::int64_t number, const std::string& account, std::int64_t milli,
                          std::int64_t now_ms, ledger::Rest rest) {
    if (milli <= 0 || account.empty() || job.spent + milli > job.held) return false;
    const auto pay_once = [&] {
        return books_.pay(hold_name(job), task_id(job.id, number).text(), account, ledger::Credits::milli(milli),
                          now_ms, rest);
    };
    Result<bool> paid = pay_once();
    if (!paid && paid.error().code == ErrorCode::not_found) {
        EC_TRY(books_.open_account(account, ledger::AccountKind::user, ledger::Credits{}));
        paid = pay_once();
    }
    if (paid && *paid) {
        job.spent += milli;
        job.released = rest == ledger::Rest::released;
    }
    return paid;
}

Status Payment::release(const JobRow& job) {
    if (job.held == 0 || job.released) return {};
    return books_.release(hold_name(job));
}

// Leaves are compact JSON with sorted keys; ids need no escapes, and accounts are named by their hash.

Status Payment::log_submit(const JobRow& job, std::string_view body_hash, std::int64_t now_ms) {
    if (log_ == nullptr) return {};
    return log_->append(fmt::format(R"({{"account":"{}","at":{},"body":"{}","job":"{}","type":"submit"}})",
                                    account_.of(job.account), now_ms, body_.of(body_hash), job.id),
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
