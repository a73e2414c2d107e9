// What a mutation search tells of its progress, as events of an agent.
#pragma once

#include <fmt/format.h>

#include <ec/agent/events.hpp>
#include <ec/repair/repair.hpp>

namespace ec::agent {

class SearchEvents : public repair::RepairEvents {
public:
    explicit SearchEvents(AgentEvents& events) : events_(events) {}
    void stage(std::string_view, std::string_view) override {}
    void progress(const repair::SearchProgress& progress) override {
        events_.event(ProgressEvent{
            "candidates", -1, fmt::format("{} candidates, {:.0f} a second", progress.tried, progress.per_second)});
    }

protected:
    AgentEvents& events_;  // borrowed
};

}  // namespace ec::agent
