// Sessions: frames to and from a program that stays in its sandbox.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <memory>
#include <optional>
#include <string>

#include "box_process.hpp"
#include "memory_group.hpp"

namespace ec::executor {

std::unique_ptr<Session> open_session(BoxProcess process, const RunSpec& spec, std::optional<MemoryGroups::Lease> group,
                                      std::string tier);

}  // namespace ec::executor
