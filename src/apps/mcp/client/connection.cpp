#include "connection.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "../protocol.hpp"

namespace ec::apps::mcp {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostMessages = 10'000;  // in one exchange
constexpr std::size_t kMostQuestions = 64;
constexpr int kMostPages = 64;
constexpr std::size_t kLongestCursor = 4096;
constexpr unsigned kMostUnanswered = 2;
constexpr std::size_t kReasonBytes = 500;

std::string text_at(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

Error told(const rpc::RpcError& error) {
    const ErrorCode code = error.code == rpc::kInvalidParams ? ErrorCode::invalid_argument : ErrorCode::unavailable;
    return {code, fmt::format("the server says: {}", tame(error.message, kReasonBytes)), {}};
}

}  // namespace

Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(ServerEntry entry, std::unique_ptr<Wire> wire,
                                                     milliseconds patience, std::stop_token stop) {
    std::unique_ptr<Connection> connection(new Connection(std::move(entry), std::move(wire)));
    if (Status greeted = connection->greet(patience, stop); !greeted) {
        Error error = greeted.error();
        if (const std::string words = tame(connection->wire_->last_words(), kReasonBytes); !words.empty())
            error.message += fmt::format(" ({})", words);
        return fail(std::move(error));
    }
    return connection;
}

Status Connection::greet(milliseconds patience, std::stop_token stop) {
    json::Object params{{"protocolVersion", kNewestRevision},
                        {"capabilities", json::Object{{"elicitation", json::Object{{"form", json::Object{}}}}}},
                        {"clientInfo", encode(Implementation{"edgecoder", "EdgeCoder", EC_VERSION})}};
    EC_ASSIGN(const json::Value answer, ask("initialize", std::move(params), patience, {}, stop));
    const json::Object* result = answer.if_object();
    if (result == nullptr) return fail(ErrorCode::corrupt, "the server's greeting is none");
    revision_ = text_at(*result, "protocolVersion");
    if (!is_revision(revision_)) {
        return fail(
            ErrorCode::unavailable,
            fmt::format("the server speaks a revision of the protocol that we do not: {}", tame(revision_, 40)));
    }
    const json::Value* capabilities = result->if_contains("capabilities");
    has_tools_ = capabilities != nullptr && capabilities->is_object() && capabilities->get_object().contains("tools");
    if (const json::Value* info = result->if_contains("serverInfo"); info != nullptr && info->is_object())
        title_ = tame(text_at(info->get_object(), "name"), 80);
    wire_->agreed(revision_);
    return wire_->post(rpc::encode(rpc::Request{nullptr, "notifications/initialized", {}}));
}

Result<json::Value> Connection::ask(const std::string& method, json::Object params, milliseconds patience,
                                    const CallHooks& hooks, std::stop_token stop) {
    if (!alive_) return fail(ErrorCode::io, "the server has ended");
    const std::int64_t id = next_++;
    std::optional<rpc::Answer> answered;
    std::size_t heard = 0;
    std::size_t questions = 0;
    const auto hear = [&](std::string_view text) -> Result<bool> {
        if (++heard > kMostMessages) return fail(ErrorCode::corrupt, "the server talks without end");
        auto message = rpc::decode(text);
        if (!message) return false;  // a log that went astray: many servers write one there
        if (auto* response = std::get_if<rpc::Response>(&*message)) {
            // To nothing that is asked now: answered twice, or after we gave up.
            if (response->id != id) return false;
            answered = std::move(response->answer);
            return true;
        }
        const auto& request = std::get<rpc::Request>(*message);
        if (request.notification()) {
            take_note(request, id, hooks);
            return false;
        }
        if (++questions > kMostQuestions) return fail(ErrorCode::corrupt, "the server asks without end");
        answer(request, hooks);
        return false;
    };
    const Status done = wire_->exchange(rpc::encode(rpc::Request{id, method, std::move(params)}), hear, patience, stop);
    if (!answered) {
        const Error error = done ? Error{ErrorCode::corrupt, "the server did not answer", {}} : done.error();
        if (method != "initialize") give_up(id, error);
        return fail(error);
    }
    unanswered_ = 0;
    if (!*answered) return fail(told(answered->error()));
    return **std::move(answered);
}

void Connection::give_up(std::int64_t id, const Error& error) {
    const bool waiting = error.code == ErrorCode::timeout || error.code == ErrorCode::cancelled;
    if (waiting) {
        ++unanswered_;
        json::Object params{{"requestId", id}, {"reason", error.message}};
        // One that is gone need not be told.
        static_cast<void>(
            wire_->post(rpc::encode(rpc::Request{nullptr, "notifications/cancelled", std::move(params)})));
    }
    // A token that is not taken any more is got anew with the next start.
    const bool ended = error.code == ErrorCode::denied || error.code == ErrorCode::io ||
                       error.code == ErrorCode::corrupt || error.code == ErrorCode::not_found;
    if (ended || unanswered_ >= kMostUnanswered) alive_ = false;
}

void Connection::answer(const rpc::Request& request, const CallHooks& hooks) {
    rpc::Answer answer = rpc::refuse(rpc::kMethodNotFound, "this client does not do that");
    if (request.method == "ping") {
        answer = json::Object{};
    } else if (request.method == "elicitation/create") {
        const auto question = decode_elicitation(request.params);
        if (!question) {
            answer = rpc::refuse(rpc::kInvalidParams, question.error().message);
        } else {
            answer = encode(hooks.ask ? hooks.ask(*question) : ElicitationAnswer{});
        }
    }
    // A server that takes no answer will not give one either, and that is found out by whoever waits for it.
    static_cast<void>(wire_->post(rpc::encode(rpc::Response{request.id, std::move(answer)})));
}

void Connection::take_note(const rpc::Request& note, std::int64_t call, const CallHooks& hooks) {
    if (note.method == "notifications/tools/list_changed") changed_ = true;
    if (note.method != "notifications/progress" || !hooks.progress) return;
    const json::Value* token = note.params.if_contains("progressToken");
    if (token == nullptr || *token != call) return;
    std::string line = tame(text_at(note.params, "message"), kReasonBytes);
    if (line.empty()) {
        for (const char* key : {"progress", "total"}) {
            const json::Value* number = note.params.if_contains(key);
            if (number != nullptr && number->is_number())
                line += fmt::format("{}{}", line.empty() ? "" : " of ", json::write(*number));
        }
    }
    hooks.progress(line);
}

Result<Connection::Listed> Connection::tools(milliseconds patience, std::stop_token stop) {
    changed_ = false;
    if (!has_tools_) return Listed{};
    const auto until = std::chrono::steady_clock::now() + patience;
    ToolList list(entry_);
    std::set<std::string> seen;
    std::string cursor;
    for (int page = 0; page < kMostPages && !list.full(); ++page) {
        const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return fail(ErrorCode::timeout, "the server did not list its tools in time");
        json::Object params;
        if (!cursor.empty()) params["cursor"] = cursor;
        EC_ASSIGN(const json::Value answer, ask("tools/list", std::move(params), left, {}, stop));
        const json::Object* result = answer.if_object();
        const json::Value* tools = result == nullptr ? nullptr : result->if_contains("tools");
        if (tools == nullptr || !tools->is_array())
            return fail(ErrorCode::corrupt, "the server's list of tools is none");
        for (const json::Value& tool : tools->get_array()) list.add(tool);
        cursor = text_at(*result, "nextCursor");
        if (cursor.empty()) break;
        if (cursor.size() > kLongestCursor || !seen.insert(cursor).second)
            return fail(ErrorCode::corrupt, "the server's list of tools has no end");
    }
    return Listed{list.tools(), list.notes()};
}

Result<CallOutcome> Connection::call(const std::string& name, json::Object arguments, const CallHooks& hooks,
                                     std::stop_token stop) {
    json::Object params{{"name", name}, {"arguments", std::move(arguments)}};
    if (hooks.progress) params["_meta"] = json::Object{{"progressToken", next_}};
    EC_ASSIGN(const json::Value result, ask("tools/call", std::move(params), entry_.timeout, hooks, std::move(stop)));
    return decode_outcome(result);
}

}  // namespace ec::apps::mcp
