// `edgecoder egress`: what left this machine, what was refused, and why. Knows nothing of the command line's parser.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>

namespace ec::apps {

struct EgressOptions {
    std::size_t limit = 100;  ///< the newest so many entries
    bool json = false;
    std::filesystem::path data_dir = {};  ///< empty: data_dir()
};

/// Returns the exit status: 0, also for an empty ledger; 3 when it cannot be read.
int run_egress(const EgressOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
