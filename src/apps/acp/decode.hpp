// From the bytes of an editor to messages: the one place where parameters are checked. Whatever is wrong is invalid
// parameters (-32602) with the field's place in `data.field`: "cwd", "prompt[2].resource.uri". Pure functions.
#pragma once

#include <ec/json/json.hpp>
#include <expected>
#include <string>

#include "messages.hpp"
#include "rpc/json_rpc.hpp"

namespace ec::apps::acp {

template <class T>
using Decoded = std::expected<T, rpc::RpcError>;

inline constexpr std::size_t kMostServers = 64;
inline constexpr std::size_t kMostBlocks = 1000;

Decoded<InitializeRequest> decode_initialize(const json::Object& params);
/// session/new has no id; session/resume may leave out the servers.
Decoded<SessionRequest> decode_new(const json::Object& params);
Decoded<SessionRequest> decode_load(const json::Object& params);
Decoded<SessionRequest> decode_resume(const json::Object& params);
Decoded<ListRequest> decode_list(const json::Object& params);
Decoded<PromptRequest> decode_prompt(const json::Object& params);
Decoded<ModeRequest> decode_mode(const json::Object& params);
Decoded<ConfigRequest> decode_config(const json::Object& params);
/// The session that session/cancel and session/close name.
Decoded<std::string> decode_session(const json::Object& params);
/// The request that $/cancel_request names: a string or a whole number.
Decoded<json::Value> decode_cancelled_request(const json::Object& params);

// Answers to what we asked.
Decoded<PermissionOutcome> decode_permission(const json::Value& answer);
Decoded<std::string> decode_file_text(const json::Value& answer);

}  // namespace ec::apps::acp
