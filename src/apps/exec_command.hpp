// `edgecoder exec`: one program, sandboxed, in the current directory. Knows nothing of the command line's parser.
#pragma once

#include <cstdint>
#include <ec/executor/early_start.hpp>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::apps {

struct ExecOptions {
    /// A program file (with further words for it), "-" for a program on standard input, or the words of a command.
    std::vector<std::string> words;
    std::string language;                            ///< "python", "javascript", or empty: from the file's name
    std::optional<std::string> program;              ///< the text of a program in `language`, instead of `words`
    std::optional<double> timeout_seconds;           ///< none: as the policy says, 10 if it does not
    std::optional<std::uint64_t> memory_mb;          ///< none: as the policy says, 512 if it does not
    std::optional<std::uint64_t> kept_output_bytes;  ///< of each stream; none: as the policy says, 1 MB if it does not
    bool json = false;
    bool apply = false;                     ///< carry the changes of a run that ended well into the real workspace
    std::vector<std::string> approved;      ///< guarded places that --apply may write, each by its name
    std::vector<std::string> allow_hosts;   ///< whom it may reach through the proxy; none: no network at all
    bool offline = false;                   ///< no network, whatever the policy lists
    std::filesystem::path directory = ".";  ///< the workspace, and what a program's file is relative to
    std::string below = ".";                ///< the working directory, relative to the workspace
    std::filesystem::path box = {};         ///< edgecoder-box; empty: beside this program
    std::shared_ptr<executor::EarlyStart> early = {};  ///< a sandbox for it that has started already
};

/// Returns the exit status: 0 ended well, 1 the program did not, 2 wrong usage, 3 this machine cannot do it, 130
/// interrupted by `stop`.
/// With `json`, exactly one document goes to `out`; else the program's output goes to `out` and `err` as it was.
int run_exec(const ExecOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop = {});

}  // namespace ec::apps
