// How many tokens a text will have, before any model has seen it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace ec::model {

struct Message;

/// A careful estimate for the byte-pair vocabularies of today's models: rather too high than too low on code, prose and
/// logs in any script. Linear in the text; any bytes. 0 for an empty text.
std::size_t estimate_tokens(std::string_view text);

/// With what a chat template puts around each message, and with tool calls as JSON.
std::size_t estimate_tokens(std::span<const Message> messages);

}  // namespace ec::model
