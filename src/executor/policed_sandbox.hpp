// A sandbox whose runs keep within the ceilings of a policy, whatever they ask for.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <memory>

namespace ec::executor {

/// `inner` itself when the policy has no ceilings.
std::unique_ptr<Sandbox> keep_within(const SandboxPolicy& policy, std::unique_ptr<Sandbox> inner);

}  // namespace ec::executor
