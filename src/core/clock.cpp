#include <ec/core/clock.hpp>

namespace ec {

std::chrono::nanoseconds SystemClock::now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

}  // namespace ec
