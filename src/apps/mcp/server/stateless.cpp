#include "stateless.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

namespace ec::apps::mcp {
namespace {

constexpr std::string_view kRevisionKey = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view kLevelKey = "io.modelcontextprotocol/logLevel";
constexpr std::string_view kServerKey = "io.modelcontextprotocol/serverInfo";
constexpr int kKeptMs = 60'000;  // what is offered stays as it is while the server runs

const json::Object& meta_of(const rpc::Request& request) {
    static const json::Object none;
    const json::Value* meta = request.params.if_contains("_meta");
    return meta != nullptr && meta->is_object() ? meta->get_object() : none;
}

/// RFC 4648, section 4; nothing for what is none.
std::optional<std::string> base64_decoded(std::string_view text) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string out;
    unsigned held = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const std::size_t digit = kAlphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        held = (held << 6U | static_cast<unsigned>(digit)) & 0xffffU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>(held >> bits & 0xffU);
    }
    return out;
}

/// A field as it stands, or "=?base64?…?=".
std::optional<std::string> field_value(std::string_view field) {
    constexpr std::string_view kBegin = "=?base64?";
    constexpr std::string_view kEnd = "?=";
    if (field.size() < kBegin.size() + kEnd.size() || !field.starts_with(kBegin) || !field.ends_with(kEnd))
        return std::string(field);
    return base64_decoded(field.substr(kBegin.size(), field.size() - kBegin.size() - kEnd.size()));
}

std::string text_of(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool is_cacheable(std::string_view method) {
    return method.ends_with("/list") || method == "resources/read" || method == "server/discover";
}

}  // namespace

bool is_stateless(const rpc::Request& request) { return meta_of(request).contains(kRevisionKey); }

std::expected<RequestTerms, rpc::RpcError> request_terms(const rpc::Request& request) {
    const json::Object& meta = meta_of(request);
    const std::string wanted = text_of(meta, kRevisionKey);
    if (wanted != kStatelessRevision) {
        return rpc::refuse(kUnsupportedRevision, "Unsupported protocol version",
                           json::Object{{"supported", json::Array{json::Value(kStatelessRevision)}},
                                        {"requested", ellipsize(to_valid_utf8(wanted), 40)}});
    }
    const json::Value* can = meta.if_contains(kCapabilitiesKey);
    if (can == nullptr || !can->is_object())
        return rpc::refuse(rpc::kInvalidParams, fmt::format("params._meta lacks {}", kCapabilitiesKey));
    RequestTerms terms;
    if (meta.contains(kLevelKey)) {
        terms.level = log_level(text_of(meta, kLevelKey));
        if (!terms.level)
            return rpc::refuse(rpc::kInvalidParams, fmt::format("params._meta.{} is no level", kLevelKey));
    }
    return terms;
}

bool has_stateless_method(const Registry& registry, std::string_view method) {
    if (method == "completion/complete") return registry.complete != nullptr;
    return method == "server/discover" || method == "tools/list" || method == "tools/call" ||
           method == "resources/list" || method == "resources/templates/list" || method == "resources/read" ||
           method == "prompts/list" || method == "prompts/get";
}

std::optional<rpc::RpcError> header_mismatch(const net::ServerRequest& fields, const rpc::Request& request) {
    const auto differs = [&](std::string_view field, const std::string& said) -> std::optional<rpc::RpcError> {
        if (field_value(fields.header(field)) == said) return std::nullopt;
        return rpc::RpcError{kHeaderMismatch, fmt::format("Header mismatch: {} is not what the request says", field),
                             nullptr};
    };
    if (auto wrong = differs("mcp-protocol-version", text_of(meta_of(request), kRevisionKey))) return wrong;
    if (auto wrong = differs("mcp-method", request.method)) return wrong;
    if (request.method == "tools/call" || request.method == "prompts/get")
        return differs("mcp-name", text_of(request.params, "name"));
    if (request.method == "resources/read") return differs("mcp-name", text_of(request.params, "uri"));
    return std::nullopt;
}

json::Object capabilities(const Registry& registry, bool stateless) {
    json::Object offers{{"logging", json::Object()}};
    if (!registry.tools.empty()) offers["tools"] = json::Object();
    if (!registry.resources.empty() || !registry.templates.empty()) {
        offers["resources"] = registry.subscriptions && !stateless ? json::Object{{"subscribe", true}} : json::Object();
    }
    if (!registry.prompts.empty()) offers["prompts"] = json::Object();
    if (registry.complete) offers["completions"] = json::Object();
    return offers;
}

json::Object discovery(const Registry& registry) {
    json::Object result{{"supportedVersions", json::Array{json::Value(kStatelessRevision)}},
                        {"capabilities", capabilities(registry, true)},
                        {"serverInfo", encode(registry.self)}};
    if (!registry.instructions.empty()) result["instructions"] = registry.instructions;
    return result;
}

rpc::Answer completed(rpc::Answer answer, std::string_view method, const Registry& registry) {
    if (!answer) {
        if (answer.error().code == kResourceNotFound) answer.error().code = rpc::kInvalidParams;
        return answer;
    }
    json::Object& result = answer->get_object();
    result["resultType"] = "complete";
    result["_meta"] = json::Object{{kServerKey, encode(registry.self)}};
    if (is_cacheable(method)) {
        result["ttlMs"] = kKeptMs;
        result["cacheScope"] = "private";
    }
    return answer;
}

}  // namespace ec::apps::mcp
