#include "program_wire.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>

namespace ec::apps::mcp {

Status ProgramWire::exchange(std::string_view request, const Hear& hear, std::chrono::milliseconds patience,
                             std::stop_token stop) {
    EC_TRY(session_->send(request));
    const auto until = std::chrono::steady_clock::now() + patience;
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return fail(ErrorCode::timeout, "the server did not answer in time");
        EC_ASSIGN(const std::string line, session_->receive(left, stop));
        EC_ASSIGN(const bool over, hear(line));
        if (over) return {};
    }
}

std::string ProgramWire::last_words() {
    const executor::RunResult result = session_->finish(std::chrono::milliseconds(200));
    if (result.status == executor::RunStatus::sandbox_error) return result.reason;
    const auto lines = split_lines(result.err);
    // The last line that says something: a stack of frames or a sentence, whichever a program ends with.
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (!trim(*line).empty()) return std::string(trim(*line));
    }
    if (result.status == executor::RunStatus::failed) return fmt::format("exit status {}", result.exit_code);
    return result.status == executor::RunStatus::ok ? "" : std::string(executor::name(result.status));
}

}  // namespace ec::apps::mcp
