// JSON-RPC 2.0 messages (jsonrpc.org/specification), as the Agent Client Protocol and the Model Context Protocol use
// them: one message at a time, parameters by name. Batches are refused; both protocols have none. Pure functions.
#pragma once

#include <ec/json/json.hpp>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

namespace ec::apps::rpc {

inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;

struct RpcError {
    int code = kInternalError;
    std::string message;
    json::Value data = nullptr;  ///< null: left out
};
using Answer = std::expected<json::Value, RpcError>;
[[nodiscard]] inline std::unexpected<RpcError> refuse(int code, std::string message, json::Value data = nullptr) {
    return std::unexpected(RpcError{code, std::move(message), std::move(data)});
}

/// A request, or a notification where nobody waits for an answer.
struct Request {
    json::Value id = nullptr;  ///< a string or an integer; null: a notification
    std::string method;
    json::Object params;
    [[nodiscard]] bool notification() const { return id.is_null(); }
};
struct Response {
    json::Value id = nullptr;  ///< null where the request could not be read
    Answer answer;
};
using Message = std::variant<Request, Response>;

/// What is wrong with bytes that are no message, and whom to tell: the id is null where it could not be read.
struct BadMessage {
    json::Value id = nullptr;
    RpcError error;
};
std::expected<Message, BadMessage> decode(std::string_view text);

/// One line without its end.
std::string encode(const Request& request);
std::string encode(const Response& response);

}  // namespace ec::apps::rpc
