// What the payload changed, read by pid 1 from the overlay's upper layer after everything else in the sandbox is dead.
#pragma once

#include <ec/box/protocol.hpp>

#include "root.hpp"

namespace ec::box {

/// Sends one record per created, modified or deleted file and symbolic link. Directories are not changes. Files that
/// were opened for writing but hold the same bytes and mode as before are not changes either. False when some had to be
/// left out: too many, too deep, or not to be opened.
bool report_changes(const Spec& spec, const Tree& tree);

/// Sends the regular files of the artifact directory, at most 16 MiB each and kMostArtifactBytes together.
void report_artifacts(const Tree& tree);

}  // namespace ec::box
