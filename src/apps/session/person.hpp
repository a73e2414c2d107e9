// The two that stand for a person before an agent.
#pragma once

#include <ec/agent/events.hpp>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ec::apps::session {

class Exchange;

/// Asks the person at the terminal, through the exchange; lives as long as one call of the host.
class SessionPerson final : public agent::Person {
public:
    /// `asks`: the question behind what approve_command() shows, where that is no command.
    SessionPerson(Exchange& exchange, std::stop_token stop, std::string asks = {})
        : exchange_(exchange), stop_(std::move(stop)), asks_(std::move(asks)) {}
    agent::Answer approve_plan(const agent::Plan& plan) override;
    agent::Answer approve_patch(const std::string& patch, const executor::TestReport* report) override;
    agent::Answer approve_command(const std::string& command, const std::string& why) override;
    agent::Answer approve_tool(const agent::ToolUse& use) override;
    std::optional<std::string> redirection() override;

private:
    Exchange& exchange_;
    std::stop_token stop_;
    std::string asks_;
};

/// Nobody is there to ask: everything is approved when the caller said so beforehand (--yes), else rejected with a
/// sentence that says how. `say` takes that sentence for the log; it may be empty.
class UnattendedPerson final : public agent::Person {
public:
    using Say = std::function<void(std::string_view)>;
    explicit UnattendedPerson(bool yes, Say say = {}) : yes_(yes), say_(std::move(say)) {}
    agent::Answer approve_plan(const agent::Plan& plan) override;
    agent::Answer approve_patch(const std::string& patch, const executor::TestReport* report) override;
    agent::Answer approve_command(const std::string& command, const std::string& why) override;
    /// Rejected with --yes too: what another program's tool does is known to nobody here.
    agent::Answer approve_tool(const agent::ToolUse& use) override;
    std::optional<std::string> redirection() override { return std::nullopt; }

private:
    agent::Answer decide(std::string_view what);
    bool yes_;
    Say say_;
};

}  // namespace ec::apps::session
