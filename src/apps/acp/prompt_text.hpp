// A prompt of blocks as the words of a task.
#pragma once

#include <string>
#include <vector>

#include "agent_host.hpp"
#include "messages.hpp"

namespace ec::apps::acp {

/// What a URI of an attachment means.
struct Attachment {
    std::string path;   ///< relative to the project; empty: not a file of it
    std::string lines;  ///< "10-20" where the URI names some
    std::string shown;  ///< for a person and a model
};
/// Takes file URIs (RFC 8089) with `#L10`, `#L10-20` or `#L10:20` behind; anything else is only shown.
Attachment attachment(std::string_view uri, const std::filesystem::path& root);

struct PromptText {
    std::string words;
    std::vector<std::string> left_out;  ///< sentences for the person
};

/// Text in order; attached files by their names, with their text where the agent cannot ask for it (`ask_editor` false,
/// a part of a file, or none of the project). Texts together are cut at 256 KiB.
PromptText prompt_text(const std::vector<Block>& blocks, AgentHost& host, bool ask_editor);

}  // namespace ec::apps::acp
