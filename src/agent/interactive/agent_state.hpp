// What the interactive agent keeps from task to task, and the parts of its work; one caller at a time.
#pragma once

#include <ec/agent/interactive_agent.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "task.hpp"

namespace ec::agent {

inline constexpr std::string_view kChangeRejected = "the change was rejected";

struct InteractiveAgent::State {
    AgentPorts ports;
    AgentSettings settings;
    ModelSkill skill;
    std::vector<model::Message> conversation;

    // interactive_agent.cpp: the way of a task
    Status prepare(Task& task);
    /// What the tests said before anything was done, before and after.
    static TaskResult unchanged(const Task& task);
    /// What is said when the time was over before the model had its say to the end.
    TaskResult too_late(Task& task) const;
    Status add_system(Approach approach);
    Result<Attempt> attempt(Task& task, Approach& approach);

    // without_model.cpp
    /// By mutation alone, within `budget`.
    Result<TaskResult> without_model(Task& task, std::chrono::milliseconds budget);

    // decisions.cpp: what is the person's to decide
    /// Asks the model for a plan, and the person about it. False: rejected.
    Result<bool> plan(Task& task);
    /// Asks about the change until it is approved or rejected, and writes an approved one.
    Status settle(Task& task, Attempt& attempt, TaskResult& result);
    Result<std::optional<std::string>> ask_person(Task& task, Attempt& attempt, TaskResult& result);
};

}  // namespace ec::agent
