// What a conversation tells of the registry: lists, resources, prompts, completion.
#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "conversation.hpp"

namespace ec::apps::mcp {
namespace {

using rpc::Answer;
using rpc::refuse;

json::Object named(const std::string& name, const std::string& description) {
    return {{"name", name}, {"description", description}};
}

json::Object encode(const Prompt& prompt) {
    json::Object object = named(prompt.name, prompt.description);
    json::Array arguments;
    for (const PromptArgument& argument : prompt.arguments) {
        json::Object each = named(argument.name, argument.description);
        each["required"] = argument.required;
        arguments.push_back(std::move(each));
    }
    if (!arguments.empty()) object["arguments"] = std::move(arguments);
    return object;
}

/// What stands in `uri` where the template has its variable; nothing when it does not fit.
std::optional<std::string> variable_of(std::string_view pattern, std::string_view uri) {
    const std::size_t open = pattern.find('{');
    const std::size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view before = pattern.substr(0, open);
    const std::string_view after = pattern.substr(close + 1);
    if (uri.size() <= before.size() + after.size() || !uri.starts_with(before) || !uri.ends_with(after))
        return std::nullopt;
    const std::string_view value = uri.substr(before.size(), uri.size() - before.size() - after.size());
    if (value.find('/') != std::string_view::npos) return std::nullopt;
    return std::string(value);
}

Answer contents_or_error(const Result<ResourceContents>& contents, const std::string& uri) {
    if (contents) return json::Object{{"contents", json::Array{encode(*contents)}}};
    const bool missing = contents.error().code == ErrorCode::not_found;
    return refuse(missing ? kResourceNotFound : rpc::kInternalError, contents.error().message,
                  json::Object{{"uri", uri}});
}

}  // namespace

Answer Conversation::list(const rpc::Request& request) const {
    // Everything fits one page, so no cursor was ever given out.
    if (request.params.contains("cursor")) return refuse(rpc::kInvalidParams, "params.cursor is none of ours");
    json::Array items;
    if (request.method == "tools/list") {
        for (const Tool& tool : registry_.tools) items.emplace_back(mcp::encode(tool.description));
        return json::Object{{"tools", std::move(items)}};
    }
    if (request.method == "resources/list") {
        for (const Resource& resource : registry_.resources) {
            json::Object object = named(resource.name, resource.description);
            object["uri"] = resource.uri;
            object["mimeType"] = resource.mime_type;
            items.push_back(std::move(object));
        }
        return json::Object{{"resources", std::move(items)}};
    }
    if (request.method == "resources/templates/list") {
        for (const ResourceTemplate& resource : registry_.templates) {
            json::Object object = named(resource.name, resource.description);
            object["uriTemplate"] = resource.uri_template;
            object["mimeType"] = resource.mime_type;
            items.push_back(std::move(object));
        }
        return json::Object{{"resourceTemplates", std::move(items)}};
    }
    if (request.method == "prompts/list") {
        for (const Prompt& prompt : registry_.prompts) items.emplace_back(encode(prompt));
        return json::Object{{"prompts", std::move(items)}};
    }
    return refuse(rpc::kMethodNotFound, fmt::format("there is no method {}", ellipsize(request.method, 80)));
}

Answer Conversation::read_resource(const json::Object& params) const {
    json::Reader reader(params, "params");
    const std::string uri = reader.require("uri").string("uri");
    if (!reader.status()) return refuse(rpc::kInvalidParams, reader.status().error().message);
    for (const Resource& resource : registry_.resources) {
        if (resource.uri == uri) return contents_or_error(resource.read(), uri);
    }
    for (const ResourceTemplate& resource : registry_.templates) {
        if (const auto value = variable_of(resource.uri_template, uri))
            return contents_or_error(resource.read(*value), uri);
    }
    return refuse(kResourceNotFound, "Resource not found", json::Object{{"uri", uri}});
}

Answer Conversation::get_prompt(const json::Object& params) const {
    json::Reader reader(params, "params");
    const std::string name = reader.require("name").string("name");
    const json::Object& given = reader.object("arguments");
    if (!reader.status()) return refuse(rpc::kInvalidParams, reader.status().error().message);
    const auto prompt = std::ranges::find(registry_.prompts, name, &Prompt::name);
    if (prompt == registry_.prompts.end())
        return refuse(rpc::kInvalidParams, fmt::format("Unknown prompt: {}", ellipsize(to_valid_utf8(name), 80)));
    std::map<std::string, std::string> arguments;
    json::Reader words(given, "params.arguments");
    for (const PromptArgument& argument : prompt->arguments) {
        if (argument.required) words.require(argument.name);
        arguments[argument.name] = words.string(argument.name);
    }
    if (!words.status()) return refuse(rpc::kInvalidParams, words.status().error().message);
    json::Array messages;
    for (const PromptMessage& message : prompt->render(arguments))
        messages.push_back(json::Object{{"role", message.role}, {"content", mcp::encode(message.content)}});
    return json::Object{{"description", prompt->description}, {"messages", std::move(messages)}};
}

Answer Conversation::complete(const json::Object& params) const {
    if (!registry_.complete) return refuse(rpc::kMethodNotFound, "nothing is completed here");
    json::Reader reader(params, "params");
    json::Reader reference(reader.require("ref").object("ref"), "params.ref");
    json::Reader argument(reader.require("argument").object("argument"), "params.argument");
    const std::string type = reference.require("type").string("type");
    const std::string key = type == "ref/resource" ? "uri" : "name";
    const std::string what = reference.require(key).string(key);
    const std::string name = argument.require("name").string("name");
    const std::string value = argument.string("value");
    for (const json::Reader* each : {&reader, &reference, &argument}) {
        if (!each->status()) return refuse(rpc::kInvalidParams, each->status().error().message);
    }
    constexpr std::size_t kMostValues = 100;  // as the protocol has it
    json::Array values;
    const std::vector<std::string> found = registry_.complete(what, name, value);
    for (const std::string& each : found) {
        if (values.size() < kMostValues) values.emplace_back(each);
    }
    return json::Object{{"completion", json::Object{{"values", std::move(values)},
                                                    {"total", found.size()},
                                                    {"hasMore", found.size() > kMostValues}}}};
}

}  // namespace ec::apps::mcp
