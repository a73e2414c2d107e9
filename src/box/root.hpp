// Builds the file tree the payload sees, in a fresh tmpfs, and makes it the root of this mount namespace.
#pragma once

#include <ec/box/protocol.hpp>

namespace ec::box {

/// Descriptors that outlive the old root. -1 where there is no such thing.
struct Tree {
    int upper = -1;      ///< what the payload changed (overlay upper layer)
    int lower = -1;      ///< the workspace as it was
    int edits = -1;      ///< the caller's edits, a layer between the two
    int workspace = -1;  ///< the merged view
    int temporary = -1;  ///< /tmp, to see whether it is full
    int shared = -1;     ///< /dev/shm, likewise
    int artifacts = -1;
    bool has_proc = false;
};

/// Runs as pid 1 of the new namespaces with all capabilities over them. `userns` is a user namespace for the idmapped
/// lower layer, or -1. Ends the process through die() on failure.
Tree build_root(const Spec& spec, int userns);

}  // namespace ec::box
