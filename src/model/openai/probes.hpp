// The questions that find out what a model does with a long prompt and with tools. Pure functions.
#pragma once

#include <ec/model/chat.hpp>
#include <ec/model/openai.hpp>
#include <string>

namespace ec::model {

/// A prompt of about `tokens` tokens with `marker` at its front, whose answer should be the marker.
ChatRequest context_question(std::int64_t tokens, const std::string& marker);
/// Whether an answer to it shows that the front was read.
bool repeats_marker(const ChatReply& reply, const std::string& marker);

/// A prompt whose answer should be one call of a tool.
ChatRequest dialect_question();
/// How the answer to it calls the tool.
ToolDialect dialect_of(const ChatReply& reply);

}  // namespace ec::model
