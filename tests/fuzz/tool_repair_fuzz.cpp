// A model's reply that may hold tool calls: the first byte picks how it ended and where it stands. Whatever went in,
// calls have known names and ids of their own, a reply without calls keeps its words, and nothing is thrown.
#include <ec/model/tool_repair.hpp>
#include <string>
#include <unordered_set>

#include "fuzzing.hpp"

namespace {

using namespace ec::model;
using ec::fuzzing::require;

const std::vector<ToolSpec>& tools() {
    static const std::vector<ToolSpec> all = {
        {"read", "",
         R"({"type":"object","properties":{"path":{"type":"string"},"start":{"type":"integer"}},"required":["path"]})"},
        {"write", "",
         R"({"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]})"},
        {"run", "", R"({"type":"object","properties":{"command":{"type":"array"},"wait":{"type":"boolean"}}})"},
        {"broken", "", "{"}};
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 65536) return 0;
    ChatReply reply;
    reply.text.assign(reinterpret_cast<const char*>(data) + 1, size - 1);
    reply.finish = (data[0] & 1) != 0 ? Finish::length : Finish::stop;
    if ((data[0] & 2) != 0) reply.thinking.swap(reply.text);
    const Finish finish = reply.finish;
    const std::string words = reply.text;
    const ChatReply repaired = repair_tool_calls(std::move(reply), tools());
    std::unordered_set<std::string> ids;
    for (const ToolCall& call : repaired.calls) {
        require(tool_named(call.name, tools()) != nullptr && !call.id.empty() && ids.insert(call.id).second);
        (void)ec::json::write(ec::json::Value(call.arguments));
    }
    require(repaired.calls.empty() ? repaired.finish == finish : repaired.finish == Finish::tool_calls);
    if (repaired.calls.empty() && split_thinking(words).thinking.empty()) require(repaired.text == words);
    return 0;
}
