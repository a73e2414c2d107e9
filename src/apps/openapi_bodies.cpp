#include "openapi_bodies.hpp"

#include <fmt/format.h>

#include <ec/json/json.hpp>
#include <stdexcept>

namespace ec::apps {
namespace {

json::Object media(const json::Object& schemas, std::string_view name) {
    if (name.empty()) return {};
    if (!schemas.contains(name)) throw std::logic_error(fmt::format("there is no schema {}", name));
    return {{"schema", json::Object{{"$ref", fmt::format("#/components/schemas/{}", name)}}}};
}

void complete(json::Object& operation, const json::Object& schemas, const BodySchema& body) {
    if (!body.request.empty())
        operation.at("requestBody").as_object().at("content").as_object().begin()->value() =
            media(schemas, body.request);
    for (auto& response : operation.at("responses").as_object()) {
        if (response.key().starts_with('2'))
            response.value().as_object()["content"] = json::Object{{body.type, media(schemas, body.answer)}};
    }
}

}  // namespace

std::string with_bodies(std::string_view document, std::string_view schemas, std::span<const BodySchema> bodies) {
    const auto added = json::parse(schemas);
    auto whole = json::parse(document);
    if (!added || !whole) throw std::logic_error("no document: " + (added ? whole : added).error().message);
    json::Object& root = whole->as_object();
    json::Object& all = root.at("components").as_object()["schemas"].as_object();
    for (const auto& [name, schema] : added->as_object()) all[name] = schema;
    for (const BodySchema& body : bodies)
        complete(root.at("paths").as_object().at(body.path).as_object().at(body.method).as_object(), all, body);
    return json::write(*whole);
}

}  // namespace ec::apps
