// The group of a job that one node alone is trusted with.
#pragma once

#include <ec/identity/node.hpp>
#include <ec/swarm/types.hpp>

namespace ec::swarm {

/// A job that one node alone is trusted with is for this group, which the coordinator counts to that node's own and
/// which has no key: no other worker leases it, to wait for a key that it is not given.
GroupId group_of_one(const identity::NodeId& node);
bool is_group_of_one(const GroupId& group);

}  // namespace ec::swarm
