// How the end of a task is told: the keys of `fix`, and what a model adds to them.
#pragma once

#include <chrono>
#include <ec/agent/interactive_agent.hpp>
#include <ec/json/json.hpp>
#include <iosfwd>

#include "terminal.hpp"

namespace ec::apps {

json::Object task_json(const agent::TaskResult& result, std::chrono::milliseconds wall);
json::Object task_error_json(const Error& error, std::chrono::milliseconds wall);
/// Text for a person; the patch itself is not part of it.
void print_task(const agent::TaskResult& result, std::chrono::milliseconds wall, const Style& style, std::ostream& err);
/// 0 when it is done, answered or was done before; 1 when not.
int task_exit_status(const agent::TaskResult& result);

}  // namespace ec::apps
