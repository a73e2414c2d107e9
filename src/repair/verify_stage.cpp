#include "verify_stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "command_run.hpp"

namespace ec::repair {
namespace {

using executor::TestCase;
using executor::TestOutcome;
using executor::TestReport;

std::vector<vcs::FileVersion> edited_files(const Candidate& candidate, const SourceMap& sources) {
    std::vector<vcs::FileVersion> files;
    for (const TextEdit& edit : candidate.edits) {
        if (std::ranges::any_of(files, [&](const auto& file) { return file.path == edit.file; })) continue;
        const std::string& before = sources.at(edit.file);
        files.push_back({edit.file, before, apply_edits(before, edit.file, candidate.edits)});
    }
    return files;
}

// Where tests are excused the report has to name every other one.
bool proves_but_for(const TestReport& report, const std::vector<std::string>& target, const VerifyLimits& limits) {
    if (report.verdict == TestReport::Verdict::incomplete || report.runner == "command" || report.heuristic)
        return false;
    const auto passes = [&](const std::string& id) {
        const TestCase* test = report.find(id);
        return test != nullptr && test->outcome == TestOutcome::passed;
    };
    return std::ranges::all_of(target, passes) && std::ranges::all_of(limits.passing, passes) &&
           std::ranges::all_of(report.tests, [&](const TestCase& test) {
               return test.outcome == TestOutcome::passed || test.outcome == TestOutcome::skipped ||
                      limits.excused.contains(test.id);
           });
}

bool proves(const TestReport& report, const std::vector<std::string>& target, const VerifyLimits& limits) {
    if (report.verdict != TestReport::Verdict::passed)
        return !limits.excused.empty() && proves_but_for(report, target, limits);
    if (report.runner == "command" || report.heuristic) return true;
    return std::ranges::all_of(target, [&](const std::string& id) {
        const TestCase* test = report.find(id);
        return test == nullptr || test->outcome == TestOutcome::passed;
    });
}

/// One sentence for a report that does not prove the patch.
std::string what_it_lacks(const TestReport& report, const std::vector<std::string>& target) {
    if (report.verdict == TestReport::Verdict::incomplete) return report.reason;
    const auto not_passed = [](const TestCase& test) {
        return test.outcome == TestOutcome::failed || test.outcome == TestOutcome::error;
    };
    const auto failed = std::ranges::find_if(report.tests, not_passed);
    if (failed != report.tests.end()) {
        return fmt::format("{} of its tests failed, {} among them{}{}", report.failed(), failed->id,
                           failed->message.empty() ? "" : ": ", failed->message);
    }
    const auto unseen = std::ranges::find_if(target, [&](const std::string& id) { return report.find(id) == nullptr; });
    return unseen == target.end() ? "it ended with another code than that of success"
                                  : fmt::format("{} was not run", *unseen);
}

/// Hands out a ranking from the front: of a cluster one member at a time, and none once one of it has passed, for those
/// that behave alike are one answer. What passes does not depend on which of the threads is quicker. Thread-safe.
class Turns {
public:
    Turns(std::span<const RankedCandidate> ordered, std::size_t most)
        : ordered_(ordered), most_(most), tried_(ordered.size(), 0) {}

    /// The index of the next candidate to verify; nothing when enough have passed, none is left or `enough()` says so.
    /// Waits while that depends on a candidate another thread has in hand.
    std::optional<std::size_t> next(const std::function<bool()>& enough) {
        std::unique_lock lock(mutex_);
        for (;;) {
            if (passed_ == most_ || (taken_ && enough())) return std::nullopt;
            if (passed_ + in_hand_ < most_) {
                if (const auto index = eligible()) return take(*index);
            }
            if (in_hand_ == 0) return std::nullopt;
            changed_.wait(lock);
        }
    }
    void done(std::size_t index, bool passed) {
        const std::scoped_lock lock(mutex_);
        --in_hand_;
        if (passed)
            ++passed_;
        else
            closed_.erase(ordered_[index].cluster);
        changed_.notify_all();
    }

private:
    [[nodiscard]] std::optional<std::size_t> eligible() const {
        for (std::size_t i = 0; i < ordered_.size(); ++i) {
            if (tried_[i] == 0 && !closed_.contains(ordered_[i].cluster)) return i;
        }
        return std::nullopt;
    }
    std::size_t take(std::size_t index) {
        taken_ = true;
        tried_[index] = 1;
        closed_.insert(ordered_[index].cluster);
        ++in_hand_;
        return index;
    }

