#include "json_rpc.hpp"

namespace ec::apps::rpc {
namespace {

bool is_id(const json::Value& id) { return id.is_string() || id.is_int64() || id.is_uint64(); }

Response response_of(const json::Object& message, const json::Value& id) {
    if (const json::Value* error = message.if_contains("error")) {
        RpcError given{kInternalError, "the other side gave no reason", nullptr};
        if (const json::Object* object = error->if_object()) {
            if (const json::Value* code = object->if_contains("code"); code != nullptr && code->is_int64())
                given.code = static_cast<int>(code->get_int64());
            if (const json::Value* text = object->if_contains("message"); text != nullptr && text->is_string())
                given.message = text->get_string();
            if (const json::Value* data = object->if_contains("data")) given.data = *data;
        }
        return {id, std::unexpected(std::move(given))};
    }
    return {id, message.at("result")};
}

}  // namespace

std::expected<Message, BadMessage> decode(std::string_view text) {
    const auto parsed = json::parse(text);
    if (!parsed) return std::unexpected(BadMessage{nullptr, {kParseError, parsed.error().message, nullptr}});
    const json::Object* message = parsed->if_object();
    const auto bad = [](json::Value id, const char* why) {
        return std::unexpected(BadMessage{std::move(id), {kInvalidRequest, why, nullptr}});
    };
    if (message == nullptr) return bad(nullptr, "a message is one object; batches are not taken");
    const json::Value* id = message->if_contains("id");
    const json::Value known = id != nullptr && is_id(*id) ? *id : json::Value(nullptr);
    const json::Value* version = message->if_contains("jsonrpc");
    if (version == nullptr || *version != "2.0") return bad(known, "jsonrpc must be \"2.0\"");
    const json::Value* method = message->if_contains("method");
    if (method == nullptr) {
        const bool answer = message->contains("result") || message->contains("error");
        if (!answer || id == nullptr || !(is_id(*id) || id->is_null()))
            return bad(known, "this is neither a request nor an answer to one");
        return response_of(*message, *id);
    }
    if (!method->is_string()) return bad(known, "method must be a string");
    if (id != nullptr && !is_id(*id)) return bad(nullptr, "id must be a string or a whole number");
    Request request{known, std::string(method->get_string()), {}};
    if (const json::Value* params = message->if_contains("params"); params != nullptr && !params->is_null()) {
        if (!params->is_object()) return bad(known, "params must be an object");
        request.params = params->get_object();
    }
    return request;
}

std::string encode(const Request& request) {
    json::Object message{{"jsonrpc", "2.0"}};
    if (!request.notification()) message["id"] = request.id;
    message["method"] = request.method;
    message["params"] = request.params;
    return json::write(std::move(message));
}

std::string encode(const Response& response) {
    json::Object message{{"jsonrpc", "2.0"}, {"id", response.id}};
    if (response.answer) {
        message["result"] = *response.answer;
    } else {
        const RpcError& error = response.answer.error();
        json::Object object{{"code", error.code}, {"message", error.message}};
        if (!error.data.is_null()) object["data"] = error.data;
        message["error"] = std::move(object);
    }
    return json::write(std::move(message));
}

}  // namespace ec::apps::rpc
