// One task under way: what every part of the interactive agent needs at hand, and the one way to ask the model.
#pragma once

#include <ec/agent/interactive_agent.hpp>
#include <ec/core/clock.hpp>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "../draft/test_bench.hpp"

namespace ec::agent {

struct Task {
    const AgentPorts& ports;
    const AgentSettings& settings;
    ModelSkill& skill;
    AgentEvents& events;
    Person& person;
    std::stop_token stop;
    std::string words;  ///< the person's
    std::chrono::nanoseconds started{0};
    std::chrono::nanoseconds deadline{0};  ///< moves on while the person thinks
    std::chrono::nanoseconds waited{0};    ///< for the person
    std::optional<TestBench> bench;        ///< where there is a test command
    std::optional<TestVerdict> before;     ///< of the unchanged project
    UsageEvent usage;
    std::size_t candidates = 0;
    std::vector<model::ToolSpec> other_tools;  ///< as AgentPorts::other_tools offers them in this task

    [[nodiscard]] bool out_of_time() const { return ports.clock->now() >= deadline; }
    /// What may be spent on something that may take `most`: no more than is left of the task's time.
    [[nodiscard]] std::chrono::milliseconds within(std::chrono::milliseconds most) const;
    /// The text of this file is about to matter.
    void attend(const std::string& path) const {
        if (ports.attend) ports.attend(path);
    }
    [[nodiscard]] bool red_before() const { return before && !before->passed(); }
    void stage(std::string name, std::string detail) { events.event(StageEvent{std::move(name), std::move(detail)}); }

    /// Asks the model, streaming what it writes; counts tokens, passes warnings on, repairs tool calls that came as
    /// text and counts how well they were written.
    Result<model::ChatReply> ask(const model::ChatRequest& request);
    /// What follows every answer of the model, for those that do not come through ask().
    model::ChatReply account(model::ChatReply reply, const std::vector<model::ToolSpec>& tools);
    /// Brings time and energy of the usage up to date.
    void measure();
    std::optional<double> joules_before;
    /// Takes secrets out of what goes to the model, and tells the person once for each.
    std::string redact(const std::string& path, std::string_view text);
    /// What the tests say, for the model, in about so many bytes. Cut only after its secrets were taken out: a part of
    /// one would not be known.
    std::string describe(const TestVerdict& verdict, std::size_t bytes);
    /// What redact() takes out beside what looks like a secret.
    [[nodiscard]] SecretValues secret_values() const;
    std::set<std::string> told;  ///< what redact() has told
    /// Takes out of a draft what would change its own judge, unless the person lets it; says what, for the model.
    std::string hold_back(Draft& draft);
    /// Runs the tests over a draft, tells the person.
    Result<TestVerdict> test(const Draft& draft);
    /// The same for many candidates, without a word for each.
    Result<TestVerdict> try_candidate(const Draft& draft);
};

/// How a part of the agent ended.
struct Attempt {
    explicit Attempt(Draft start) : draft(std::move(start)) {}

    Draft draft;
    std::optional<TestVerdict> verdict;  ///< of exactly this draft
    std::string answer;                  ///< the model's last words
    std::string explanation;
    bool mended = false;    ///< a mutation was needed
    bool answered = false;  ///< there was nothing to change
    std::string reason;     ///< why it is not done
    std::string review_reason;

    [[nodiscard]] bool done() const {
        return reason.empty() && (answered || (!draft.empty() && (!verdict || verdict->passed())));
    }
};

}  // namespace ec::agent
