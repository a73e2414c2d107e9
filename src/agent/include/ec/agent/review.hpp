// Review by choice: what a reviewer is asked, exactly as it is shown to the person and then sent.
//
// A ReviewPackage is one text. It is made when the question is queued, from the task, the regions of files that the
// person or the agent named and the failing output, redacted as a whole; it holds no control characters, so what a
// terminal shows is what it is; and those very bytes are what is sent, whenever that is. The answer is judged in the
// sandbox before anything of it reaches the workspace.
//
// Threads: free functions over values, safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/vcs/diff.hpp>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {
class Sandbox;
}

namespace ec::agent {

/// Why a task is beyond the proposers of this machine.
enum class ReviewWhy {
    outside_sandbox,  ///< its tests need what a sandbox does not give
    time,             ///< the budget ended first
    model_limit,      ///< no candidate of any proposer passed
    asked             ///< a person wants it
};
std::string_view name(ReviewWhy why);
Result<ReviewWhy> parse_review_why(std::string_view text);
/// One sentence for a person: "the time that was given ended before a fix was found".
std::string_view explain(ReviewWhy why);

/// Lines of a file, counted from 1, both ends included; `first` 0 is the whole file.
struct Region {
    std::string path;  ///< relative to the workspace
    unsigned first = 0;
    unsigned last = 0;
    bool operator==(const Region&) const = default;
};
/// "src/a.py", "src/a.py:10" or "src/a.py:10-40". A file whose name ends so is named by its whole region: "x:1:1-9".
Result<Region> parse_region(std::string_view text);

/// Takes secrets out of a text; what it gives back is what is shown and sent.
using Redactor = std::function<std::string(std::string_view)>;

struct ReviewQuestion {
    std::filesystem::path workspace;
    std::string task;
    ReviewWhy why = ReviewWhy::asked;
    std::string test;  ///< the test command; may be empty
    std::vector<Region> regions;
    std::string failing_output;  ///< cut to kMostOutput, its end above all
};

inline constexpr std::size_t kMostTask = 16U << 10;
inline constexpr std::size_t kMostOutput = 16U << 10;
inline constexpr std::size_t kMostRegions = 64;
inline constexpr std::size_t kMostPackage = 256U << 10;
inline constexpr std::size_t kMostAnswer = 1U << 20;

struct ReviewPackage {
    std::string text;  ///< valid UTF-8 without control characters but newline and tab
    std::string key;   ///< unguessable, the same at every try: a service recognises a question sent twice by it
    std::vector<Region> regions;  ///< as far as the files go
};

/// Reads the regions, of files that an agent may see (workspace_files.hpp), and makes the text. Errors as
/// WorkspaceFiles::read(); `invalid_argument` for a region beyond the file's end or no redactor, `too_large` above the
/// limits: nothing is left out in silence.
Result<ReviewPackage> build_package(const ReviewQuestion& question, const Redactor& redact);

/// Reads an answer as the files it changes, with `before` as they are in the workspace now. The edit formats are
/// somebody else's; what comes out is checked again by check_patch().
using PatchReader = std::function<Result<std::vector<vcs::FileVersion>>(std::string_view answer,
                                                                        const std::filesystem::path& workspace)>;

/// Refuses (`invalid_argument`) a patch without a change, with a path outside the workspace, a removal or a file twice,
/// and
/// (`conflict`) one whose `before` is not what the file holds. A file that is not there must be `created`.
Status check_patch(const std::vector<vcs::FileVersion>& files, const std::filesystem::path& workspace);

/// What the sandbox says of a patch.
struct ReviewVerdict {
    enum class Outcome {
        passed,
        failed,
        incomplete,  ///< the command ran, and its report is no proof
        untested     ///< there is no test command
    };
    Outcome outcome = Outcome::untested;
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    std::string tier;
    std::string reason;  ///< one sentence when incomplete
    std::chrono::milliseconds wall{0};

    /// "passed", "failed", …; one line: "12 passed, 1 failed in 340 ms (tier A)".
    [[nodiscard]] std::string_view outcome_name() const;
    [[nodiscard]] std::string text() const;
};

/// Runs the whole test command on the patched files, in the sandbox. Nothing is written to the workspace. Fails with
/// `unavailable` where the machine cannot isolate, `cancelled` on stop.
Result<ReviewVerdict> judge_patch(executor::Sandbox& sandbox, const std::string& test,
                                  const std::vector<vcs::FileVersion>& files, std::chrono::milliseconds limit,
                                  std::stop_token stop);

/// What the test command says today: the failing tests' own words where its report has them, else what it printed.
/// Empty when it passes. Errors as judge_patch().
Result<std::string> failing_output(executor::Sandbox& sandbox, const std::string& test, std::chrono::milliseconds limit,
                                   std::stop_token stop);

}  // namespace ec::agent
