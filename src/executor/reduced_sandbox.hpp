// Tier C: Landlock, system-call filters and limits around a copy of the workspace, for machines without namespaces.
// Weaker than the others (reduced_gaps() says in what), so it is opened only where a person has agreed to it.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <memory>

#include "layout.hpp"
#include "memory_group.hpp"

namespace ec::executor {

/// Fails with `unavailable` where Landlock is too old to be the only layer. `layout` as for the other tiers.
Result<std::unique_ptr<Sandbox>> open_reduced(std::filesystem::path box, Layout layout,
                                              std::shared_ptr<MemoryGroups> groups);

/// Whether this kernel could carry tier C.
bool reduced_possible();

}  // namespace ec::executor
