// What `edgecoder doctor` tells of the swarm: whether the coordinator answers, whether it lets this machine's nodes in,
// and whether their keys are this user's alone.
#pragma once

#include <ec/json/json.hpp>
#include <iosfwd>
#include <string>
#include <vector>

#include "../terminal.hpp"

namespace ec::apps {

struct SwarmHealth {
    struct Node {
        std::string kind;
        std::string id;
        std::string refused;  ///< empty: it is let in
    };
    std::string coordinator;           ///< where it should be; empty: that cannot be told
    std::string problem, remedy;       ///< of the coordinator; empty: it answers
    std::int64_t clock_off_s = 0;      ///< this machine's clock, by the coordinator's
    std::vector<Node> nodes;           ///< whose keys are here
    std::vector<std::string> groups;   ///< trust groups whose keys are here
    std::vector<std::string> exposed;  ///< key files that other users may read or write
};

/// Asks the configured coordinator for a few seconds at most; joins nothing and makes no key.
SwarmHealth look_at_swarm();
json::Value to_json(const SwarmHealth& health);
void print(const SwarmHealth& health, const Style& style, std::ostream& out);

}  // namespace ec::apps
