// What a Queue is made of. One a connection; see queue.hpp for threads and errors.
#pragma once

#include <ec/swarm/queue.hpp>

#include "checking.hpp"
#include "course.hpp"
#include "fair_share.hpp"
#include "payment.hpp"
#include "rows.hpp"
#include "shapes.hpp"
#include "trust.hpp"

namespace ec::swarm {

struct Queue::Inside {
    Inside(Parts given, QueueRules its_rules);

    /// The database's time: what leases and budgets are measured by.
    Result<std::int64_t> now();
    /// `not_found` also for somebody else's.
    Result<JobRow> job_of(const std::string& account, const JobId& id);
    /// The same to look at only.
    Result<JobRow> seen_by(const std::string& account, const JobId& id);

    Parts parts;
    QueueRules rules;
    Rows rows;
    Shapes shapes;
    FairShare share;
    Trust trust;
    Payment payment;
    Pace pace;
    Course course;
    Checking checking;
};

/// Adds tasks to a job: the first ones, or those that a task makes. `keys` holds those that the job has, with their
/// numbers and states, and gets the new ones. Checked before (check_tasks()).
struct KnownTask {
    std::int64_t number = 0;
    State state = State::queued;
    bool fulfilled = false;
};
using KnownTasks = std::map<std::string, KnownTask, std::less<>>;
/// Tasks that come to wait, by shape and priority.
using Arrivals = std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>;
Status add_tasks(Queue::Inside& inside, JobRow& job, std::span<const NewTask> tasks, KnownTasks& keys,
                 Arrivals& arrivals, std::int64_t now_ms);
/// Counts those of an account that came, once for all of one call.
Status let_in(Queue::Inside& inside, const std::string& account, const Arrivals& arrivals);

/// `invalid_argument` for sizes, names, unknown keys and cycles; `keys` are those that the job has.
Status check_tasks(std::span<const NewTask> tasks, const KnownTasks& keys, std::size_t most);
Status check_job(const NewJob& job);

}  // namespace ec::swarm
