// An Error of ours as the protocol tells it: what happened in `message`, what helps in `data.remedy`.
#pragma once

#include <ec/core/error.hpp>
#include <string>

#include "rpc/json_rpc.hpp"

namespace ec::apps::acp {

inline constexpr int kNotFound = -32002;

inline rpc::RpcError agent_error(const Error& error) {
    json::Object data{{"code", name(error.code)}};
    if (!error.remedy.empty()) data["remedy"] = error.remedy;
    return {rpc::kInternalError, error.remedy.empty() ? error.message : error.message + ": " + error.remedy,
            std::move(data)};
}

/// Of opening a session: a folder that does not do is the caller's mistake, a session that is not there is missing.
inline rpc::RpcError session_error(const Error& error, const std::string& session) {
    rpc::RpcError out = agent_error(error);
    if (error.code == ErrorCode::not_found) {
        out.code = kNotFound;
        out.data = json::Object{{"sessionId", session}};
    } else if (error.code == ErrorCode::invalid_argument) {
        out.code = rpc::kInvalidParams;
        out.data = json::Object{{"field", "cwd"}};
    }
    return out;
}

inline std::unexpected<rpc::RpcError> invalid(const std::string& field, const std::string& what) {
    return rpc::refuse(rpc::kInvalidParams, field + " " + what, json::Object{{"field", field}});
}

inline std::unexpected<rpc::RpcError> no_session(const std::string& session) {
    return rpc::refuse(kNotFound, "there is no such session", json::Object{{"sessionId", session}});
}

}  // namespace ec::apps::acp
