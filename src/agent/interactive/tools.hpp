// The tools of a model: questions about the project, and runs in the sandbox. None of them writes anything, and none
// sees more than AgentPorts::workspace shows.
#pragma once

#include <ec/model/chat.hpp>
#include <string>

#include "task.hpp"

namespace ec::agent {

struct ToolResult {
    std::string text;  ///< for the model, secrets taken out
    bool ok = true;
};

/// Answers one call on the draft as it stands. Fails only on stop and with what the machine lacks; anything wrong with
/// the call is a result that says what to do instead.
Result<ToolResult> call_tool(Task& task, const Draft& draft, const model::ToolCall& call);

}  // namespace ec::agent
