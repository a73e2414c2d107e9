// `edgecoder resume`: goes on with an earlier session of this project; with --list, shows which there are.
#pragma once

#include <iosfwd>
#include <string>

namespace ec::apps {

struct ResumeOptions {
    std::string directory = ".";
    std::string session;  ///< empty: the newest
    bool list = false;
    bool json = false;
};

/// Returns the exit status: 0, 1 when there is no session, 2 or 3 as for undo. With `json` one document goes to `out`:
/// `sessions`, newest first, each with `id`, `task`, `time_s`, `step`, `last_step`.
int run_resume_list(const ResumeOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
