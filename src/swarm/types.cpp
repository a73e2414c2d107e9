#include <array>
#include <ec/swarm/types.hpp>
#include <span>
#include <utility>

namespace ec::swarm {
namespace {

template <class Value>
using Names = std::span<const std::pair<Value, std::string_view>>;

template <class Value>
std::string_view name_in(Names<Value> names, Value value) {
    for (const auto& [each, name] : names)
        if (each == value) return name;
    return "unknown";
}

template <class Value>
Result<Value> value_in(Names<Value> names, std::string_view text, std::string_view what) {
    for (const auto& [value, name] : names)
        if (name == text) return value;
    return fail(ErrorCode::invalid_argument, std::string(what) + " is none that is known");
}

constexpr std::array<std::pair<JobKind, std::string_view>, 3> kJobKinds{
    {{JobKind::repair, "repair"}, {JobKind::best_of, "best_of"}, {JobKind::split, "split"}}};
constexpr std::array<std::pair<TaskKind, std::string_view>, 7> kTaskKinds{{{TaskKind::repair, "repair"},
                                                                           {TaskKind::attempt, "attempt"},
                                                                           {TaskKind::subtask, "subtask"},
                                                                           {TaskKind::decompose, "decompose"},
                                                                           {TaskKind::merge, "merge"},
                                                                           {TaskKind::escalate, "escalate"},
                                                                           {TaskKind::verify, "verify"}}};
constexpr std::array<std::pair<State, std::string_view>, 8> kStates{{{State::queued, "queued"},
                                                                     {State::leased, "leased"},
                                                                     {State::running, "running"},
                                                                     {State::verifying, "verifying"},
                                                                     {State::done, "done"},
                                                                     {State::failed, "failed"},
                                                                     {State::cancelled, "cancelled"},
                                                                     {State::dead, "dead"}}};
constexpr std::array<std::pair<Outcome, std::string_view>, 5> kOutcomes{{{Outcome::solved, "solved"},
                                                                         {Outcome::nothing, "nothing"},
                                                                         {Outcome::passed, "passed"},
                                                                         {Outcome::rejected, "rejected"},
                                                                         {Outcome::error, "error"}}};
constexpr std::array<std::pair<Verification, std::string_view>, 4> kVerifications{
    {{Verification::adaptive, "adaptive"},
     {Verification::always, "always"},
     {Verification::submitter, "submitter"},
     {Verification::none, "none"}}};

}  // namespace

std::string_view name(JobKind kind) { return name_in<JobKind>(kJobKinds, kind); }
std::string_view name(TaskKind kind) { return name_in<TaskKind>(kTaskKinds, kind); }
std::string_view name(State state) { return name_in<State>(kStates, state); }
std::string_view name(Outcome outcome) { return name_in<Outcome>(kOutcomes, outcome); }
std::string_view name(Verification verification) { return name_in<Verification>(kVerifications, verification); }

Result<JobKind> parse_job_kind(std::string_view text) { return value_in<JobKind>(kJobKinds, text, "this kind of job"); }
Result<TaskKind> parse_task_kind(std::string_view text) {
    return value_in<TaskKind>(kTaskKinds, text, "this kind of task");
}
Result<State> parse_state(std::string_view text) { return value_in<State>(kStates, text, "this state"); }
Result<Outcome> parse_outcome(std::string_view text) { return value_in<Outcome>(kOutcomes, text, "this outcome"); }
Result<Verification> parse_verification(std::string_view text) {
    return value_in<Verification>(kVerifications, text, "this verification");
}

}  // namespace ec::swarm
