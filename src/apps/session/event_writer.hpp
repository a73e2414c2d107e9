// What an agent tells, as JSON lines for programs: docs/events.md describes them.
#pragma once

#include <ec/agent/events.hpp>
#include <ec/json/json.hpp>
#include <iosfwd>
#include <mutex>
#include <string_view>

namespace ec::apps::session {

/// Writes one line an event to a stream it borrows and flushes it, so that a reader sees it at once. Lines are whole
/// also when several threads write. Text comes out as UTF-8 with U+FFFD for what was none; controls and invisible
/// characters are escaped, so that a line is safe on a terminal too.
class EventWriter final : public agent::AgentEvents {
public:
    explicit EventWriter(std::ostream& out) : out_(out) {}
    void event(const agent::AgentEvent& event) override;
    /// The last line, {"type":"result", …}: written once, by whoever knows how it ended.
    void result(const json::Object& fields);

private:
    void line(std::string_view type, const json::Object& fields);

    std::ostream& out_;
    std::mutex mutex_;
};

}  // namespace ec::apps::session
