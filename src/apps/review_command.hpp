// `edgecoder review`: queue a question for a reviewer, look at it exactly as it will be sent, send it, and accept what
// came back after the sandbox has judged it.
#pragma once

#include <cstdint>
#include <ec/agent/reviewer.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::apps {

struct ReviewOptions {
    std::string directory = ".";     ///< queue
    std::string task;                ///< queue
    std::string test;                ///< queue
    std::vector<std::string> files;  ///< queue: PATH[:A-B]
    std::string why = "asked";       ///< queue
    std::string output_file;         ///< queue: the failing output, instead of running the test command; "-" is stdin
    std::vector<std::int64_t> ids;   ///< the items that are meant
    bool all = false;                ///< send: what is queued and what waits for its answer
    std::string reviewer;            ///< send: empty for the only one there is
    bool yes = false;                ///< send: do not ask
    bool again = false;              ///< send: also what was being sent when the program ended
    std::string state;               ///< list: only those in this state
    std::size_t limit = 100;         ///< list
    bool answer = false;             ///< show: the answer instead of the question
    bool anyway = false;             ///< accept: although the tests do not pass, or there are none
    double timeout_seconds = 600;    ///< accept and queue: for one run of the test command
    std::vector<std::string> approved;        ///< accept: guarded places that may be written, each by its name
    std::string prefix = "edgecoder review";  ///< how a person calls these commands here, for hints
    bool json = false;
};

/// A reviewer with what it stands on; each part keeps what it needs itself.
struct OpenReviewer {
    std::vector<std::shared_ptr<void>> parts;
    std::unique_ptr<agent::Reviewer> reviewer;
};

/// What the command is given from outside.
struct ReviewPorts {
    /// What takes the secrets of a workspace out of a text.
    std::function<Result<agent::Redactor>(const std::filesystem::path& workspace)> redactor;
    agent::PatchReader read_patch;
    std::function<Result<OpenReviewer>(const agent::ReviewerSettings& settings)> open_reviewer;
    /// send: whether what is shown may leave, as it stands there. Empty: the person at the terminal is asked, unless
    /// ReviewOptions::yes.
    std::function<bool(const std::string& shown)> agree;
};

/// Each returns the exit status: 0 done, 1 the tests say no, 2 wrong words, 3 not possible here or nobody answered.
int run_review_queue(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err,
                     std::stop_token stop);
int run_review_list(const ReviewOptions& options, std::ostream& out, std::ostream& err);
/// The question goes to `out` byte for byte as it is or was sent.
int run_review_show(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err);
int run_review_send(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err,
                    std::stop_token stop);
int run_review_accept(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err,
                      std::stop_token stop);
int run_review_reject(const ReviewOptions& options, std::ostream& out, std::ostream& err);
/// Opens $VISUAL or $EDITOR on the answer as a diff.
int run_review_edit(const ReviewOptions& options, const ReviewPorts& ports, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
