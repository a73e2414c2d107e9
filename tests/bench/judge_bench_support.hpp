// What the benchmarks of judges share: a small project in a sandbox, the machine in words, and a round in which every
// lane judges every candidate in batches as the search sends them.
#pragma once

#include <chrono>
#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/repair/judge.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ec::bench {

constexpr std::size_t kLanes = 2;

/// Relative path -> content.
using Files = std::map<std::string, std::string>;

/// A project on disk with a sandbox around it; it goes with the object.
class Project {
public:
    /// `modules`: a node_modules folder to show to the project, empty for none.
    static Result<Project> create(const Files& files, const std::filesystem::path& modules = {});

    [[nodiscard]] executor::Sandbox& sandbox() { return *sandbox_; }
    [[nodiscard]] const std::filesystem::path& root() const { return root_; }

private:
    Project(TempDir folder, std::filesystem::path root) : folder_(std::move(folder)), root_(std::move(root)) {}
    TempDir folder_;
    std::filesystem::path root_;
    std::unique_ptr<executor::Sandbox> sandbox_;
};

struct Count {
    std::size_t judged = 0;
    std::map<repair::Verdict, std::size_t> verdicts;
};

/// Each of kLanes lanes judges all candidates `repeats` times; gives candidates a second of all lanes together.
double judge_round(repair::Judge& judge, const std::vector<repair::Candidate>& candidates,
                   const repair::JudgePlan& plan, int repeats, Count& count);

/// All tests of a baseline, the failing ones first.
repair::JudgePlan whole_plan(const repair::BaselineRun& baseline, std::chrono::milliseconds limit);

/// One candidate for each place between `from` and `to` in `text` at which a key of `swaps` stands, and each of its
/// replacements.
std::vector<repair::Candidate> swaps_in(const std::string& file, const std::string& text, std::string_view from,
                                        std::string_view to,
                                        const std::map<std::string, std::vector<std::string>>& swaps);

double median(std::vector<double> values);

/// The 1 minute load average, and one line that names the machine with it.
std::string load();
std::string machine();

/// "12 pass, 80 fail, 4 timeout, 2 invalid of 98".
std::string in_words(const Count& count);

}  // namespace ec::bench
