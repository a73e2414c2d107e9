#include "client.hpp"

#include <fmt/format.h>

#include "decode.hpp"

namespace ec::apps::acp {
namespace {

constexpr std::chrono::milliseconds kReadPatience{5000};
constexpr std::chrono::milliseconds kWritePatience{30'000};
constexpr std::chrono::hours kPersonPatience{24};

}  // namespace

rpc::Answer Client::ask(std::string method, json::Object params, std::chrono::milliseconds patience,
                        const std::stop_token& stop) {
    params["sessionId"] = session_;
    return peer_.call(std::move(method), std::move(params), patience, stop, [this](const json::Value& id) {
        static_cast<void>(peer_.notify("$/cancel_request", {{"requestId", id}}));
    });
}

void Client::update(json::Object update) {
    // Nobody there any more is found out by whoever reads.
    static_cast<void>(peer_.notify("session/update", {{"sessionId", session_}, {"update", std::move(update)}}));
}

void Client::tell(std::string_view severity, std::string_view text) {
    if (text.empty()) return;
    if (can_.notices) return update(notice(severity, text));
    update(chunk("agent_message_chunk", fmt::format("\n\n> {}\n\n", text)));
}

std::optional<std::string> Client::permission(const ToolCall& call, std::string_view always,
                                              const std::stop_token& stop) {
    const rpc::Answer answer =
        ask("session/request_permission",
            {{"toolCall", tool_call_fields(call)}, {"options", permission_options(always)}}, kPersonPatience, stop);
    if (!answer) return std::nullopt;
    auto outcome = decode_permission(*answer);
    if (!outcome || outcome->cancelled) return std::nullopt;
    return std::move(outcome->option);
}

Result<std::string> Client::read(const std::filesystem::path& path) {
    const auto asked = std::chrono::steady_clock::now();
    const rpc::Answer answer = ask("fs/read_text_file", {{"path", named(path)}}, kReadPatience, stop_);
    if (!answer) {
        const bool late = std::chrono::steady_clock::now() - asked >= kReadPatience;
        return fail(late ? ErrorCode::timeout : ErrorCode::unavailable, answer.error().message);
    }
    auto text = decode_file_text(*answer);
    if (!text) return fail(ErrorCode::unavailable, text.error().message);
    return *std::move(text);
}

Status Client::write(const std::filesystem::path& path, const std::string& text) {
    // Not given up with the turn: half a change that nobody knows of is worse than a change that was approved.
    const rpc::Answer answer =
        ask("fs/write_text_file", {{"path", named(path)}, {"content", text}}, kWritePatience, {});
    if (answer) return {};
    return fail(ErrorCode::unavailable,
                fmt::format("the editor did not write {}: {}", path.string(), answer.error().message));
}

}  // namespace ec::apps::acp
