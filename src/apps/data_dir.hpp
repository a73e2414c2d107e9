// Where this program keeps what must last.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>

namespace ec::apps {

/// $EDGECODER_DATA_DIR, else $XDG_DATA_HOME/edgecoder, else ~/.local/share/edgecoder; empty when no home is known.
std::filesystem::path data_dir();

/// Where what --apply replaces is kept, inside data_dir(); `unavailable` when no home is known.
Result<std::filesystem::path> undo_dir();

}  // namespace ec::apps
