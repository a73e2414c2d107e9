// Who the sandbox is: the user namespaces, the id mapping of the workspace, and the way down from real root.
#pragma once

#include <sys/types.h>

#include <ec/box/protocol.hpp>

namespace ec::box {

/// Maps the caller's own ids to the payload's in the user namespace that this process was born in.
void map_self(unsigned uid, unsigned gid);

/// A descriptor of a user namespace that holds the id mapping of the workspace, or -1 when the run wants none. One
/// short-lived child is left to be reaped by whoever waits for the sandbox.
int idmap_namespace(const Spec& spec);

/// From real root to nobody in particular, in a user namespace of its own where the kernel gives one: only there do
/// process limits count this sandbox alone, and pid 1 keeps the right to read what the payload made unreadable. False
/// when there is no such namespace.
bool drop_root(const Spec& spec);

/// From real root to the payload's user and into the namespace that a payload made for itself with drop_root().
/// `proc` is where a proc file system of this pid namespace is mounted.
void follow_payload(const Spec& spec, pid_t payload, const char* proc);

}  // namespace ec::box
