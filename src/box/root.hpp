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
    int artifacts = -1;
    bool has_proc = false;
};

/// Runs as pid 1 of the new namespaces with all capabilities over them; the tree then lies at /new of a root that also
/// holds the layers. `userns` is a user namespace for the idmapped lower layer, or -1. Like all of these, ends the
/// process through die() on failure.
Tree build_root(const Spec& spec, int userns);

/// Makes /new the root of this mount namespace, read-only, for good.
void enter_root();

/// For a warm sandbox: pid 1 stays outside of /new and may add to it; what it adds appears in the namespaces of those
/// that left with leave_shared_root().
void share_root();
void add_to_root(const Spec& spec, Tree& tree);
void leave_shared_root();

}  // namespace ec::box
