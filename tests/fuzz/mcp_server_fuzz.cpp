// What strangers write to the MCP server, fed with arbitrary bytes: messages of a conversation, forms and queries of
// the authorization server, redirect addresses. The first byte picks the reader.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzzing.hpp"
#include "mcp/server/arguments.hpp"
#include "mcp/server/conversation.hpp"
#include "mcp/server/grants.hpp"
#include "web.hpp"

namespace {

using namespace ec::apps;
using ec::fuzzing::require;

/// Every word to the client is one JSON-RPC message on one line.
class Checked final : public mcp::Outlet {
public:
    void message(const std::string& text) override { check(text); }
    void answer(const std::string& text) override {
        check(text);
        require(!std::exchange(answered_, true));
    }
    void leave() override { require(!std::exchange(answered_, true)); }

private:
    static void check(const std::string& text) {
        require(text.find('\n') == std::string::npos);
        require(ec::apps::rpc::decode(text).has_value());
    }
    bool answered_ = false;
};

mcp::Registry registry() {
    mcp::Registry made;
    made.self = {.name = "fuzz", .title = {}, .version = "1"};
    mcp::Tool tool;
    tool.description = {.name = "t", .description = "t", .input_schema = {}};
    tool.run = [](const ec::json::Object& given, mcp::Call& call) {
        mcp::Arguments arguments(given, {"text", "word", "many", "number"});
        arguments.required_text("text", 100);
        arguments.word("word", {"a", "b"});
        arguments.texts("many", 10, 3);
        arguments.number("number", 0, 1);
        arguments.integer("number", 0, 1);
        call.progress(1, 2, arguments.wrong().value_or(""));
        return std::expected<mcp::ToolResult, rpc::RpcError>(arguments.wrong() ? mcp::error_result(*arguments.wrong())
                                                                               : mcp::text_result("ok"));
    };
    made.tools = {tool};
    made.prompts = {{"p", "p", {{"x", "x", true}}, [](const auto& given) {
                         return std::vector{mcp::PromptMessage{.content = mcp::TextContent{given.at("x")}}};
                     }}};
    made.templates = {
        {"t://{id}/x", "t", "t", "text/plain", [](const std::string& id) -> ec::Result<mcp::ResourceContents> {
             require(!id.empty() && id.find('/') == std::string::npos);
             return mcp::ResourceContents{"t://x", "text/plain", id, {}};
         }}};
    made.subscriptions = true;
    made.complete = [](const std::string&, const std::string&, const std::string& value) { return std::vector{value}; };
    return made;
}

void converse(std::string_view lines) {
    static const mcp::Registry offered = registry();
    mcp::CallThreads threads(4);
    const auto conversation = std::make_shared<mcp::Conversation>(offered, threads);
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        auto message = rpc::decode(lines.substr(0, end));
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (!message) continue;
        if (auto* response = std::get_if<rpc::Response>(&*message)) {
            conversation->response(std::move(*response));
        } else if (auto& request = std::get<rpc::Request>(*message); request.notification()) {
            conversation->notification(request);
        } else {
            conversation->request(std::move(request), std::make_shared<Checked>());
        }
    }
    conversation->end();
}

void read_form(std::string_view text) {
    const auto form = Form::parse(text);
    if (!form) return;
    const std::string value = form->value("a");
    const auto again = Form::parse("a=" + percent_encoded(value));
    require(again && again->value("a") == value);
    require(html_escaped(value).find_first_of("<>\"'") == std::string::npos);
    if (const auto scopes = mcp::parse_scopes(value)) require(mcp::parse_scopes(mcp::scope_text(*scopes)) == scopes);
}

void read_address(std::string_view text) {
    if (!mcp::may_redirect_to(text)) return;
    require(text.starts_with("https://") || text.starts_with("http://127.0.0.1") ||
            text.starts_with("http://localhost") || text.starts_with("http://[::1]"));
    // It goes into a header and into a policy of the page.
    require(std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; }));
    const std::string_view origin = text.substr(0, text.find_first_of("/?", 8));
    require(origin.find_first_of(";,'@") == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] % 3 == 0) converse(text);
    if (data[0] % 3 == 1) read_form(text);
    if (data[0] % 3 == 2) read_address(text);
    return 0;
}
