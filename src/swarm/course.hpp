// The course of a job: how its tasks wait, end and are done again, what follows from that for those that stand on them,
// and for the job itself. All transitions are here, each with its event; who asks for them is in queue_*.cpp and
// checking.cpp.
//
// The caller holds one JobRow for the whole change, hands it on by reference and saves it at the end. A TaskRow that is
// handed in is saved by what it is handed to. Threads: as the Database.
#pragma once

#include <array>
#include <cstdint>
#include <ec/swarm/queue.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "fair_share.hpp"
#include "payment.hpp"
#include "rows.hpp"
#include "shapes.hpp"

namespace ec::swarm {

/// How long tasks of a kind take: near their 95th percentile, by small steps up and smaller ones down.
class Pace {
public:
    void took(TaskKind kind, std::int64_t milliseconds);
    [[nodiscard]] std::int64_t usual_ms(TaskKind kind) const { return usual_.at(static_cast<std::size_t>(kind)); }

private:
    std::array<std::int64_t, 7> usual_{};
};

class Course {
public:
    Course(Rows& rows, Shapes& shapes, FairShare& share, Payment& payment, const Pricing& pricing,
           const QueueRules& rules)
        : rows_(rows), shapes_(shapes), share_(share), payment_(payment), pricing_(pricing), rules_(rules) {}

    /// Where tasks of this kind wait, for this job; verifications before new work.
    static std::int64_t priority_of(const JobRow& job, const TaskRow& task);
    /// Lets it wait from `at_ms` on.
    Status enqueue(JobRow& job, TaskRow& task, std::int64_t at_ms, std::string_view reason, std::int64_t now_ms);
    /// `tasks` more of the account wait in a lane.
    Status arrive(const std::string& account, std::int64_t shape, std::int64_t priority, std::int64_t tasks);
    /// It goes back to those that wait, at its old place and `delay_ms` later.
    Status requeue(JobRow& job, TaskRow& task, std::int64_t delay_ms, std::string_view reason, std::int64_t now_ms);
    /// An attempt came to nothing through its worker: once more without it, or dead.
    Status failed_attempt(JobRow& job, TaskRow& task, std::string_view reason, std::int64_t now_ms);
    /// Its result waits to be checked.
    Status to_verifying(JobRow& job, TaskRow& task, std::string_view reason, std::int64_t now_ms);
    /// A result that counts: it is paid, and the task or the one that it helps is done.
    Status accept(JobRow& job, TaskRow& task, std::string_view reason, bool paid, std::int64_t now_ms);
    /// A result that does not: the task is done again without its worker; a helper has failed.
    Status discard(JobRow& job, TaskRow& task, std::string_view reason, std::int64_t now_ms);
    /// The task has ended; those that help it are stopped, those that stand on it go on.
    Status end_task(JobRow& job, TaskRow& task, State state, std::string_view reason, std::int64_t now_ms);
    /// A new task that helps `subject`, never by its worker nor by that of `not_by`; one that checks it, not by others
    /// of their accounts either, unless it is the submitter's own account that made the result.
    Status add_helper(JobRow& job, TaskRow& subject, Role role, std::int64_t decides, const TaskRow* not_by,
                      std::int64_t now_ms);
    Status end_job(JobRow& job, State state, std::string_view reason, std::int64_t result_task, std::int64_t now_ms);
    /// The task of work that a helper helps, at the end of it.
    Result<TaskRow> work_of(const TaskRow& task);
    /// The check that found this result wrong, where one did and nobody has decided yet.
    Result<std::optional<TaskRow>> doubt_of(const TaskRow& task);
    /// Before a job ends by its submitter's doing: patches that are there and that no check found wrong are paid, for
    /// he may have read them; of a search only the first.
    Status pay_waiting(JobRow& job, std::string_view reason, std::int64_t now_ms);
    /// Pays for a task of `role` verify or replica.
    Status pay_check(JobRow& job, const TaskRow& check, std::int64_t now_ms);
    /// After tasks ended, or one began to be checked.
    Status settle(JobRow& job, std::int64_t now_ms);

    Status note(JobRow& job, const TaskRow& task, std::string_view reason, const std::string& worker,
                std::int64_t now_ms);

private:
    Result<std::string> result_of(const JobRow& job, const TaskRow& task);
    Status close_task(JobRow& job, TaskRow& task, State state, std::string_view reason, std::int64_t now_ms);
    Status adopt(JobRow& job, TaskRow& helper, std::string_view reason, bool paid, std::int64_t now_ms);
    Status settle_dependents(JobRow& job, const TaskRow& ended, std::int64_t now_ms);
    Status finish_from_tasks(JobRow& job, std::int64_t now_ms);
    Status pay_plans(JobRow& job, std::int64_t now_ms);
    Status keep_for_others(const JobRow& job);
    Status keep_from(const JobRow& job, const TaskRow& helper, const TaskRow& subject, const TaskRow& of);
    Status search_once_more(JobRow& job, TaskRow& replica, std::string_view reason, std::int64_t now_ms);

    Rows& rows_;
    Shapes& shapes_;
    FairShare& share_;
    Payment& payment_;
    const Pricing& pricing_;
    const QueueRules& rules_;
};

/// Whether a task that ended so gives those that stand on it what they need.
bool fulfils(const TaskRow& task);
/// In whose name work is shared by the action cache.
std::string cache_scope(const JobRow& job);

inline constexpr std::int64_t kForever = INT64_MAX;

}  // namespace ec::swarm
