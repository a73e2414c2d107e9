#include "decode.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ec/core/text.hpp>

namespace ec::apps::acp {
namespace {

constexpr std::size_t kLongestName = 4096;  // of ids, names and paths

/// The first thing that is wrong, with its place.
struct Trouble {
    std::string field;
    std::string what;
    [[nodiscard]] bool empty() const { return what.empty(); }
};

std::unexpected<rpc::RpcError> refused(const Trouble& trouble) {
    return rpc::refuse(rpc::kInvalidParams, fmt::format("{} {}", trouble.field, trouble.what),
                       json::Object{{"field", trouble.field}});
}

/// Reads the fields of one object. After the first trouble the rest reads as defaults.
class Fields {
public:
    Fields(const json::Object& object, std::string where, Trouble& trouble)
        : object_(object), where_(std::move(where)), trouble_(trouble) {}

    [[nodiscard]] std::string place(std::string_view key) const {
        return where_.empty() ? std::string(key) : fmt::format("{}.{}", where_, key);
    }
    void reject(std::string_view key, std::string what) {
        if (trouble_.empty()) trouble_ = {place(key), std::move(what)};
    }
    /// Nothing where the field is absent or null.
    const json::Value* find(std::string_view key) {
        const json::Value* value = object_.if_contains(key);
        return value == nullptr || value->is_null() ? nullptr : value;
    }
    std::string text(std::string_view key, std::size_t longest = std::string::npos) {
        const json::Value* value = find(key);
        const auto* text = value == nullptr ? nullptr : value->if_string();
        if (text == nullptr) {
            reject(key, "must be a string");
            return {};
        }
        if (text->size() > longest) {
            reject(key, fmt::format("is longer than {} bytes", longest));
            return {};
        }
        return {text->data(), text->size()};
    }
    /// A name of something: short, not empty, without bytes that end or hide it.
    std::string name(std::string_view key) {
        std::string text = this->text(key, kLongestName);
        if (trouble_.empty() && (text.empty() || text.find('\0') != std::string::npos)) reject(key, "is no name");
        return text;
    }
    std::filesystem::path folder(std::string_view key) {
        std::filesystem::path path = name(key);
        if (!trouble_.empty()) return {};
        std::error_code error;
        if (!path.is_absolute())
            reject(key, "must be an absolute path");
        else if (!std::filesystem::is_directory(path, error))
            reject(key, "is no folder here");
        return path;
    }
    /// Null only where `required` is not given and it is absent.
    const json::Array* array(std::string_view key, std::size_t most, bool required) {
        const json::Value* value = find(key);
        if (value == nullptr && !required) return nullptr;
        const json::Array* array = value == nullptr ? nullptr : value->if_array();
        if (array == nullptr)
            reject(key, "must be an array");
        else if (array->size() > most)
            reject(key, fmt::format("has more than {} elements", most));
        return trouble_.empty() ? array : nullptr;
    }
    /// Calls `take` with every element, which must be an object.
    template <class Take>
    void each(std::string_view key, std::size_t most, bool required, const Take& take) {
        const json::Array* elements = array(key, most, required);
        if (elements == nullptr) return;
        for (std::size_t i = 0; i < elements->size() && trouble_.empty(); ++i) {
            const std::string at = fmt::format("{}[{}]", key, i);
            if (const json::Object* object = (*elements)[i].if_object())
                take(Fields(*object, place(at), trouble_));
            else
                reject(at, "must be an object");
        }
    }
    Fields object(std::string_view key) {
        static const json::Object kNone;
        const json::Value* value = find(key);
        const json::Object* object = value == nullptr ? nullptr : value->if_object();
        if (object == nullptr) reject(key, "must be an object");
        return {object == nullptr ? kNone : *object, place(key), trouble_};
    }
    /// False for anything but true, as the schema wants it of capabilities.
    bool flag(std::string_view key) {
        const json::Value* value = find(key);
        return value != nullptr && value->is_bool() && value->get_bool();
    }

private:
    const json::Object& object_;
    std::string where_;
    Trouble& trouble_;
};

template <class T>
Decoded<T> result(T value, const Trouble& trouble) {
    if (!trouble.empty()) return refused(trouble);
    return value;
}

std::vector<std::pair<std::string, std::string>> pairs(Fields& fields, std::string_view key) {
    std::vector<std::pair<std::string, std::string>> list;
    fields.each(key, kMostBlocks, true, [&](Fields one) { list.emplace_back(one.name("name"), one.text("value")); });
    return list;
}

McpServer server(Fields fields) {
    McpServer server;
    server.name = fields.name("name");
    const std::string type = fields.find("type") != nullptr ? fields.text("type") : "stdio";
    if (type == "http" || type == "sse") {
        server.kind = type == "http" ? McpServer::Kind::http : McpServer::Kind::sse;
        server.url = fields.name("url");
        server.headers = pairs(fields, "headers");
        return server;
    }
    if (type != "stdio") fields.reject("type", "is no transport that is known here");
    server.command = fields.name("command");
    if (const json::Array* words = fields.array("args", kMostBlocks, true)) {
        for (std::size_t i = 0; i < words->size(); ++i) {
            if (const auto* word = (*words)[i].if_string())
                server.arguments.emplace_back(word->data(), word->size());
            else
                fields.reject(fmt::format("args[{}]", i), "must be a string");
        }
    }
    server.environment = pairs(fields, "env");
    return server;
}

Decoded<SessionRequest> session_request(const json::Object& params, bool named, bool servers_required) {
    Trouble trouble;
    Fields fields(params, "", trouble);
    SessionRequest request;
    if (named) request.session = fields.name("sessionId");
    request.cwd = fields.folder("cwd");
    if (const json::Array* more = fields.array("additionalDirectories", kMostBlocks, false); more && !more->empty())
        fields.reject("additionalDirectories", "are not supported: a session has one folder");
    // Null stands for none: so the schema has it.
    if (servers_required && !params.contains("mcpServers")) fields.reject("mcpServers", "is missing");
    fields.each("mcpServers", kMostServers, false,
                [&](Fields one) { request.mcp_servers.push_back(server(std::move(one))); });
    return result(std::move(request), trouble);
}

std::optional<Block> resource(Fields fields) {
    const std::string uri = fields.name("uri");
    if (fields.find("blob") != nullptr) return BlobBlock{uri};
    return ResourceBlock{uri, fields.text("text")};
}

std::optional<Block> block(Fields fields) {
    const std::string type = fields.text("type", kLongestName);
    if (type == "text") return TextBlock{fields.text("text")};
    if (type == "resource_link") return LinkBlock{fields.name("uri"), fields.text("name", kLongestName)};
    if (type == "resource") return resource(fields.object("resource"));
    fields.reject("type", type == "image" || type == "audio" ? "is content that this agent does not take"
                                                             : "is no content that is known here");
    return std::nullopt;
}

}  // namespace

Decoded<InitializeRequest> decode_initialize(const json::Object& params) {
    Trouble trouble;
    Fields fields(params, "", trouble);
    InitializeRequest request;
    const json::Value* version = fields.find("protocolVersion");
    if (version == nullptr || !version->is_int64() || version->get_int64() < 0 || version->get_int64() > 65535)
        fields.reject("protocolVersion", "must be a whole number below 65536");
    else
        request.version = static_cast<int>(version->get_int64());
    // What is malformed here counts as not there: so the schema has it.
    Trouble ignored;
    Fields client = Fields(params, "", ignored).object("clientCapabilities");
    Fields files = client.object("fs");
    request.client.read_text_file = files.flag("readTextFile");
    request.client.write_text_file = files.flag("writeTextFile");
    Fields session = client.object("session");
    const json::Value* notices = session.find("notices");
    request.client.notices = notices != nullptr && notices->is_object();
    return result(request, trouble);
}

Decoded<SessionRequest> decode_new(const json::Object& params) { return session_request(params, false, true); }
Decoded<SessionRequest> decode_load(const json::Object& params) { return session_request(params, true, true); }
Decoded<SessionRequest> decode_resume(const json::Object& params) { return session_request(params, true, false); }

Decoded<ListRequest> decode_list(const json::Object& params) {
    Trouble trouble;
    Fields fields(params, "", trouble);
    ListRequest request;
    if (fields.find("cwd") != nullptr) request.cwd = fields.folder("cwd");
    if (fields.find("cursor") != nullptr) {
        const std::string cursor = fields.text("cursor", kLongestName);
        const char* end = cursor.data() + cursor.size();
        const auto [stopped, error] = std::from_chars(cursor.data(), end, request.from);
        if (error != std::errc() || stopped != end) fields.reject("cursor", "is none of ours");
    }
    return result(std::move(request), trouble);
}

Decoded<PromptRequest> decode_prompt(const json::Object& params) {
    Trouble trouble;
    Fields fields(params, "", trouble);
    PromptRequest request;
    request.session = fields.name("sessionId");
    fields.each("prompt", kMostBlocks, true, [&](Fields one) {
        if (auto taken = block(std::move(one))) request.blocks.push_back(*std::move(taken));
    });
    return result(std::move(request), trouble);
}

Decoded<ModeRequest> decode_mode(const json::Object& params) {
    Trouble trouble;
    Fields fields(params, "", trouble);
    return result(ModeRequest{fields.name("sessionId"), fields.name("modeId")}, trouble);
}

Decoded<ConfigRequest> decode_config(const json::Object& params) {
    Trouble trouble;
    Fields fields(params, "", trouble);
    return result(ConfigRequest{fields.name("sessionId"), fields.name("configId"), fields.name("value")}, trouble);
}

Decoded<std::string> decode_session(const json::Object& params) {
    Trouble trouble;
    Fields fields(params, "", trouble);
    return result(fields.name("sessionId"), trouble);
}

Decoded<json::Value> decode_cancelled_request(const json::Object& params) {
    const json::Value* id = params.if_contains("requestId");
    if (id == nullptr || !(id->is_string() || id->is_int64() || id->is_uint64()))
        return refused({"requestId", "must be a string or a whole number"});
    return *id;
}

Decoded<PermissionOutcome> decode_permission(const json::Value& answer) {
    static const json::Object kNone;
    Trouble trouble;
    Fields fields(answer.is_object() ? answer.get_object() : kNone, "", trouble);
    Fields outcome = fields.object("outcome");
    const std::string kind = outcome.text("outcome", kLongestName);
    PermissionOutcome given;
    given.cancelled = kind == "cancelled";
    if (kind == "selected")
        given.option = outcome.name("optionId");
    else if (!given.cancelled)
        outcome.reject("outcome", "must be selected or cancelled");
    return result(std::move(given), trouble);
}

Decoded<std::string> decode_file_text(const json::Value& answer) {
    static const json::Object kNone;
    Trouble trouble;
    Fields fields(answer.is_object() ? answer.get_object() : kNone, "", trouble);
    return result(fields.text("content"), trouble);
}

}  // namespace ec::apps::acp
