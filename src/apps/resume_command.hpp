// `edgecoder resume --list`: the sessions of this project that can be gone on with.
#pragma once

#include <iosfwd>
#include <string>

namespace ec::apps {

struct ResumeOptions {
    std::string directory = ".";
    bool list = false;  ///< what happens anyhow until a session can be gone on with from here
    bool json = false;
};

/// Returns the exit status: 0, 1 when there is no session, 2 or 3 as for undo. With `json` one document goes to `out`:
/// `sessions`, newest first, each with `id`, `task`, `time_s`, `step`, `last_step`.
int run_resume_list(const ResumeOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
