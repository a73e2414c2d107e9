// What the decoders of several APIs share.
#pragma once

#include <ec/model/chat.hpp>
#include <map>
#include <string>
#include <string_view>

#include "fields.hpp"

namespace ec::apps::openai {

inline constexpr std::size_t kMostTurns = 8192;
inline constexpr std::size_t kMostTools = 512;
inline constexpr std::size_t kMostStops = 16;
inline constexpr std::int64_t kMostTokens = 1'000'000;

/// temperature, top_p, seed and stop; true when the seed is named.
bool read_sampling(Fields& body, model::Sampling& sampling);
/// The first of `keys` that is there; negative numbers mean "no limit of mine".
void read_max_tokens(Fields& body, std::initializer_list<std::string_view> keys, model::Sampling& sampling);
/// A string, null, or an array of text parts. `unsupported_content` for pictures, sound and files.
std::string read_content(Fields& owner, std::string_view key);
/// {"name": …, "description": …, "parameters": …} into `tools`; names are unique.
void read_function(Fields& function, std::vector<model::ToolSpec>& tools);
/// The arguments of a call, which are JSON in a string.
json::Object read_arguments(Fields& function, std::string_view key);
/// "none", "auto", "required", or an object that names a function. `function` is where the name stands in the object.
void read_tool_choice(Fields& body, bool nested, model::ChatRequest& request);
/// {"type": "json_schema", …}: `schema_at` holds "schema".
void read_format(Fields& format, bool nested, std::string& schema);
std::map<std::string, std::string> read_metadata(Fields& body);
/// Rules that hold for a whole conversation: a tool's result answers a call before it, somebody has said something.
/// Leading system messages become one.
void settle_conversation(std::vector<model::Message>& messages, std::string_view where,
                         std::optional<ApiError>& failure);

/// The body of a request with the model that it names and what `read(Fields&, Ask&)` takes of it; the first thing wrong
/// with it otherwise.
template <class Ask, class Read>
Decoded<Ask> decode_body(std::string_view bytes, Read read) {
    const auto object = parse_body(bytes);
    if (!object) return std::unexpected(object.error());
    std::optional<ApiError> failure;
    Fields body(*object, "", failure);
    Ask ask;
    ask.model = body.text("model");
    read(body, ask);
    if (failure) return std::unexpected(*std::move(failure));
    return ask;
}

}  // namespace ec::apps::openai
