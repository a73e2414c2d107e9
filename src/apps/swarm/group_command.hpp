// `edgecoder group`: the trust groups of this machine, and how another machine comes to be in one.
#pragma once

#include <iosfwd>
#include <string>

namespace ec::apps {

struct GroupOptions {
    std::string what;  ///< "create", "list", "show", "add-node", "import"
    std::string name;
    std::string node;  ///< the id of the node to add
    std::string
        node_key;      ///< its public key, as `edgecoder node id --json` prints it; empty: the coordinator's registry
    std::string file;  ///< to import; "-" is standard input
    bool json = false;
};
int run_group(const GroupOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