    std::span<const RankedCandidate> ordered_;
    std::size_t most_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<char> tried_;       ///< guarded by mutex_, as all that follows
    std::set<std::size_t> closed_;  ///< clusters with a member that has passed or is in hand
    std::size_t in_hand_ = 0;
    std::size_t passed_ = 0;
    bool taken_ = false;
};

}  // namespace

struct Verifier::State {
    executor::Sandbox& sandbox;
    const executor::TestCommand& command;
    const SourceMap& sources;
    const std::vector<std::string>& target;
    VerifyLimits limits;
    std::stop_token stop;
    std::atomic<bool> busy{false};
    std::mutex mutex;
    std::map<Hash128, std::optional<VerifiedPatch>> known;  ///< guarded by mutex; nullopt: the command does not pass
    std::string refusal;                                    ///< guarded by mutex
    std::jthread early;

    /// The patch and the report that proves it.
    std::optional<VerifiedPatch> run(const Candidate& candidate) {
        VerifiedPatch verified;
        verified.files = edited_files(candidate, sources);
        executor::RunSpec spec = whole_command_run(command, limits.run);
        for (const vcs::FileVersion& file : verified.files) spec.edits.push_back({file.path, file.after});
        const auto result = sandbox.run(spec, stop);
        if (!result) return refuse(result.error().message);
        verified.report = executor::read_test_report(command, *result, sandbox.workspace());
        if (!proves(verified.report, target, limits)) return refuse(what_it_lacks(verified.report, target));
        auto patch = vcs::unified_patch(verified.files);
        if (!patch) return refuse(patch.error().message);
        verified.patch = *std::move(patch);
        return verified;
    }
    std::nullopt_t refuse(std::string why) {
        const std::scoped_lock lock(mutex);
        refusal = std::move(why);
        return std::nullopt;
    }

    std::optional<VerifiedPatch> run_once(const Candidate& candidate) {
        const Hash128 id = content_id(candidate, sources);
        {
            const std::scoped_lock lock(mutex);
            if (const auto at = known.find(id); at != known.end()) return at->second;
        }
        auto verified = run(candidate);
        const std::scoped_lock lock(mutex);
        return known.insert_or_assign(id, std::move(verified)).first->second;
    }
};

Verifier::Verifier(executor::Sandbox& sandbox, const executor::TestCommand& command, const SourceMap& sources,
                   const std::vector<std::string>& target, VerifyLimits limits, std::stop_token stop)
    : state_(new State{.sandbox = sandbox,
                       .command = command,
                       .sources = sources,
                       .target = target,
                       .limits = std::move(limits),
                       .stop = std::move(stop),
                       .mutex = {},
                       .known = {},
                       .refusal = {},
                       .early = {}}) {}

Verifier::~Verifier() = default;

void Verifier::begin(const Candidate& candidate) {
    if (state_->busy.exchange(true)) return;
    state_->early = std::jthread([state = state_.get(), candidate] {
        state->run_once(candidate);
        state->busy = false;
    });
}

std::string Verifier::refusal() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->refusal;
}

std::vector<VerifiedPatch> Verifier::verify(std::span<const RankedCandidate> ordered) {
    constexpr std::size_t kAtOnce = 2;
    if (state_->early.joinable()) state_->early.join();
    Turns turns(ordered, state_->limits.most);
    const auto enough = [&] { return state_->stop.stop_requested() || state_->limits.out_of_time(); };
    std::vector<std::optional<VerifiedPatch>> results(ordered.size());
    const auto work = [&] {
        while (const auto index = turns.next(enough)) {
            results[*index] = state_->run_once(ordered[*index].candidate);
            turns.done(*index, results[*index].has_value());
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t k = 0; k < kAtOnce; ++k) threads.emplace_back(work);
    }
    std::vector<VerifiedPatch> patches;
    for (std::size_t i = 0; i < ordered.size(); ++i) {
        if (!results[i]) continue;
        results[i]->explanation = ordered[i].candidate.explanation;
        results[i]->op = ordered[i].candidate.op;
        results[i]->agreeing = ordered[i].cluster_size;
        patches.push_back(*std::move(results[i]));
    }
    return patches;
}

}  // namespace ec::repair
