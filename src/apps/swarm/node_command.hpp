// `edgecoder node` and `edgecoder admin`: who may take part, and the coordinator of this machine.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "swarm_setup.hpp"

namespace ec::apps {

struct NodeOptions {
    SwarmOptions swarm;
    std::string what;             ///< "id", "join", "list", "approve", "suspend", "revoke"
    std::string kind = "worker";  ///< of this machine's nodes
    std::string id;
    std::string reason;
    bool json = false;
};
int run_node(const NodeOptions& options, std::ostream& out, std::ostream& err);

struct AdminOptions {
    std::string what;  ///< "token", "accounts", "grant", "status", "drain"
    std::string kind = "worker";
    std::string account = "local";
    unsigned uses = 1;
    std::int64_t life_s = 3600;
    bool approved = false;
    std::string amount;  ///< credits, with up to three decimals
    bool json = false;
};
int run_admin(const AdminOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
