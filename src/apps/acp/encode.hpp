// From what the agent tells to the protocol's words: objects of schema/v1 that an editor shows. Pure functions.
#pragma once

#include <cstdint>
#include <ec/agent/events.hpp>
#include <ec/json/json.hpp>
#include <ec/model/chat.hpp>
#include <ec/vcs/diff.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "session/host.hpp"

namespace ec::apps::acp {

/// How freely a session works; docs/acp.md says what each means.
enum class Mode { ask, plan, automatic };
std::optional<Mode> mode_named(std::string_view id);
std::string_view id(Mode mode);

json::Object initialize_answer();
/// `modes` and `configOptions` of a session.
json::Object session_state(Mode mode, const std::vector<session::ModelChoice>& models);
json::Array config_options(Mode mode, const std::vector<session::ModelChoice>& models);

// Values of session/update's `update`.
json::Object commands_update();
json::Object mode_update(Mode mode);
json::Object config_update(Mode mode, const std::vector<session::ModelChoice>& models);
json::Object title_update(std::string_view title);
/// `kind` is user_message_chunk, agent_message_chunk or agent_thought_chunk.
json::Object chunk(std::string_view kind, std::string_view text);
json::Object plan_update(const agent::Plan& plan);
json::Object usage_update(std::int64_t used, std::int64_t size);
json::Object notice(std::string_view severity, std::string_view title);

/// What is shown of something the agent does. Empty parts are left out: an update says only what changed.
struct ToolCall {
    std::string id;
    std::string title;
    std::string kind;    ///< read, edit, search, execute, think, switch_mode, other
    std::string status;  ///< pending, in_progress, completed, failed
    std::optional<json::Array> content;
    json::Array locations;
    json::Value input = nullptr;
};
json::Object tool_call(const ToolCall& call);
json::Object tool_call_update(const ToolCall& call);
/// As in a permission request, where it needs no sessionUpdate.
json::Object tool_call_fields(const ToolCall& call);

json::Object text_content(std::string_view text);
/// Text as it was printed, in a fence that it cannot close; cut, for there may be much.
json::Object fenced_content(std::string_view text);
/// The same, whole: of what a person is asked to allow nothing is left out.
json::Object whole_content(std::string_view text);
json::Object diff_content(const std::filesystem::path& root, const vcs::FileVersion& file);
json::Object location(const std::filesystem::path& path, std::optional<std::int64_t> line = std::nullopt);

/// allow_once, allow_always (with these words; empty: not offered), reject_once.
json::Array permission_options(std::string_view always);

/// What the tests said, for a person.
std::string tests_text(const executor::TestReport& report);

/// The kind, the title and the places of a model's tool call.
ToolCall described(std::string_view name, const json::Object& arguments, const std::filesystem::path& root);

/// An earlier conversation as updates. `turns` are the person's own words, each with the number of messages before it.
struct Turn {
    std::size_t at = 0;
    std::string text;
};
std::vector<json::Object> replay(const std::vector<model::Message>& conversation, const std::vector<Turn>& turns,
                                 const std::filesystem::path& root);

}  // namespace ec::apps::acp
