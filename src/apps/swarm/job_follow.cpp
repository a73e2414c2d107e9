#include "job_follow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/core/time_or_stop.hpp>
#include <map>
#include <optional>
#include <set>

#include "../project_sandbox.hpp"
#include "job_result.hpp"
#include "result_check.hpp"
#include "tree_patch.hpp"

namespace ec::apps {
namespace {

using swarm::Event;
using swarm::JobStatus;
using swarm::Outcome;
using swarm::State;
using swarm::TaskStatus;

constexpr std::string_view kForUs = "for_the_submitter";
constexpr std::string_view kToCheck = "to_verify";
constexpr std::string_view kToSearchAgain = "to_search_again";
constexpr std::size_t kMostProgress = 400;

class Follower {
public:
    Follower(swarm::JobId id, const Following& with, std::stop_token stop)
        : id_(std::move(id)), with_(with), stop_(std::move(stop)) {}

    Result<JobStatus> run() {
        EC_TRY(look());
        if (swarm::ended(job_.state)) return std::move(job_);
        while (!swarm::ended(job_.state)) {
            EC_TRY(listen());
            EC_TRY(give_keys());
            EC_TRY(look());
            EC_TRY(judge_results());
            EC_TRY(tell_why_it_waits());
        }
        // What led to the end is told as well; the job counts without it.
        ending_ = true;
        if (!end_heard_) static_cast<void>(listen());
        return std::move(job_);
    }

private:
    Status look() {
        EC_ASSIGN(job_, with_.client.job(id_, stop_));
        return {};
    }

    /// Until something is to be done, or it was quiet for a while.
    Status listen() {
        const TimeOrStop limit(stop_, with_.quiet);
        bool any = false;
        const Status status = with_.client.watch(
            id_, after_,
            [&](const Event& event) {
                any = true;
                // Of a task that came up meanwhile: its name is asked for, once.
                if (!ending_ && !known(event.task) && asked_for_.insert(event.task).second) return false;
                after_ = event.sequence;
                hear(event);
                if (ending_) return true;
                if (event.type == "key_wanted") wanted_.push_back(event);
                return !calls_us(event);
            },
            limit.token());
        quiet_ = any ? 0 : quiet_ + 1;
        const bool waited = !status && status.error().code == ErrorCode::cancelled && !stop_.stop_requested();
        return waited ? Status{} : status;
    }

    static bool calls_us(const Event& event) {
        return event.type == "key_wanted" || event.reason == kForUs || event.reason == kToCheck ||
               event.reason == kToSearchAgain;
    }

    [[nodiscard]] bool known(const swarm::TaskId& id) const {
        return id.empty() || std::ranges::find(job_.tasks, id, &TaskStatus::id) != job_.tasks.end();
    }

    void hear(const Event& event) {
        const auto task = std::ranges::find(job_.tasks, event.task, &TaskStatus::id);
        const std::string key = task == job_.tasks.end() ? std::string() : task->key;
        std::string progress;
        if (event.type == "progress" && !event.data.empty() && learn_key()) {
            if (auto text = key_->open(event.data, swarm::progress_context(key))) {
                progress = ellipsize(to_valid_utf8(*text), kMostProgress);
            }
        }
        if (event.type == "state" && !event.task.empty()) states_[event.task] = event.state;
        if (event.type == "state" && event.task.empty()) end_heard_ = swarm::ended(event.state);
        with_.heard(event, key, progress);
    }

    /// Whether a worker looks at a result, or searches a second time: such tasks are not the job's own.
    [[nodiscard]] bool others_look() const {
        return std::ranges::any_of(states_, [this](const auto& seen) {
            const auto task = std::ranges::find(job_.tasks, seen.first, &TaskStatus::id);
            const bool own = task != job_.tasks.end() && task->kind != swarm::TaskKind::verify;
            return !own && (seen.second == State::leased || seen.second == State::running);
        });
    }

    bool learn_key() {
        if (key_) return true;
        if (auto key = job_key_of(job_)) key_ = *std::move(key);
        return key_.has_value();
    }

    /// The node's public key comes from the coordinator; that it is the one of the trusted id is checked here.
    Status give_keys() {
        for (const Event& event : std::exchange(wanted_, {})) {
            if (std::ranges::find(with_.trusted, event.node) == with_.trusted.end()) {
                with_.says(
                    fmt::format("node {} asks for the key of this job and is not among --trust", event.node.text()));
                continue;
            }
            const auto public_key = crypto::PublicKey::parse(event.data);
            if (!public_key || identity::NodeId::of(*public_key) != event.node) {
                with_.says(fmt::format("the coordinator names a key that is not that of node {}", event.node.text()));
                continue;
            }
            if (!learn_key()) return fail(ErrorCode::denied, "the key of this job is not on this machine");
            EC_ASSIGN(const crypto::BoxPublicKey box, crypto::BoxPublicKey::of(*public_key));
            EC_TRY(with_.client.give_key(id_, event.node, box.seal(key_->reveal()), stop_));
        }
        return {};
    }

    /// Results that nobody else can look at, as the coordinator says. It may be wrong: then this machine looks in vain.
    Result<std::vector<std::string>> unchecked() {
        if (std::ranges::none_of(job_.tasks, [](const TaskStatus& task) { return task.state == State::verifying; }))
            return std::vector<std::string>{};
        EC_ASSIGN(swarm::Explanation why, with_.client.explain(id_, stop_));
        return std::move(why.unchecked);
    }

