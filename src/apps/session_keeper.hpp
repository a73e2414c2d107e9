// Keeps the steps of one session of an agent as checkpoints. The session begins with its first step, so that nothing is
// looked at before a model has answered.
#pragma once

#include <ec/agent/checkpoints.hpp>
#include <ec/executor/apply.hpp>
#include <ec/model/chat.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ec::apps {

class SessionKeeper {
public:
    /// `warn` is told once when nothing can be kept, and why. undo() and redo() may write the guarded places
    /// `approved`.
    SessionKeeper(std::string directory, std::vector<std::string> approved,
                  std::function<void(const std::string&)> warn)
        : directory_(std::move(directory)), approved_(std::move(approved)), warn_(std::move(warn)) {}

    void task(std::string words) { task_ = std::move(words); }
    void applied(const executor::Applied& applied) { applied_.push_back({applied.name, applied.written}); }
    /// A step: the files as they are, and the conversation.
    void keep(const std::string& label, const std::vector<model::Message>& conversation);

    Result<agent::LoadedStep> undo();
    Result<agent::LoadedStep> redo();
    Result<std::string> diff();
    /// Goes on with an earlier session; empty: the newest.
    Result<agent::LoadedStep> resume(const std::string& session);
    [[nodiscard]] const std::string& session() const { return session_; }

private:
    Status open();
    Status begin();

    std::string directory_;
    std::vector<std::string> approved_;
    std::function<void(const std::string&)> warn_;
    std::string task_;
    std::string session_;
    std::optional<agent::Checkpoints> checkpoints_;
    std::vector<agent::AppliedFiles> applied_;
    bool warned_ = false;
};

}  // namespace ec::apps
