// Where this program keeps what must last, and where a person's settings lie.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>

namespace ec::apps {

/// $EDGECODER_DATA_DIR, else $XDG_DATA_HOME/edgecoder, else ~/.local/share/edgecoder; empty when no home is known.
std::filesystem::path data_dir();

/// $XDG_CONFIG_HOME/edgecoder, else ~/.config/edgecoder; empty when no home is known.
std::filesystem::path config_dir();

/// Where the host that this user's programs share listens: $XDG_RUNTIME_DIR/edgecoder/inference.sock, else
/// run/inference.sock in `data` or, where that is empty, in data_dir(). `unavailable` when no home is known.
Result<std::filesystem::path> inference_socket(const std::filesystem::path& data = {});

/// Where what --apply replaces is kept, inside data_dir(); `unavailable` when no home is known.
Result<std::filesystem::path> undo_dir();

}  // namespace ec::apps
