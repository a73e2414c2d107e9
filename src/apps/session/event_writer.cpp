#include "event_writer.hpp"

#include <fmt/format.h>

#include <ostream>

#include "cells.hpp"
#include "safe_text.hpp"

namespace ec::apps::session {
namespace {

using json::Array;
using json::Object;

std::string_view name(agent::PlanStep::State state) {
    using State = agent::PlanStep::State;
    switch (state) {
        case State::doing:
            return "doing";
        case State::done:
            return "done";
        case State::failed:
            return "failed";
        case State::pending:
            break;
    }
    return "pending";
}

std::string_view name(executor::TestReport::Verdict verdict) {
    using Verdict = executor::TestReport::Verdict;
    switch (verdict) {
        case Verdict::passed:
            return "passed";
        case Verdict::failed:
            return "failed";
        case Verdict::incomplete:
            break;
    }
    return "incomplete";
}

// What JSON may leave as it is but a terminal acts on, as \u escapes. Outside of strings JSON is ASCII, and inside
// every character may be escaped (RFC 8259, section 7).
std::string escaped(std::string_view line) {
    std::string out;
    out.reserve(line.size());
    while (!line.empty()) {
        const CodePoint next = first_code_point(line);
        const std::string_view bytes = line.substr(0, next.bytes);
        line.remove_prefix(next.bytes);
        const auto value = static_cast<unsigned>(next.value);
        const bool risky = value == 0x7f || (value >= 0x80 && next.value != 0xfffd && safe_line(bytes) != bytes);
        if (!risky)
            out += bytes;
        else if (value < 0x10000)
            out += fmt::format("\\u{:04x}", value);
        else
            out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((value - 0x10000) >> 10),
                               0xdc00 + ((value - 0x10000) & 0x3ff));
    }
    return out;
}

Object fields(const agent::StageEvent& event) { return {{"name", event.name}, {"detail", event.detail}}; }

Object fields(const agent::PlanEvent& event) {
    Array steps;
    for (const agent::PlanStep& step : event.plan.steps)
        steps.push_back(Object{{"text", step.text}, {"state", name(step.state)}});
    Array files;
    for (const std::string& file : event.plan.files) files.emplace_back(file);
    return {{"steps", std::move(steps)}, {"files", std::move(files)}};
}

Object fields(const agent::TextEvent& event) { return {{"text", event.text}, {"thinking", event.thinking}}; }

Object fields(const agent::ToolEvent& event) {
    Object out{{"phase", event.phase == agent::ToolEvent::Phase::started ? "started" : "finished"},
               {"name", event.name},
               {"summary", event.summary}};
    if (event.phase == agent::ToolEvent::Phase::finished) out["ok"] = event.ok;
    return out;
}

Object fields(const agent::EditEvent& event) { return {{"path", event.path}, {"patch", event.patch}}; }

Object fields(const agent::TestsEvent& event) {
    const executor::TestReport& report = event.report;
    Array failures;
    for (const executor::TestCase& test : report.tests) {
        if (test.outcome != executor::TestOutcome::failed && test.outcome != executor::TestOutcome::error) continue;
        failures.push_back(
            Object{{"id", test.id}, {"outcome", executor::name(test.outcome)}, {"message", test.message}});
    }
    Object out{{"verdict", name(report.verdict)},
               {"runner", report.runner},
               {"passed", report.passed()},
               {"failed", report.failed()},
               {"skipped", report.count(executor::TestOutcome::skipped)},
               {"heuristic", report.heuristic},
               {"failures", std::move(failures)},
               {"wall_ms", event.wall.count()}};
    if (!report.reason.empty()) out["reason"] = report.reason;
    return out;
}

Object fields(const agent::ProgressEvent& event) {
    Object out{{"what", event.what}, {"detail", event.detail}};
    if (event.share >= 0) out["share"] = event.share;
    return out;
}

Object fields(const agent::UsageEvent& event) {
    Object out{{"prompt_tokens", event.prompt_tokens},
               {"cached_tokens", event.cached_tokens},
               {"completion_tokens", event.completion_tokens},
               {"calls", event.calls},
               {"seconds", event.seconds}};
    if (event.joules) out["joules"] = *event.joules;
    if (event.waited > 0) out["waited"] = event.waited;
    return out;
}

Object fields(const agent::WarningEvent& event) { return {{"text", event.text}}; }
Object fields(const agent::WithheldEvent& event) { return {{"what", event.what}, {"why", event.why}}; }
Object fields(const agent::CheckpointEvent& event) { return {{"id", event.id}, {"label", event.label}}; }

std::string_view type_of(const agent::AgentEvent& event) {
    // In the order of the variant.
    constexpr std::string_view kTypes[] = {"stage",    "plan",  "text",    "tool",     "edit",      "tests",
                                           "progress", "usage", "warning", "withheld", "checkpoint"};
    static_assert(std::size(kTypes) == std::variant_size_v<agent::AgentEvent>);
    return kTypes[event.index()];
}

}  // namespace

void EventWriter::event(const agent::AgentEvent& event) {
    line(type_of(event), std::visit([](const auto& each) { return fields(each); }, event));
}

void EventWriter::result(const Object& fields) { line("result", fields); }

void EventWriter::line(std::string_view type, const Object& fields) {
    Object whole{{"type", type}};
    for (const auto& [key, value] : fields) whole[key] = value;
    const std::string text = escaped(json::write(whole)) + "\n";
    const std::scoped_lock lock(mutex_);
    out_.write(text.data(), static_cast<std::streamsize>(text.size()));
    out_.flush();
}

}  // namespace ec::apps::session
