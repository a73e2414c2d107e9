// Nobody is there to ask: what a person's --yes, or a request's own word, has decided before is all there is.
#pragma once

#include <ec/agent/events.hpp>

namespace ec::apps {

/// A plan and a command in the sandbox harm nothing; whether a patch is written is decided by AgentOptions::write.
class Unattended final : public agent::Person {
public:
    agent::Answer approve_plan(const agent::Plan&) override { return {}; }
    agent::Answer approve_patch(const std::string&, const executor::TestReport*) override { return {}; }
    agent::Answer approve_command(const std::string&, const std::string&) override { return {}; }
    std::optional<std::string> redirection() override { return std::nullopt; }
};

}  // namespace ec::apps
