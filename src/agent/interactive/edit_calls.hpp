// Edits that a model wrote as calls. No such tool is offered, because code inside JSON costs small models several
// points (aider's "code in JSON" benchmark, 2024); but models that were trained on other harnesses call one all the
// same, as a call or as the text of one, and what they mean is plain.
#pragma once

#include <ec/agent/edits.hpp>
#include <ec/model/chat.hpp>
#include <vector>

namespace ec::agent {

/// write_file, edit_file and apply_patch, for the repair of calls; never sent to a model.
const std::vector<model::ToolSpec>& edit_call_specs();

bool is_edit_call(const model::ToolCall& call);

/// What an edit call does to `files`; arguments that are missing are a problem in words.
ParsedEdits edits_of_call(const model::ToolCall& call, const FileSource& files, const EditHints& hints);

}  // namespace ec::agent
