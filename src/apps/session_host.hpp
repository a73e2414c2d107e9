// The session in the terminal, on the real agent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent_setup.hpp"
#include "session/host.hpp"

namespace ec::apps {

class AgentSessionHost final : public session::SessionHost {
public:
    explicit AgentSessionHost(AgentSetup& setup) : setup_(setup) {}

    Result<std::string> run_task(const session::TaskRequest& task, agent::AgentEvents& events, agent::Person& person,
                                 std::stop_token stop) override;
    Result<std::string> run_command(const std::string& line, std::stop_token stop) override;
    Result<std::string> run_tests(const std::optional<std::string>& command, agent::AgentEvents& events,
                                  std::stop_token stop) override;
    Result<std::string> diff() override { return setup_.keeper().diff(); }
    Result<std::string> undo() override;
    Result<std::string> redo() override;
    Result<std::vector<session::ModelChoice>> models(std::stop_token stop) override;
    Result<std::string> set_model(const std::string& name, std::stop_token stop) override;
    Result<std::string> review(const std::string& words, agent::Person& person, std::stop_token stop) override;
    Result<std::string> resume(std::stop_token stop) override { return resume_session("", std::move(stop)); }
    Result<std::string> clear() override;
    session::SessionStatus status() override;

    /// As resume(), for a session with a name.
    Result<std::string> resume_session(const std::string& session, std::stop_token stop);

private:
    [[nodiscard]] std::vector<std::string> library_names() const;

    AgentSetup& setup_;
    agent::UsageEvent usage_;  ///< of all tasks
    std::string tier_;
    std::string last_task_;
    agent::TaskResult last_;
};

/// What `edgecoder` alone was given.
struct SessionCommandOptions {
    std::string directory = ".";
    std::string model;
    std::string test;
    std::string approach = "auto";
    std::string task;                   ///< to begin with
    std::string resume;                 ///< a session's id; "last" the newest; empty: a new one
    std::vector<std::string> approved;  ///< guarded places that may be written
    bool edit_tests = false;
    bool plain = false;
    bool yes = false;
};

/// Runs the session until the person leaves; gives the exit status.
int run_session(const SessionCommandOptions& options, std::ostream& err);

}  // namespace ec::apps
