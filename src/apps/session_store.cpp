#include "session_store.hpp"

#include "data_dir.hpp"

namespace ec::apps {

Result<agent::Checkpoints> open_checkpoints(const std::string& directory) {
    agent::CheckpointOptions options;
    EC_ASSIGN(options.undo_dir, undo_dir());
    options.shadow_dir = data_dir() / "checkpoints";
    return agent::Checkpoints::open(directory, std::move(options));
}

Result<std::string> choose_session(agent::Checkpoints& checkpoints, const std::string& session) {
    if (!session.empty()) return session;
    EC_ASSIGN(const std::vector<agent::SessionInfo> sessions, checkpoints.sessions());
    if (sessions.empty()) return fail(ErrorCode::not_found, "no session has worked on this project");
    return sessions.front().id;
}

Result<agent::LoadedStep> load_session(const std::string& directory, const std::string& session) {
    EC_ASSIGN(agent::Checkpoints checkpoints, open_checkpoints(directory));
    EC_ASSIGN(const std::string chosen, choose_session(checkpoints, session));
    return checkpoints.load(chosen);
}

}  // namespace ec::apps
