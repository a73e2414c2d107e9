#include "protocol.hpp"

#include <algorithm>

namespace ec::apps::mcp {
namespace {

void put(json::Object& object, std::string_view key, const std::string& text) {
    if (!text.empty()) object[key] = text;
}

void put(json::Object& object, std::string_view key, std::optional<bool> flag) {
    if (flag) object[key] = *flag;
}

}  // namespace

bool is_revision(std::string_view text) { return std::ranges::find(kRevisions, text) != kRevisions.end(); }

std::string_view agreed_revision(std::string_view wanted) {
    const auto* const found = std::ranges::find(kRevisions, wanted);
    return found == kRevisions.end() ? kNewestRevision : *found;
}

ToolResult text_result(std::string text) { return {.content = {TextContent{std::move(text)}}}; }

ToolResult error_result(std::string text) { return {.content = {TextContent{std::move(text)}}, .is_error = true}; }

json::Object encode(const Implementation& implementation) {
    json::Object object{{"name", implementation.name}, {"version", implementation.version}};
    put(object, "title", implementation.title);
    return object;
}

json::Object encode(const ResourceContents& contents) {
    json::Object object{{"uri", contents.uri}};
    put(object, "mimeType", contents.mime_type);
    if (contents.blob)
        object["blob"] = *contents.blob;
    else
        object["text"] = contents.text;
    return object;
}

json::Object encode(const ContentBlock& block) {
    struct Encoder {
        json::Object operator()(const TextContent& content) const { return {{"type", "text"}, {"text", content.text}}; }
        json::Object operator()(const MediaContent& content) const {
            return {{"type", content.mime_type.starts_with("audio/") ? "audio" : "image"},
                    {"data", content.data},
                    {"mimeType", content.mime_type}};
        }
        json::Object operator()(const ResourceContents& contents) const {
            return {{"type", "resource"}, {"resource", encode(contents)}};
        }
        json::Object operator()(const ResourceLink& link) const {
            json::Object object{{"type", "resource_link"}, {"uri", link.uri}, {"name", link.name}};
            put(object, "description", link.description);
            put(object, "mimeType", link.mime_type);
            return object;
        }
    };
    return std::visit(Encoder{}, block);
}

json::Object encode(const ToolDescription& tool) {
    json::Object object{{"name", tool.name}, {"description", tool.description}, {"inputSchema", tool.input_schema}};
    put(object, "title", tool.title);
    if (tool.output_schema) object["outputSchema"] = *tool.output_schema;
    json::Object hints;
    put(hints, "readOnlyHint", tool.annotations.read_only);
    put(hints, "destructiveHint", tool.annotations.destructive);
    put(hints, "idempotentHint", tool.annotations.idempotent);
    put(hints, "openWorldHint", tool.annotations.open_world);
    if (!hints.empty()) object["annotations"] = std::move(hints);
    return object;
}

json::Object encode(const ToolResult& result) {
    json::Array content;
    for (const ContentBlock& block : result.content) content.emplace_back(encode(block));
    json::Object object{{"content", std::move(content)}};
    if (result.structured) object["structuredContent"] = *result.structured;
    if (result.is_error) object["isError"] = true;
    return object;
}

}  // namespace ec::apps::mcp
