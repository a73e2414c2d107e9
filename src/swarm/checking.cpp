#include "checking.hpp"

#include "report_words.hpp"

namespace ec::swarm {
namespace {

constexpr unsigned kMostRedone = 256;      // results of one liar
constexpr std::int64_t kMostRefused = 16;  // results of one job, by its submitter
constexpr std::int64_t kMostRefusedWorkers = 5;
constexpr std::int64_t kNoTime = 8;       // a search that took less than this part of what is usual
constexpr std::int64_t kSearch = 10'000;  // where that is less, there is no telling

/// In whose name it is remembered that a result was right. What somebody's nodes make of his own jobs counts for those
/// alone: he could praise them for nothing, and then have others pay for work that nobody looks at.
std::string standing(const JobRow& job, const TaskRow& task) {
    return task.worker_account == job.account ? "own:" + task.worker : task.worker;
}

}  // namespace

Status Checking::reported(JobRow& job, TaskRow& task, Outcome outcome, std::int64_t now_ms) {
    task.outcome = outcome;
    if (task.kind == TaskKind::verify && task.role == Role::verify)
        return checked(job, task, outcome == Outcome::passed, now_ms);
    if (task.role == Role::replica && outcome == Outcome::nothing) return searched_again(job, task, now_ms);
    // Of a canary with an answer it is known that there is one: what was handed in is looked at like any other.
    const bool known = job.expected >= 0 && (outcome != Outcome::solved || job.expected != static_cast<int>(outcome));
    if (known && task.role == Role::work) return canary(job, task, now_ms);
    return outcome == Outcome::solved ? solved(job, task, now_ms) : nothing(job, task, now_ms);
}

Status Checking::solved(JobRow& job, TaskRow& task, std::int64_t now_ms) {
    if (job.verification == Verification::none) return course_.accept(job, task, "not_checked", true, now_ms);
    if (job.verification == Verification::submitter)
        return course_.to_verifying(job, task, "for_the_submitter", now_ms);
    EC_TRY(course_.to_verifying(job, task, "solved", now_ms));
    return course_.add_helper(job, task, Role::verify, -1, nullptr, now_ms);
}

Status Checking::nothing(JobRow& job, TaskRow& task, std::int64_t now_ms) {
    if (task.role == Role::backup) return course_.end_task(job, task, State::done, "nothing", now_ms);
    // A plan is paid by what comes of it, so nobody gains by saying that there is none: no second word is waited for.
    if (task.kind == TaskKind::decompose) return course_.accept(job, task, "no_plan", false, now_ms);
    if (job.verification == Verification::none) return course_.accept(job, task, "not_checked", true, now_ms);
    if (job.verification != Verification::always && task.reason != kNoTestSeen && !took_no_time(task, now_ms)) {
        EC_ASSIGN(const bool check, trust_.must_check(standing(job, task), task.kind));
        if (!check) return course_.accept(job, task, "trusted", true, now_ms);
    }
    EC_TRY(course_.to_verifying(job, task, "nothing", now_ms));
    return course_.add_helper(job, task, Role::replica, -1, nullptr, now_ms);
}

// Whoever says so without having looked can do it hundreds of times before chance finds him out. Where the search was
// really that short, the second is short too.
bool Checking::took_no_time(const TaskRow& task, std::int64_t now_ms) const {
    const std::int64_t usual = pace_.usual_ms(task.kind);
    return usual >= kSearch && now_ms - task.leased_ms < usual / kNoTime;
}

Status Checking::searched_again(JobRow& job, TaskRow& replica, std::int64_t now_ms) {
    EC_ASSIGN(TaskRow subject, rows_.task(job.id, replica.subject));
    const bool agrees = subject.state == State::verifying && subject.outcome == Outcome::nothing;
    if (agrees) {
        EC_TRY(trust_.agreed(standing(job, subject), subject.kind));
        EC_TRY(trust_.agreed(standing(job, replica), replica.kind));
        EC_TRY(course_.pay_check(job, replica, now_ms));
    }
    EC_TRY(course_.end_task(job, replica, State::done, agrees ? "agreed" : "not_needed", now_ms));
    return agrees ? course_.accept(job, subject, "agreed", true, now_ms) : Status{};
}

Status Checking::canary(JobRow& job, TaskRow& task, std::int64_t now_ms) {
    if (job.expected == static_cast<std::int64_t>(task.outcome)) {
        EC_TRY(trust_.agreed(task.worker, task.kind));
        return course_.accept(job, task, "as_expected", true, now_ms);
    }
    EC_TRY(lied(job, task, now_ms));
    if (ended(job.state)) return {};
    return course_.discard(job, task, "not_as_expected", now_ms);
}

Status Checking::checked(JobRow& job, TaskRow& check, bool good, std::int64_t now_ms) {
    EC_ASSIGN(TaskRow subject, rows_.task(job.id, check.subject));
    if (subject.state != State::verifying) return course_.end_task(job, check, State::cancelled, "not_needed", now_ms);
    if (check.decides >= 0) return decided(job, check, subject, good, now_ms);
    EC_TRY(course_.end_task(job, check, State::done, good ? "passed" : "rejected", now_ms));
    if (!good) return course_.add_helper(job, subject, Role::verify, check.number, &check, now_ms);
    EC_TRY(trust_.agreed(standing(job, subject), subject.kind));
    EC_TRY(course_.pay_check(job, check, now_ms));
    if (subject.role != Role::replica) return course_.accept(job, subject, "verified", true, now_ms);
    // Found where another said there is nothing. It may have had less time: no lie, but no merit either.
    EC_ASSIGN(const TaskRow searched, rows_.task(job.id, subject.subject));
    EC_TRY(course_.accept(job, subject, "verified", true, now_ms));
    EC_ASSIGN(const bool too_often, trust_.doubted(searched.worker, searched.kind));
    return too_often ? lied(job, searched, now_ms) : Status{};
}

// Two against one: who made the result, who looked at it first, who looks now.
Status Checking::decided(JobRow& job, TaskRow& check, TaskRow& subject, bool good, std::int64_t now_ms) {
    EC_ASSIGN(const TaskRow first, rows_.task(job.id, check.decides));
    EC_TRY(course_.end_task(job, check, State::done, good ? "passed" : "rejected", now_ms));
    EC_TRY(trust_.agreed(standing(job, check), TaskKind::verify));
    EC_TRY(course_.pay_check(job, check, now_ms));
    if (good) {
        // First what is right: the liar's own search, which goes with all it did, may be the one that this settles.
        EC_TRY(trust_.agreed(standing(job, subject), subject.kind));
        EC_TRY(course_.accept(job, subject, "verified", true, now_ms));
        return lied(job, first, now_ms);
    }
    EC_TRY(trust_.agreed(standing(job, first), TaskKind::verify));
    EC_TRY(course_.pay_check(job, first, now_ms));
    EC_TRY(lied(job, subject, now_ms));
    if (ended(job.state)) return {};
    return course_.discard(job, subject, "rejected_by_verifier", now_ms);
}

Status Checking::judged(JobRow& job, TaskRow& task, bool good, std::int64_t now_ms) {
    // It moves no trust: somebody might praise his own workers. That there is nothing to be found nobody has seen.
    if (good) return course_.accept(job, task, "verdict", task.outcome == Outcome::solved, now_ms);
    EC_ASSIGN(const std::optional<TaskRow> agrees, course_.doubt_of(task));
    if (agrees) EC_TRY(course_.pay_check(job, *agrees, now_ms));
    EC_ASSIGN(const bool enough, refused_enough(job, task));
    EC_TRY(course_.discard(job, task, kRefused, now_ms));
    return enough ? course_.end_job(job, State::dead, "too_many_rejections", -1, now_ms) : Status{};
}

// With this one. Whoever finds fault with everything has others work for nothing.
Result<bool> Checking::refused_enough(const JobRow& job, const TaskRow& task) {
    EC_ASSIGN(sql::Statement * row,
              rows_.database().cached("SELECT COUNT(*), COUNT(DISTINCT CASE WHEN node <> ?3 THEN node END) FROM event "
                                      "WHERE job = ?1 AND type = 'state' AND reason = ?2"));
    EC_TRY(row->bind(job.id, kRefused, task.worker));
    EC_TRY(row->step());
    const bool enough = row->integer(0) + 1 >= kMostRefused || row->integer(1) + 1 >= kMostRefusedWorkers;
    EC_TRY(row->step());  // to the end: an open row holds what it was read from
    return enough;
}

// All that the liar handed in and that does not count yet, and what it has in hand, is done again, and what it was paid
// on others' word goes back. `task` itself is its caller's matter.
Status Checking::lied(JobRow& job, const TaskRow& task, std::int64_t now_ms) {
    EC_TRY(trust_.lied(task.worker, now_ms));
    EC_TRY(payment_.forfeit(task.worker, now_ms));
    EC_ASSIGN(const std::string result, rows_.sealed(job.id, SealedPlace::result(task.number)));
    EC_TRY(payment_.log_lie(job, task, result, now_ms));
    EC_TRY(course_.note(job, task, "lied", task.worker, now_ms));
    EC_ASSIGN(sql::Statement * rows, rows_.database().cached("SELECT job, number FROM task WHERE holder = ?1 "
                                                             "ORDER BY job, number LIMIT ?2"));
    EC_TRY(rows->bind(task.worker, kMostRedone));
    std::vector<TaskPlace> places;
    EC_TRY(each_row(*rows, [&](const sql::Statement& row) {
        TaskPlace place{.job = row.text(0), .number = row.integer(1)};
        if (place.job != task.job || place.number != task.number) places.push_back(std::move(place));
    }));
    for (const TaskPlace& place : places) {
        if (place.job == job.id) {
            EC_ASSIGN(TaskRow other, rows_.task(place.job, place.number));
            EC_TRY(take_from_liar(job, other, now_ms));
            continue;
        }
        EC_ASSIGN(JobRow other_job, rows_.job(place.job));
        EC_ASSIGN(TaskRow other, rows_.task(place.job, place.number));
        EC_TRY(take_from_liar(other_job, other, now_ms));
        EC_TRY(rows_.save(other_job));
    }
    return {};
}

Status Checking::take_from_liar(JobRow& job, TaskRow& task, std::int64_t now_ms) {
    if (task.state == State::verifying) return course_.discard(job, task, "made_by_a_liar", now_ms);
    const bool in_hand = task.state == State::leased || task.state == State::running;
    return in_hand ? course_.requeue(job, task, 0, "held_by_a_liar", now_ms) : Status{};
}

}  // namespace ec::swarm
