// The process that runs one embedded model for its parent. Only edgecoderd links it, and llama.cpp with it.
#pragma once

#include <ec/core/fd.hpp>

namespace ec::model {

/// Serves requests on a socket until the other side closes it, and returns the exit status of the process. The frames
/// are those of src/model/embedded/protocol.hpp. Used once a process: llama.cpp's log and backends are global.
int serve_embedded(UniqueFd socket);

}  // namespace ec::model
