// `edgecoder undo` and `edgecoder redo`: takes back what the last --apply wrote, or the last undo.
#pragma once

#include <iosfwd>
#include <string>

namespace ec::apps {

struct UndoCommandOptions {
    std::string directory = ".";
    bool redo = false;
    bool list = false;
    bool force = false;  ///< only where a person sits: refused unless stdin and stderr are a terminal
    bool json = false;
};

/// Returns the exit status: 0 done, 1 nothing to take back or files changed since, 2 wrong usage, 3 this machine cannot
/// do it. With `json` exactly one document goes to `out`: `status` ("done", "nothing", "changed", "error"), `step`,
/// `files`, `interrupted`, and `reason` when it was not done; with `list` only `steps`.
int run_undo(const UndoCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
