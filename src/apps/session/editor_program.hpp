// A person's own editor on a piece of text.
#pragma once

#include <ec/core/result.hpp>
#include <string>
#include <string_view>

namespace ec::apps::session {

/// The first of the usual editors that $PATH has; empty when there is none.
std::string installed_editor();

/// Runs `command` (as in $VISUAL: "vim", "code --wait") on a temporary file (0600, in a folder of its own) named
/// `name` that holds `text`, waits for it, and returns what it left, at most 1 MiB. The terminal must be in its
/// ordinary mode. `cancelled` when the editor failed, `unavailable` when it does not start.
Result<std::string> edit_with_program(const std::string& command, const std::string& name, std::string_view text);

}  // namespace ec::apps::session
