// Why a job waits, in words: each reason with the number of workers that it holds for.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ec/swarm/group_of_one.hpp>
#include <map>

#include "queue_inside.hpp"

namespace ec::swarm {
namespace {

std::string workers(std::size_t count, std::size_t all) {
    return fmt::format("{} of {} {}", count, all, all == 1 ? "worker" : "workers");
}

/// The first thing that an offer lacks, in words.
std::string lacking_words(const Shape& shape, const Offer& offer, Lack lack) {
    switch (lack) {
        case Lack::group:
            return is_group_of_one(shape.group) ? "is not the one that is trusted with it"
                                                : fmt::format("is not in the group {}", shape.group.text());
        case Lack::language: {
            std::vector<std::string> missing;
            for (const std::string& language : shape.needs.languages)
                if (std::ranges::find(offer.languages, language) == offer.languages.end()) missing.push_back(language);
            return fmt::format("has no {}", fmt::join(missing, " and no "));
        }
        case Lack::memory:
            return fmt::format("has less than {} MB of memory", shape.needs.memory_mb);
        case Lack::model:
            return fmt::format("has no {} model", shape.needs.model_class);
        case Lack::gpu:
            return "has no gpu";
        case Lack::kind:  // such a worker is not counted
        case Lack::nothing:
            break;
    }
    return {};
}

/// Nobody here does such tasks at all.
std::string nobody_does(const Shape& shape) {
    switch (shape.kind) {
        case TaskKind::decompose:
        case TaskKind::merge:
        case TaskKind::escalate:
            return fmt::format("nobody is here who does {}: edgecoderd inference starts one", name(shape.kind));
        case TaskKind::attempt:
            return "no worker with a model is here: edgecoder worker --model NAME starts one";
        default:
            return "no worker is here: edgecoder worker starts one";
    }
}

/// Counts by reason, in the order in which they were found.
class Reasons {
public:
    void add(const std::string& words) {
        const auto found = std::ranges::find(counts_, words, &std::pair<std::string, std::size_t>::first);
        if (found == counts_.end())
            counts_.emplace_back(words, 1);
        else
            ++found->second;
    }
    [[nodiscard]] std::vector<std::string> lines(std::size_t all) const {
        std::vector<std::string> lines;
        for (const auto& [words, count] : counts_) lines.push_back(fmt::format("{}: {}", workers(count, all), words));
        return lines;
    }

private:
    std::vector<std::pair<std::string, std::size_t>> counts_;
};

/// Until when; 0: it is not.
Result<std::int64_t> excluded(Queue::Inside& inside, const TaskRow& task, const std::string& worker,
                              std::int64_t now_ms) {
    EC_ASSIGN(sql::Statement * row,
              inside.rows.database().cached("SELECT until_ms FROM task_exclusion WHERE job = ?1 AND number = ?2 "
                                            "AND worker = ?3 AND until_ms > ?4"));
    EC_TRY(row->bind(task.job, task.number, worker, now_ms));
    EC_ASSIGN(const bool found, row->step());
    const std::int64_t until_ms = found ? row->integer(0) : 0;
    if (found) EC_TRY(row->step());  // to the end: an open row holds what it was read from
    return until_ms;
}

// Without the seconds: whoever watches is told again when the words change.
std::string failed_before(std::int64_t until_ms) {
    return until_ms == kForever ? "tried this task before and failed"
                                : "tried this task before and failed; after some minutes it may again";
}

/// Why this worker does not have it; empty: it may, and has room.
Result<std::string> why_not(Queue::Inside& inside, const TaskRow& task, const Shape& shape, const Present& worker,
                            std::int64_t now_ms) {
    if (const Lack lack = lacking(shape, worker.offer); lack != Lack::nothing)
        return lacking_words(shape, worker.offer, lack);
    EC_ASSIGN(const bool barred, inside.trust.barred(worker.node.text(), now_ms));
    if (barred) return std::string("was caught with a wrong result and gets no work for a while");
    const bool checks = task.role == Role::verify || task.role == Role::replica;
    EC_ASSIGN(const std::int64_t account_out, excluded(inside, task, account_word(worker.account), now_ms));
    EC_ASSIGN(const std::int64_t out, excluded(inside, task, worker.node.text(), now_ms));
    if (account_out > 0 && out == 0)
        return std::string(checks ? "is of an account that made or checked the result"
                                  : "is of an account that tried this task before and failed");
    if (out > 0) {
        return task.role == Role::verify ? "made the result that is to be verified" : failed_before(out);
    }
    if (!worker.holding_back.empty()) return fmt::format("is holding back ({})", worker.holding_back);
    const int places = worker.slots + (task.role == Role::verify ? 1 : 0);  // a check is taken beside the work
    if (worker.busy >= places) return std::string("has all slots in use");
    return std::string();
}

/// Of those that are ready: the one that explains the most waits at the head.
Result<std::vector<std::string>> ready_reasons(Queue::Inside& inside, const JobRow& job, const TaskRow& task,
                                               std::span<const Present> present, std::int64_t now_ms) {
    EC_ASSIGN(const Shape shape, inside.shapes.at(task.shape));
    Reasons reasons;
    std::size_t able = 0;
    std::size_t free = 0;
    for (const Present& worker : present) {
        if (lacking(shape, worker.offer) == Lack::kind) continue;
        ++able;
        EC_ASSIGN(const std::string why, why_not(inside, task, shape, worker, now_ms));
        if (why.empty())
            ++free;
        else
            reasons.add(why);
    }
    std::vector<std::string> lines = reasons.lines(able);
    if (able == 0) lines.push_back(nobody_does(shape));
    if (task.waits && *task.waits > now_ms)
        lines.push_back(fmt::format("it is tried again in {} s", (*task.waits - now_ms + 999) / 1000));
    if (free == 0) return lines;
    EC_ASSIGN(const std::vector<Lane> lanes, inside.share.best(task.shape, 256));
    const auto own = std::ranges::find(lanes, task.lane, &Lane::id);
    const auto ahead = static_cast<std::size_t>(own - lanes.begin());
    if (ahead > 0)
        lines.push_back(fmt::format("{} other {} its turn first: of higher priority, or having used the swarm less",
                                    ahead, ahead == 1 ? "account or priority has" : "accounts or priorities have"));
    EC_ASSIGN(sql::Statement * row,
              inside.rows.database().cached("SELECT COUNT(*) FROM (SELECT 1 FROM task WHERE lane = ?1 "
                                            "AND waits IS NOT NULL AND waits < ?2 LIMIT 1000) AS before"));
    EC_TRY(row->bind(task.lane, task.waits.value_or(0)));
    EC_TRY(row->step());
    if (row->integer(0) > 0)
        lines.push_back(fmt::format("{}{} tasks of {} wait before it", row->integer(0) >= 1000 ? "more than " : "",
                                    row->integer(0), job.account));
    if (lines.empty() || (ahead == 0 && row->integer(0) == 0))
        lines.push_back(fmt::format("{} may take it now", workers(free, able)));
    return lines;
}

/// Whether one of those who are here may take it: at once, or when it has a slot or its owner lets it.
Result<bool> anybody_may(Queue::Inside& inside, const TaskRow& task, std::span<const Present> present,
                         std::int64_t now_ms) {
    EC_ASSIGN(const Shape shape, inside.shapes.at(task.shape));
    for (const Present& worker : present) {
        if (lacking(shape, worker.offer) != Lack::nothing) continue;
        EC_ASSIGN(const bool barred, inside.trust.barred(worker.node.text(), now_ms));
        EC_ASSIGN(const std::int64_t out, excluded(inside, task, worker.node.text(), now_ms));
        if (!barred && out == 0) return true;
    }
    return false;
}

/// The work whose result waits for a check, and nobody makes one or may.
Result<std::vector<std::string>> unchecked(Queue::Inside& inside, const std::vector<TaskRow>& tasks,
                                           std::span<const Present> present, std::int64_t now_ms) {
    std::map<std::int64_t, bool> hope;  // by the number of the work
    for (const TaskRow& task : tasks) {
        if (task.role == Role::work || ended(task.state)) continue;
        EC_ASSIGN(const TaskRow work, inside.course.work_of(task));
        if (work.state != State::verifying) continue;
        bool& any = hope[work.number];
        if (any) continue;
        any = task.state == State::leased || task.state == State::running;
        if (!any && task.state == State::queued) {
            EC_ASSIGN(any, anybody_may(inside, task, present, now_ms));
        }
    }
    std::vector<std::string> keys;
    for (const TaskRow& task : tasks) {
        const auto found = hope.find(task.number);
        if (found != hope.end() && !found->second) keys.push_back(task.key);
    }
    return keys;
}

}  // namespace

Result<Explanation> Queue::explain(const std::string& account, const JobId& id, std::span<const Present> here) {
    Inside& inside = *inside_;
    std::vector<Present> present(here.begin(), here.end());
    for (Present& worker : present) worker.offer.groups.push_back(group_of_one(worker.node));
    EC_ASSIGN(const JobRow job, inside.seen_by(account, id));
    EC_ASSIGN(const std::int64_t now_ms, inside.now());
    Explanation explanation;
    if (ended(job.state)) {
        explanation.summary = fmt::format("the job is {}", name(job.state));
        if (!job.reason.empty()) explanation.reasons.push_back(job.reason);
        return explanation;
    }
    EC_ASSIGN(const std::vector<TaskRow> tasks, inside.rows.tasks(job.id));
    std::size_t ready = 0, blocked = 0, running = 0, checking = 0;
    std::vector<std::int64_t> shapes;
    for (const TaskRow& task : tasks) {
        if (task.state == State::leased || task.state == State::running) ++running;
        if (task.state == State::verifying) ++checking;
        if (task.state != State::queued) continue;
        if (!task.waits) {
            ++blocked;
            continue;
        }
        ++ready;
        if (std::ranges::find(shapes, task.shape) != shapes.end()) continue;
        shapes.push_back(task.shape);
        EC_ASSIGN(const std::vector<std::string> lines, ready_reasons(inside, job, task, present, now_ms));
        for (const std::string& line : lines) explanation.reasons.push_back(fmt::format("{}: {}", task.key, line));
    }
    if (blocked > 0)
        explanation.reasons.push_back(fmt::format("{} {} for others that are not verified yet", blocked,
                                                  blocked == 1 ? "task waits" : "tasks wait"));
    if (checking > 0 && job.verification == Verification::submitter)
        explanation.reasons.push_back(
            fmt::format("{} {} for your own verdict", checking, checking == 1 ? "result waits" : "results wait"));
    EC_ASSIGN(explanation.unchecked, unchecked(inside, tasks, present, now_ms));
    explanation.summary = fmt::format("the job is {}: {} running, {} ready, {} waiting for others, {} being verified",
                                      name(job.state), running, ready, blocked, checking);
    return explanation;
}

}  // namespace ec::swarm
