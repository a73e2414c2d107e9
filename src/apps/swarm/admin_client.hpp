// The coordinator of this machine, asked over its admin socket: JSON-RPC lines on DATA_DIR/run/admin.sock, which only
// its own user may open.
#pragma once

#include <ec/core/result.hpp>
#include <ec/json/json.hpp>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

namespace ec::apps {

/// DATA_DIR/run/admin.sock; empty when no home is known.
std::filesystem::path admin_socket();

/// One question, within ten seconds. `unavailable` when no coordinator listens there; else the error that it answers.
Result<json::Value> ask_admin(std::string_view method, json::Object params, std::stop_token stop);

}  // namespace ec::apps
