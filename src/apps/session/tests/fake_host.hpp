// A host without an agent: each task is a word that says what it does, so that a test can drive the session.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "session/host.hpp"

namespace ec::apps::session {

class FakeHost final : public SessionHost {
public:
    Result<std::string> run_task(const TaskRequest& task, agent::AgentEvents& events, agent::Person& person,
                                 std::stop_token stop) override;
    Result<std::string> run_command(const std::string& line, std::stop_token stop) override;
    Result<std::string> run_tests(const std::optional<std::string>& command, agent::AgentEvents& events,
                                  std::stop_token stop) override;
    Result<std::string> diff() override;
    Result<std::string> undo() override;
    Result<std::string> redo() override;
    Result<std::vector<ModelChoice>> models(std::stop_token stop) override;
    Result<std::string> set_model(const std::string& name, std::stop_token stop) override;
    Result<std::string> review(const std::string& words, agent::Person& person, std::stop_token stop) override;
    Result<std::string> resume(std::stop_token stop) override;
    Result<std::string> clear() override;
    SessionStatus status() override;

private:
    Result<std::string> whole_task(const TaskRequest& task, agent::AgentEvents& events, agent::Person& person);
    Result<std::string> wait_for_stop(agent::AgentEvents& events, agent::Person& person, const std::stop_token& stop);
    std::string model_ = "tiny-coder-1.5b";
    std::string test_command_ = "pytest -q";
    bool changed_ = false;
};

/// One of every kind of event, with plain content.
std::vector<agent::AgentEvent> every_event();

}  // namespace ec::apps::session
