// The checkpoints of a project's sessions, where this program keeps them.
#pragma once

#include <ec/agent/checkpoints.hpp>
#include <string>

namespace ec::apps {

/// DATA_DIR/checkpoints and DATA_DIR/undo; `unavailable` when no home is known.
Result<agent::Checkpoints> open_checkpoints(const std::string& directory);

/// `session` itself, or the newest session when it is empty; `not_found` when there is none.
Result<std::string> choose_session(agent::Checkpoints& checkpoints, const std::string& session);

/// What a resumed agent goes on from: the step where the session stands, after any undo that was typed meanwhile.
Result<agent::LoadedStep> load_session(const std::string& directory, const std::string& session);

}  // namespace ec::apps
