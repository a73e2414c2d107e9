// How much of the processor this program and all that it starts may use.
#pragma once

#include <ec/core/result.hpp>
#include <string>

namespace ec::apps {

/// From now on at most `percent` of the cores, in whole cores and at least one: for threads that start later and for
/// every program in the sandbox. Says what holds, in words. Call before threads start.
Result<std::string> cap_processor(int percent);

}  // namespace ec::apps
