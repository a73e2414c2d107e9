// What an MCP server offers: tools, resources, prompts, each with the function behind it. Filled once by whoever builds
// a server, then only read.
//
// Threads: the functions of tools are called from several threads at once, each call on one of its own; those of
// resources, prompts and completion from the threads that read messages, so they return soon.
#pragma once

#include <chrono>
#include <ec/core/result.hpp>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "../protocol.hpp"
#include "rpc/json_rpc.hpp"

namespace ec::apps::mcp {

/// RFC 5424's severities, mildest first.
enum class LogLevel { debug, info, notice, warning, error, critical, alert, emergency };
std::string_view name(LogLevel level);
std::optional<LogLevel> log_level(std::string_view text);

/// One call of a tool, as the tool sees it. Valid during the call; any thread.
class Call {
public:
    virtual ~Call() = default;
    /// Fires when the client cancels, or the conversation ends.
    [[nodiscard]] virtual std::stop_token stop() const = 0;
    /// Tells a client that asked for it; `done` must grow, or nothing is said. `total` 0: unknown.
    virtual void progress(double done, double total, const std::string& message) = 0;
    /// Told as far as the client's level lets it through.
    virtual void log(LogLevel level, std::string_view logger, json::Value data) = 0;
    /// Whether the client declared it ("sampling", "elicitation").
    [[nodiscard]] virtual bool client_can(std::string_view capability) const = 0;
    /// Asks the client and waits.
    virtual rpc::Answer ask(std::string method, json::Object params, std::chrono::milliseconds patience) = 0;
    /// Has a client over HTTP come back for the rest; nothing over a pipe.
    virtual void hang_up() = 0;
    /// What the caller's token allows; everything over a pipe.
    [[nodiscard]] virtual bool allowed(std::string_view scope) const = 0;
};

struct Tool {
    ToolDescription description;
    /// Wrong arguments and failed work are results with is_error; an RpcError is for what is no fault of the call.
    std::function<std::expected<ToolResult, rpc::RpcError>(const json::Object& arguments, Call& call)> run;
    /// What a token must allow for this call; empty: any token.
    std::function<std::string(const json::Object& arguments)> scope = {};
    bool slow = false;  ///< may take longer than clients wait in silence: over HTTP answered as a stream at once
};

struct Resource {
    std::string uri;
    std::string name;
    std::string description;
    std::string mime_type;
    std::function<Result<ResourceContents>()> read;
};

/// "scheme://before/{variable}/after": one variable that stands for one or more characters other than '/'.
struct ResourceTemplate {
    std::string uri_template;
    std::string name;
    std::string description;
    std::string mime_type;
    std::function<Result<ResourceContents>(const std::string& value)> read;
};

struct PromptArgument {
    std::string name;
    std::string description;
    bool required = false;
};
struct PromptMessage {
    std::string role = "user";
    ContentBlock content;
};
struct Prompt {
    std::string name;
    std::string description;
    std::vector<PromptArgument> arguments;
    std::function<std::vector<PromptMessage>(const std::map<std::string, std::string>& arguments)> render;
};

struct Registry {
    Implementation self;
    std::string instructions;  ///< for the model of the client; may be empty
    std::vector<Tool> tools;
    std::vector<Resource> resources = {};
    std::vector<ResourceTemplate> templates = {};
    std::vector<Prompt> prompts = {};
    bool subscriptions = false;  ///< whether resources/subscribe is taken
    /// Words for an argument of a prompt or a template; empty: completion is not offered.
    std::function<std::vector<std::string>(const std::string& reference, const std::string& argument,
                                           const std::string& value)>
        complete = {};

    [[nodiscard]] const Tool* tool(std::string_view name) const;
};

}  // namespace ec::apps::mcp
