#include "openai/probes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ec::model {
namespace {

constexpr std::string_view kTool = "report_number";

Sampling cold(int max_tokens) {
    Sampling sampling;
    sampling.temperature = 0;
    sampling.max_tokens = max_tokens;
    return sampling;
}

}  // namespace

ChatRequest context_question(std::int64_t tokens, const std::string& marker) {
    std::string text = fmt::format("The marker is {}.\n", marker);
    const auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(0, tokens)) * 7 / 2;
    for (unsigned line = 1; text.size() < bytes; ++line)
        text += fmt::format("Line {} of this text says nothing.\n", line);
    ChatRequest request;
    request.messages = {
        {Role::system, std::move(text), {}, {}},
        {Role::user, "What is the marker that the first line names? Answer with the marker only.", {}, {}}};
    request.sampling = cold(512);
    return request;
}

bool repeats_marker(const ChatReply& reply, const std::string& marker) {
    return reply.text.find(marker) != std::string::npos || reply.thinking.find(marker) != std::string::npos;
}

ChatRequest dialect_question() {
    ChatRequest request;
    request.messages = {{Role::system, "Use the tools. Do not answer in words.", {}, {}},
                        {Role::user, "Report the number 7.", {}, {}}};
    request.tools = {{std::string(kTool), "Reports a number.",
                      R"({"type":"object","properties":{"value":{"type":"integer"}},"required":["value"]})"}};
    request.sampling = cold(512);
    return request;
}

ToolDialect dialect_of(const ChatReply& reply) {
    if (!reply.calls.empty()) return ToolDialect::native;
    const std::string& text = reply.text;
    if (text.find(kTool) == std::string::npos) return ToolDialect::none;
    if (text.find("<function=") != std::string::npos) return ToolDialect::xml_function;
    if (text.find("<tool_call>") != std::string::npos) return ToolDialect::hermes_tags;
    return text.find('{') != std::string::npos ? ToolDialect::json_fence : ToolDialect::none;
}

}  // namespace ec::model
