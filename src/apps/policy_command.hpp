// `edgecoder policy`: the policy in force with the source of each value, and the checking of a file.
#pragma once

#include <filesystem>
#include <iosfwd>

namespace ec::apps {

struct PolicyOptions {
    bool json = false;
    bool origin = false;         ///< show: each value's source as a comment
    std::filesystem::path file;  ///< check
};

/// Exit status 0; 2 or 3 when a policy of this machine is refused, as for every command.
int run_policy_show(const PolicyOptions& options, std::ostream& out, std::ostream& err);

/// Exit status 0 when the file is a policy, 1 when it is not, 2 when there is no such file, 3 when it cannot be read.
int run_policy_check(const PolicyOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
