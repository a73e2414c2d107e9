// What Tab offers: slash commands, model names, and paths of the workspace.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "line_editor.hpp"

namespace ec::apps::session {

/// `models` gives the names known right now and must not block. Paths are those under `workspace`; hidden ones are
/// offered only when the word begins with a dot. At most 200 candidates; names that are no safe text are left out.
Completer session_completer(std::filesystem::path workspace, std::function<std::vector<std::string>()> models);

}  // namespace ec::apps::session
