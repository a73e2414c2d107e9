// Builds the file tree the payload sees, in a fresh tmpfs, and makes it the root.
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
    int outer_proc = -1;  ///< without a /proc of its own: the one outside, for the supervisor alone
};

// All of these run as pid 1 of the new namespaces with all capabilities over them (leave_shared_root() as its child),
// and end the process through die() on failure.

/// Enters a fresh root: the tree that is to be is at /new, the host's at /old, overlay layers at /layers.
void enter_base();

/// Makes the mounts of `spec` below /new. `userns` is a user namespace for the idmapped lower layer, or -1.
void make_mounts(const Spec& spec, int userns, Tree& tree);

/// Makes /new the root of this mount namespace, read-only, for good.
void enter_root();

/// For a warm sandbox: pid 1 leaves the host's tree but stays outside of /new. What make_mounts() adds from now on
/// appears in the namespaces of those that left with leave_shared_root().
void share_root();
void leave_shared_root();

}  // namespace ec::box
