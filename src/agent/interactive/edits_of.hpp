// From an answer of the model to the draft: finds the edits in its text, matches them against what the model was shown,
// and puts the secrets back that it was not shown.
#pragma once

#include <string>
#include <vector>

#include "task.hpp"

namespace ec::agent {

struct TakenEdits {
    std::vector<std::string> paths;  ///< changed in the draft
    std::string problems;            ///< for the model: what could not be applied and what to do; empty when all was
    bool truncated = false;          ///< the answer was cut off
};

/// `likely` is the file that an edit without a name is for; may be empty. With `quiet` no event is sent.
TakenEdits take_edits(Task& task, Draft& draft, const model::ChatReply& reply, const std::string& likely, bool quiet);

/// The same for one call for which is_edit_call() holds.
TakenEdits take_edit_call(Task& task, Draft& draft, const model::ToolCall& call, const std::string& likely, bool quiet);

}  // namespace ec::agent
