// One turn of a session: what the agent tells becomes updates, what it asks becomes requests for permission.
//
// Threads: the session's own, but for the mode and the permissions, which outlive the turn.
#pragma once

#include <atomic>
#include <ec/agent/events.hpp>
#include <ec/core/clock.hpp>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "client.hpp"

namespace ec::apps::acp {

/// What approve_command() is asked about.
enum class Commands { in_the_sandbox, that_send_text_away };

/// What holds from turn to turn, for one session only.
struct Standing {
    std::atomic<Mode> mode = Mode::ask;
    bool all_plans = false;  ///< "always", said once
    bool all_changes = false;
    bool all_commands = false;
    /// Server and fingerprint: a tool that its server describes otherwise is another one.
    std::set<std::pair<std::string, std::string>> tools;
};

class TurnEvents final : public agent::AgentEvents {
public:
    TurnEvents(Client& client, std::filesystem::path root, std::int64_t context, const Clock& clock)
        : client_(client), root_(std::move(root)), context_(context), clock_(clock) {}
    void event(const agent::AgentEvent& event) override;
    /// Whether the agent has written something to the person in this turn.
    [[nodiscard]] bool spoke() const { return spoke_; }
    /// Closes what is still shown as under way.
    void settle(bool done);

private:
    void take(const agent::StageEvent& event);
    void take(const agent::PlanEvent& event);
    void take(const agent::TextEvent& event);
    void take(const agent::ToolEvent& event);
    void take(const agent::EditEvent&) {}  // the change is shown as a whole when it is asked about
    void take(const agent::TestsEvent& event);
    void take(const agent::ProgressEvent& event);
    void take(const agent::UsageEvent& event);
    void take(const agent::WarningEvent& event);
    void take(const agent::WithheldEvent& event);
    void take(const agent::CheckpointEvent&) {}  // undo finds it
    void open(std::string_view kind, std::string title);
    void close(std::string_view status, std::optional<json::Array> content = std::nullopt);

    Client& client_;
    std::filesystem::path root_;
    std::int64_t context_;
    const Clock& clock_;
    std::string stage_;  ///< the call that stands for the step under way; empty: none
    std::string tool_;   ///< the model's call under way
    bool spoke_ = false;
    std::optional<agent::Plan> plan_;
    agent::UsageEvent usage_;
    std::chrono::nanoseconds told_{0};  ///< when progress was last shown
};

class TurnPerson final : public agent::Person {
public:
    /// `stop` is requested when the person ends the turn instead of answering.
    TurnPerson(Client& client, Standing& standing, std::filesystem::path root, std::stop_source stop,
               Commands commands = Commands::in_the_sandbox)
        : client_(client), standing_(standing), root_(std::move(root)), stop_(std::move(stop)), commands_(commands) {}
    agent::Answer approve_plan(const agent::Plan& plan) override;
    void proposed(const std::vector<vcs::FileVersion>& files) override { files_ = files; }
    agent::Answer approve_patch(const std::string& patch, const executor::TestReport* report) override;
    agent::Answer approve_command(const std::string& command, const std::string& why) override;
    /// Whatever else was allowed: only a person's word about this very tool lets it be called.
    agent::Answer approve_tool(const agent::ToolUse& use) override;
    std::optional<std::string> redirection() override { return std::nullopt; }
    /// What became of the change that was approved last.
    void settle(bool written);

private:
    agent::Answer ask(const ToolCall& call, std::string_view always, bool& all);

    Client& client_;
    Standing& standing_;
    std::filesystem::path root_;
    std::stop_source stop_;
    Commands commands_;
    std::vector<vcs::FileVersion> files_;
    std::string approved_;  ///< the call of the change that is being written
};

}  // namespace ec::apps::acp
