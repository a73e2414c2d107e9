// Sessions: frames to and from a program that stays in its sandbox.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <memory>
#include <optional>
#include <string>

#include "box_process.hpp"
#include "memory_group.hpp"

namespace ec::executor {

/// The session owns what its run was given: `network` (null: none) ends with it.
std::unique_ptr<Session> open_session(BoxProcess process, const RunSpec& spec, std::unique_ptr<NetworkPass> network,
                                      std::optional<MemoryGroups::Lease> group, std::string tier);

}  // namespace ec::executor
