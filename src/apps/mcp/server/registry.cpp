#include "registry.hpp"

#include <algorithm>
#include <array>

namespace ec::apps::mcp {
namespace {

constexpr std::array<std::string_view, 8> kLevels = {"debug", "info",     "notice", "warning",
                                                     "error", "critical", "alert",  "emergency"};

}  // namespace

std::string_view name(LogLevel level) { return kLevels.at(static_cast<std::size_t>(level)); }

std::optional<LogLevel> log_level(std::string_view text) {
    const auto* const found = std::ranges::find(kLevels, text);
    if (found == kLevels.end()) return std::nullopt;
    return static_cast<LogLevel>(found - kLevels.begin());
}

const Tool* Registry::tool(std::string_view name) const {
    const auto found = std::ranges::find_if(tools, [&](const Tool& tool) { return tool.description.name == name; });
    return found == tools.end() ? nullptr : &*found;
}

}  // namespace ec::apps::mcp
