#include "document.hpp"

#include <array>
#include <ec/json/json.hpp>
#include <string_view>

#include "schemas.hpp"

namespace ec::apps::coordinator {
namespace {

struct Parameter {
    std::string_view path, method, name, in;
    bool required = false;
};

constexpr std::array<Parameter, 9> kParameters{{{"/v1/jobs", "post", "Idempotency-Key", "header", true},
                                                {"/v1/jobs", "get", "before", "query"},
                                                {"/v1/jobs", "get", "limit", "query"},
                                                {"/v1/jobs/{id}/events", "get", "after", "query"},
                                                {"/v1/jobs/{id}/events", "get", "Last-Event-ID", "header"},
                                                {"/v1/tasks/{id}/key", "get", "fence", "query", true},
                                                {"/v1/tasks/{id}/key", "get", "wait_s", "query"},
                                                {"/status", "get", "taskId", "query"},
                                                {"/capacity", "get", "group", "query"}}};
/// The operator's token will do there as well.
constexpr std::array<std::string_view, 4> kAlsoBearer{"/submit", "/status", "/capacity", "/features"};

json::Array schemes_of(std::string_view path) {
    json::Array schemes{json::Object{{"signature", json::Array{}}}};
    for (const std::string_view also : kAlsoBearer)
        if (path == also) schemes.push_back(json::Object{{"bearer", json::Array{}}});
    return schemes;
}

void complete(json::Object& operation, std::string_view path, std::string_view method) {
    if (operation.contains("security")) operation["security"] = schemes_of(path);
    for (const Parameter& parameter : kParameters) {
        if (parameter.path != path || parameter.method != method) continue;
        json::Value& list = operation["parameters"];
        if (!list.is_array()) list = json::Array{};
        list.as_array().push_back(json::Object{{"name", parameter.name},
                                               {"in", parameter.in},
                                               {"required", parameter.required},
                                               {"schema", json::Object{{"type", "string"}}}});
    }
}

}  // namespace

std::string coordinator_document(const std::vector<net::Route>& routes) {
    std::vector<BodySchema> bodies(body_schemas().begin(), body_schemas().end());
    for (const net::Route& route : routes) {
        if (route.path.starts_with("/log/tile/"))
            bodies.push_back({route.path, "get", "", "", "application/octet-stream"});
    }
    const std::string plain =
        with_bodies(net::openapi_document("EdgeCoder coordinator", EC_VERSION, routes), kSchemas, bodies);
    auto document = json::parse(plain);
    if (!document) return plain;
    json::Object& root = document->as_object();
    for (auto& path : root["paths"].as_object()) {
        for (auto& operation : path.value().as_object())
            complete(operation.value().as_object(), path.key(), operation.key());
    }
    root["components"].as_object()["securitySchemes"].as_object()["signature"] = json::Object{
        {"type", "apiKey"},
        {"in", "header"},
        {"name", "Signature"},
        {"description",
         "HTTP message signature (RFC 9421) of a node's Ed25519 key over @method, @authority, @path, @query and "
         "content-digest, beside the headers Signature-Input and Content-Digest"}};
    return json::write(*document);
}

}  // namespace ec::apps::coordinator
