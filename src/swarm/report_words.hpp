// Words in the `reason` of a report that the queue goes by.
#pragma once

#include <string_view>

namespace ec::swarm {

/// Of a `nothing` from a worker that saw no test run, perhaps for want of a program: another one is always asked too.
inline constexpr std::string_view kNoTestSeen = "no_test_seen";

}  // namespace ec::swarm
