// The worker agent: one piece of work in, one verified patch out, with nobody to ask. What a lent machine runs.
//
// It holds no conversation, writes nothing, keeps nothing and decides nothing but which of its answers passes the
// tests. Beside the formats of edits it shares no code with the interactive agent, so that neither can widen what the
// other may do. Threads: one call at a time; the stop token may fire anywhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/agent/source.hpp>
#include <ec/core/clock.hpp>
#include <ec/executor/report.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/model/chat.hpp>
#include <ec/vcs/diff.hpp>
#include <string>
#include <vector>

namespace ec::agent {

struct WorkItem {
    std::string task;
    std::string test;                ///< the test command; required
    std::vector<std::string> files;  ///< to be shown and changed; others are refused
    unsigned samples = 8;
    std::uint64_t seed = 1;
    std::chrono::milliseconds budget{10 * 60'000};
    std::chrono::milliseconds test_limit{120'000};
};

struct WorkResult {
    bool verified = false;
    std::vector<vcs::FileVersion> files;  ///< empty unless verified
    std::string patch;
    executor::TestReport report;  ///< of the patch, else of the best answer
    unsigned tried = 0;
    std::string reason;  ///< when not verified
};

class WorkerAgent {
public:
    /// All outlive the agent. `files` is the unpacked snapshot that `sandbox` runs in.
    WorkerAgent(model::ChatModel& model, executor::Sandbox& sandbox, const FileSource& files, const Clock& clock)
        : model_(model), sandbox_(sandbox), files_(files), clock_(clock) {}

    /// Fails with `invalid_argument` for an item that names nothing to do, `cancelled` on stop, and with what the model
    /// or the machine says.
    Result<WorkResult> work(const WorkItem& item, std::stop_token stop);

private:
    model::ChatModel& model_;
    executor::Sandbox& sandbox_;
    const FileSource& files_;
    const Clock& clock_;
};

}  // namespace ec::agent
