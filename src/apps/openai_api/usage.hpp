// What the forms share.
#pragma once

#include <ec/json/json.hpp>
#include <ec/model/chat.hpp>
#include <string_view>

namespace ec::apps::openai {

/// "stop", "length", "tool_calls".
std::string_view finish_reason(model::Finish finish);
/// As chat completions count.
json::Object chat_usage(const model::Usage& usage);
/// Puts what a person should know of the answer (a prompt that was cut) under "warnings", where there is something.
void add_warnings(const model::ChatReply& reply, json::Object& body);
/// What of a reply was not streamed; empty when what was streamed is not its beginning.
std::string_view rest_after(std::string_view whole, std::string_view sent);

}  // namespace ec::apps::openai
