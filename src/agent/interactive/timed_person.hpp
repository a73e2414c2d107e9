// A person whose time to think is measured: it is no work of the agent's, and costs nothing of a task's budget.
#pragma once

#include <chrono>
#include <ec/agent/events.hpp>
#include <ec/core/clock.hpp>
#include <functional>
#include <utility>

namespace ec::agent {

/// Borrows the person and the clock. `waited` gets the time that each answer took.
class TimedPerson final : public Person {
public:
    using Waited = std::function<void(std::chrono::nanoseconds)>;
    TimedPerson(Person& person, const Clock& clock, Waited waited)
        : person_(person), clock_(clock), waited_(std::move(waited)) {}

    Answer approve_plan(const Plan& plan) override {
        return timed([&] { return person_.approve_plan(plan); });
    }
    void proposed(const std::vector<vcs::FileVersion>& files) override { person_.proposed(files); }
    Answer approve_patch(const std::string& patch, const executor::TestReport* report) override {
        return timed([&] { return person_.approve_patch(patch, report); });
    }
    Answer approve_command(const std::string& command, const std::string& why) override {
        return timed([&] { return person_.approve_command(command, why); });
    }
    Answer approve_tool(const ToolUse& use) override {
        return timed([&] { return person_.approve_tool(use); });
    }
    std::optional<std::string> redirection() override { return person_.redirection(); }

private:
    template <typename Ask>
    Answer timed(Ask ask) {
        const auto asked = clock_.now();
        Answer answer = ask();
        waited_(clock_.now() - asked);
        return answer;
    }

    Person& person_;
    const Clock& clock_;
    Waited waited_;
};

}  // namespace ec::agent
