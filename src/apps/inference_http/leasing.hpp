// Leases decompositions, merges and escalations from the coordinator, in a thread of its own, for as long as there is
// one: a coordinator that is not there, or has not let this node in yet, is asked again.
//
// Threads: state() from any.
#pragma once

#include <ec/core/clock.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "swarm/swarm_setup.hpp"

namespace ec::apps::inference_http {

struct LeasingOptions {
    SwarmOptions swarm;
    std::string model;  ///< as after --model; empty or "none": plans and merges without one, and no escalations
    std::function<void(const std::string& line)> says;
};

class Leasing {
public:
    virtual ~Leasing() = default;  ///< drains
    /// One line: "leases from URL", "no coordinator yet: …".
    [[nodiscard]] virtual std::string state() const = 0;
};

/// `invalid_argument` for a model or a coordinator's address that is none.
Result<std::unique_ptr<Leasing>> start_leasing(LeasingOptions options);

}  // namespace ec::apps::inference_http
