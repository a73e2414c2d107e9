// `edgecoder diff`: what the agent changed in a session, or in one step of it.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

namespace ec::apps {

struct DiffOptions {
    std::string directory = ".";
    std::string session;  ///< empty: the newest
    std::optional<unsigned> step;
    bool json = false;
};

/// Returns the exit status: 0 also when nothing differs, 2 no such session or step, 3 this machine cannot do it. The
/// patch goes to `out`; with `json` one document: `session`, `step` (null: all), `patch`, or `status` "error" and
/// `reason`.
int run_diff(const DiffOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