    /// Of a job on which nobody works for a while: why, once for each answer.
    Status tell_why_it_waits() {
        const bool worked_on = std::ranges::any_of(job_.tasks, [](const TaskStatus& task) {
            return task.state == State::leased || task.state == State::running || task.state == State::verifying;
        });
        if (quiet_ == 0 || worked_on || swarm::ended(job_.state)) return {};
        EC_ASSIGN(const swarm::Explanation why, explain_job(id_, with_.client, stop_));
        if (why.reasons == told_) return {};
        told_ = why.reasons;
        for (const std::string& reason : told_) with_.says(fmt::format("waits    {}", reason));
        return {};
    }

    Status judge_results() {
        bool only_nothing = true;
        bool none_again = true;  // who could search a second time
        const bool alone = quiet_ > 0 && !others_look();
        EC_ASSIGN(const std::vector<std::string> left_to_us, unchecked());
        for (const TaskStatus& task : job_.tasks) {
            if (swarm::ended(task.state) || task.kind == swarm::TaskKind::verify) continue;
            if (stands_on_others(task)) continue;
            const bool waits = task.state == State::verifying;
            const bool ours = std::ranges::find(left_to_us, task.key) != left_to_us.end();
            only_nothing = only_nothing && waits && task.outcome == Outcome::nothing;
            none_again = none_again && ours;
            if (!waits || task.outcome != Outcome::solved || judged_.contains({task.id, task.attempts})) continue;
            if (task.reason == kForUs || ours || alone) {
                judged_.insert({task.id, task.attempts});
                EC_TRY(judge(task));
                return look();
            }
        }
        // Whatever could be searched was searched in vain, and nobody searches a second time.
        if (only_nothing && (none_again || (alone && quiet_ > 1)) && !swarm::ended(job_.state)) return accept_nothing();
        return {};
    }

    /// It begins only when others have ended.
    [[nodiscard]] bool stands_on_others(const TaskStatus& task) const {
        return task.state == State::queued && std::ranges::any_of(task.after, [this](const std::string& key) {
                   const auto before = std::ranges::find(job_.tasks, key, &TaskStatus::key);
                   return before != job_.tasks.end() && !swarm::ended(before->state);
               });
    }

    Status judge(const TaskStatus& task) {
        with_.says(is_part(task) ? fmt::format("looking at {} here", task.key)
                                 : fmt::format("running the tests of {} here", task.key));
        EC_ASSIGN(const bool good, holds(task));
        with_.says(good ? "the result holds" : "the result does not hold: it is refused");
        return told(with_.client.verdict(id_, task.id, good, stop_));
    }

    /// Of a split job, whose own tests pass only when the parts are together: the merge runs them after each part.
    static bool is_part(const TaskStatus& task) {
        return task.kind == swarm::TaskKind::subtask || task.kind == swarm::TaskKind::escalate;
    }

    /// What cannot be opened or does not fit is as bad as what fails; what this machine cannot do is no verdict.
    Result<bool> holds(const TaskStatus& task) {
        EC_ASSIGN(const crypto::SealKey key, job_key_of(job_));
        const auto result = open_result(key, task.key, task.result);
        if (!result) return false;
        EC_ASSIGN(const OpenedJob opened, OpenedJob::open(id_, job_, key, with_.client, stop_));
        if (is_part(task)) EC_TRY(lay_inputs(task, key, opened));
        const auto files = opened.files_of(*result);
        if (!files) return false;
        // Nothing to change is an answer only where tests were to be mended, and they tell.
        if (files->empty() && (!result->already_passing() || job_.kind == swarm::JobKind::best_of)) return false;
        // A part that changes nothing says that the tests pass with what it stands on: the merge would not see it.
        if (is_part(task) && !files->empty()) return true;
        EC_ASSIGN(const agent::ReviewVerdict verdict, opened.judge(*files, stop_));
        return verdict.outcome == agent::ReviewVerdict::Outcome::passed;
    }

    /// The patches that a part stands on, in their order.
    Status lay_inputs(const TaskStatus& task, const crypto::SealKey& key, const OpenedJob& opened) const {
        for (const std::string& name : task.after) {
            const auto input = std::ranges::find(job_.tasks, name, &TaskStatus::key);
            if (input == job_.tasks.end() || !is_part(*input)) continue;
            EC_ASSIGN(const swarm::TaskResult result, open_result(key, input->key, input->result));
            EC_ASSIGN(const auto files, opened.files_of(result));
            EC_TRY(write_files(files, opened.folder()));
        }
        return {};
    }

    Status accept_nothing() {
        for (const TaskStatus& task : job_.tasks) {
            if (task.state == State::verifying) EC_TRY(told(with_.client.verdict(id_, task.id, true, stop_)));
        }
        return look();
    }

    /// A verdict may come too late: somebody else was quicker, or the job has ended.
    static Status told(const Result<swarm::Completion>& completion) {
        if (completion || completion.error().code == ErrorCode::conflict) return {};
        return fail(completion.error());
    }

    swarm::JobId id_;
    const Following& with_;
    std::stop_token stop_;
    JobStatus job_;
    std::int64_t after_ = 0;
    bool ending_ = false;     ///< only what led to the end is still to be told
    bool end_heard_ = false;  ///< the last event
    int quiet_ = 0;           ///< listened in vain so many times in a row
    std::optional<crypto::SealKey> key_;
    std::vector<Event> wanted_;
    std::set<std::pair<swarm::TaskId, int>> judged_;  ///< results, by their attempt
    std::vector<std::string> told_;                   ///< why it waits, as it was said last
    std::set<swarm::TaskId> asked_for_;               ///< tasks of events that were not in the job when they came
    std::map<swarm::TaskId, State> states_;           ///< of tasks, by the last event
};

}  // namespace

Result<swarm::JobStatus> follow_job(const swarm::JobId& id, const Following& with, std::stop_token stop) {
    return Follower(id, with, std::move(stop)).run();
}

}  // namespace ec::apps
