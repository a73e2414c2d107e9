// From what a worker hands in to what counts: who checks it, who is believed, and what a lie costs.
//
// A patch goes one of these ways: looked at by a second worker, and where the two differ by a third; kept for the
// submitter's own verdict; or accepted at once, where the job wants no checks. Running the tests again is cheap, so
// nobody is trusted there. A search that found nothing is believed when a second one found nothing either, or, by
// chance, from a worker that is trusted and took its time. Threads: as the Database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "course.hpp"
#include "trust.hpp"

namespace ec::swarm {

/// Why a result is done again that its submitter found wrong. These are counted, so no worker may say it.
inline constexpr std::string_view kRefused = "rejected_by_submitter";

class Checking {
public:
    Checking(Rows& rows, Course& course, Trust& trust, Payment& payment, const Pace& pace)
        : rows_(rows), course_(course), trust_(trust), payment_(payment), pace_(pace) {}

    /// The report's outcome, for a task that was leased and whose result is kept already.
    Status reported(JobRow& job, TaskRow& task, Outcome outcome, std::int64_t now_ms);
    /// The submitter's word on a result that waits.
    Status judged(JobRow& job, TaskRow& task, bool good, std::int64_t now_ms);

private:
    Status canary(JobRow& job, TaskRow& task, std::int64_t now_ms);
    Status solved(JobRow& job, TaskRow& task, std::int64_t now_ms);
    Status nothing(JobRow& job, TaskRow& task, std::int64_t now_ms);
    [[nodiscard]] bool took_no_time(const TaskRow& task, std::int64_t now_ms) const;
    Status searched_again(JobRow& job, TaskRow& replica, std::int64_t now_ms);
    Status checked(JobRow& job, TaskRow& check, bool good, std::int64_t now_ms);
    Status decided(JobRow& job, TaskRow& check, TaskRow& subject, bool good, std::int64_t now_ms);
    Result<bool> refused_enough(const JobRow& job, const TaskRow& task);
    Status lied(JobRow& job, const TaskRow& task, std::int64_t now_ms);
    Status take_from_liar(JobRow& job, TaskRow& task, std::int64_t now_ms);

    Rows& rows_;
    Course& course_;
    Trust& trust_;
    Payment& payment_;
    const Pace& pace_;
};

}  // namespace ec::swarm
