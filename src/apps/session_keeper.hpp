// Keeps the steps of one session of an agent as checkpoints. The session begins with its first step, so that nothing is
// looked at before a model has answered.
#pragma once

#include <ec/agent/checkpoints.hpp>
#include <ec/executor/apply.hpp>
#include <ec/json/json.hpp>
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

    /// A task of the person's, which the conversation takes up after its first `messages`.
    void task(std::string words, std::size_t messages);
    /// The id that the session has once it has a step; else one is made up then.
    void name(std::string session) { name_ = std::move(session); }
    void applied(const executor::Applied& applied) { applied_.push_back({applied.name, applied.written}); }
    /// A step: the files as they are, and the conversation.
    void keep(const std::string& label, const std::vector<model::Message>& conversation);
    /// The same, where the conversation has grown since the last step.
    void keep_rest(const std::string& label, const std::vector<model::Message>& conversation);

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
    json::Array turns_;     ///< {"at", "text"}: the person's words, and how many messages stood before them
    std::size_t kept_ = 0;  ///< messages of the last step
    std::string name_;
    std::string session_;
    std::optional<agent::Checkpoints> checkpoints_;
    std::vector<agent::AppliedFiles> applied_;
    bool warned_ = false;
};

}  // namespace ec::apps
