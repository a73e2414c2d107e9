// The words a model gets. All of them are fixed texts or follow from the task alone: nothing that changes from turn to
// turn stands before something that does not, or a server would have to read the whole prompt again.
#pragma once

#include <ec/model/chat.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

/// The system prompt with tools, and the one of the fixed pipeline. `instructions` is the project's block, or empty.
std::string tools_system_prompt(std::string_view instructions);
std::string pipeline_system_prompt(std::string_view instructions);

/// The tools of a loop; `with_test` where a test command is known.
std::vector<model::ToolSpec> tool_specs(bool with_test);

struct TaskContext {
    std::string task;
    std::string test_command;  ///< empty: none
    std::string test_output;   ///< of the unchanged project; empty when it passes or there is no command
    std::string map;           ///< what of the project bears on the task; may be empty
    struct File {
        std::string path;
        std::string text;
    };
    std::vector<File> files;  ///< shown in full
};
/// The task as the first message of a person, what was found out about the project after it.
std::string task_message(const TaskContext& context);

/// Asks for nothing but a plan.
inline constexpr std::string_view kPlanOnly =
    "First only the plan: a numbered list of short steps, and nothing else. Do not change anything yet.";

/// The numbered or dashed steps after "Plan:", or of the whole text when `anywhere`; at most twenty.
std::vector<std::string> plan_steps(std::string_view text, bool anywhere);

}  // namespace ec::agent
