// A near miss goes to the mutation search before another sample is bought: a draft whose tests almost pass is often one
// small edit away from right, and the search tries thousands of those while a model writes one answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/agent/events.hpp>
#include <ec/core/clock.hpp>
#include <optional>
#include <stop_token>

#include "test_bench.hpp"

namespace ec::agent {

/// True when `now` is worth a search: it runs to a verdict, and fewer tests fail than pass or than failed `before`.
bool is_near_miss(const TestVerdict& now, const executor::TestReport& before);

struct Mended {
    Draft draft;
    std::string explanation;
    executor::TestReport report;
};

struct MendRequest {
    std::chrono::milliseconds budget{10'000};
    std::uint64_t seed = 1;
};

/// Nothing when no mutation of what the draft changes makes the whole command pass within the budget. Works in a
/// scratch copy.
Result<std::optional<Mended>> mend(const TestBench& bench, const Draft& draft, const MendRequest& request,
                                   const Clock& clock, AgentEvents& events, std::stop_token stop);

}  // namespace ec::agent
