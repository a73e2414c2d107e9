#include "queue_inside.hpp"

namespace ec::swarm {

Queue::Inside::Inside(Parts given, QueueRules its_rules)
    : parts(std::move(given)),
      rules(its_rules),
      rows(parts.database),
      shapes(parts.database),
      share(parts.database, rules.half_life_ms),
      trust(parts.database, rules.trusted_after, rules.bar_ms, parts.random),
      payment(parts.database, parts.books, parts.log, rules.clear_ms),
      course(rows, shapes, share, payment, parts.pricing, rules),
      checking(rows, course, trust, payment, pace) {}

Queue::Queue(Parts parts, QueueRules rules) : inside_(std::make_unique<Inside>(std::move(parts), rules)) {}
Queue::Queue(Queue&&) noexcept = default;
Queue::~Queue() = default;

Result<std::int64_t> Queue::Inside::now() {
    if (parts.database.dialect() == sql::Dialect::postgres) return parts.database.now_ms();
    return parts.now_ms();
}

Result<JobRow> Queue::Inside::job_of(const std::string& account, const JobId& id) {
    EC_ASSIGN(JobRow job, rows.job(id.text()));
    if (job.account != account) return fail(ErrorCode::not_found, "there is no such job");
    return job;
}

Result<JobRow> Queue::Inside::seen_by(const std::string& account, const JobId& id) {
    EC_ASSIGN(JobRow job, rows.seen(id.text()));
    if (job.account != account) return fail(ErrorCode::not_found, "there is no such job");
    return job;
}

Status Queue::set_weight(const std::string& account, std::int64_t milli) {
    return inside_->share.set_weight(account, milli);
}

}  // namespace ec::swarm
