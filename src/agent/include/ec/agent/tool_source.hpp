// Tools that other programs serve, offered to a model beside the agent's own: a port that `apps` fills.
//
// What comes from there is hostile: names and schemas are offered as the source gives them, so it gives none that
// pretend to be something else, and texts pass the agent's nets for secrets in both directions. Threads: called by the
// thread that runs the agent.
#pragma once

#include <ec/agent/events.hpp>
#include <ec/model/chat.hpp>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::agent {

struct ToolReply {
    std::string text;  ///< for the model
    bool ok = true;
};

class ToolSource {
public:
    virtual ~ToolSource() = default;
    /// The tools for a task that begins, in an order that does not change from task to task. What cannot be had is told
    /// as a warning and left out; returns within seconds.
    virtual std::vector<model::ToolSpec> offer(AgentEvents& events, std::stop_token stop) = 0;
    /// Calls one of them, once the person agrees where that is needed. Anything that goes wrong is a reply in words.
    virtual ToolReply call(const model::ToolCall& call, Person& person, std::stop_token stop) = 0;
};

}  // namespace ec::agent
