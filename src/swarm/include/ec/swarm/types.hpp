// The words of the swarm: ids, kinds and states. Pure values.
//
// A job is what somebody submits; a task is the unit that is leased. A repair job has one task a shard, a best-of-N job
// one a sample, a split job at first one that decomposes it, which adds the others. job.hpp has what they consist of.
#pragma once

#include <compare>
#include <cstdint>
#include <ec/core/result.hpp>
#include <string>
#include <string_view>

namespace ec::swarm {

/// An id of one sort: 1 to 64 characters of [A-Za-z0-9_-]. Made by us as UUIDv7 (RFC 9562), so that they sort by time.
template <class Tag>
class Id {
public:
    Id() = default;
    static Result<Id> parse(std::string_view text) {
        bool good = !text.empty() && text.size() <= 64;
        for (const char c : text) {
            good = good &&
                   ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-');
        }
        if (!good) return fail(ErrorCode::invalid_argument, "an id is 1 to 64 letters, digits, - and _");
        Id id;
        id.text_ = text;
        return id;
    }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }
    auto operator<=>(const Id&) const = default;

private:
    std::string text_;
};
using JobId = Id<struct JobTag>;
using TaskId = Id<struct TaskTag>;
/// Of sealed bytes: a keyed name (payload.hpp), so equal contents of one group have one id and tell nothing more.
using BlobId = Id<struct BlobTag>;
/// Of a trust group: those who share its key.
using GroupId = Id<struct GroupTag>;

/// Grows with every lease of a task. Whatever a worker says carries it; an old one is refused.
struct Fence {
    std::int64_t value = 0;
    auto operator<=>(const Fence&) const = default;
};

enum class JobKind { repair, best_of, split };
enum class TaskKind {
    repair,     ///< a share of a search without a model
    attempt,    ///< one sample of a model
    subtask,    ///< a part of a split job
    decompose,  ///< makes the parts
    merge,      ///< puts them together
    escalate,   ///< what the parts could not do, for a larger model
    verify,     ///< runs the tests of somebody else's result again
};
/// The life of a task, and of a job.
enum class State { queued, leased, running, verifying, done, failed, cancelled, dead };
/// What a worker says came out.
enum class Outcome {
    solved,    ///< a patch that passed
    nothing,   ///< its share holds no such patch
    passed,    ///< verify: the result does what it says
    rejected,  ///< verify: it does not
    error,     ///< this worker could not do it
};
/// When a result is checked by somebody else before it counts.
enum class Verification {
    adaptive,  ///< patches always; that there is none, from workers not yet trusted, and by chance from the others
    always,
    submitter,  ///< by the submitter's own machine
    none,
};

std::string_view name(JobKind kind);
std::string_view name(TaskKind kind);
std::string_view name(State state);
std::string_view name(Outcome outcome);
std::string_view name(Verification verification);
Result<JobKind> parse_job_kind(std::string_view text);
Result<TaskKind> parse_task_kind(std::string_view text);
Result<State> parse_state(std::string_view text);
Result<Outcome> parse_outcome(std::string_view text);
Result<Verification> parse_verification(std::string_view text);
[[nodiscard]] inline bool ended(State state) { return state >= State::done; }

}  // namespace ec::swarm
