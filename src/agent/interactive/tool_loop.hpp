// The loop for a capable model: it looks around with tools and writes edits as text; the harness runs the tests.
#pragma once

#include "task.hpp"

namespace ec::agent {

/// Goes on from `start`. Appends to `conversation`, whose last message is the person's. Fails with what the model, the
/// machine or a stop says.
Result<Attempt> run_tool_loop(Task& task, std::vector<model::Message>& conversation, Draft start);

}  // namespace ec::agent
