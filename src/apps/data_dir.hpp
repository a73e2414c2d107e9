// Where this program keeps what must last.
#pragma once

#include <filesystem>

namespace ec::apps {

/// $EDGECODER_DATA_DIR, else $XDG_DATA_HOME/edgecoder, else ~/.local/share/edgecoder; empty when no home is known.
std::filesystem::path data_dir();

}  // namespace ec::apps
