#include "runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/repair/diagnose.hpp>

#include "children.hpp"
#include "error_report.hpp"
#include "project_view.hpp"
#include "swarm/result_check.hpp"
#include "swarm/tree_patch.hpp"

namespace ec::apps::inference_http {
namespace {

namespace fs = std::filesystem;
using swarm::Outcome;
using swarm::TaskKind;
using swarm::TaskResult;
using swarm::WorkDone;

constexpr std::size_t kLogBytes = 8 << 10;
constexpr std::string_view kNoPatch = "none";  ///< of a part that nobody did: it reads as no patch

std::string tail(const std::string& text) {
    return text.size() <= kLogBytes ? text : text.substr(text.size() - kLogBytes);
}

std::chrono::milliseconds budget_of(const swarm::Work& work) {
    return std::chrono::seconds(std::clamp<std::int64_t>(work.job.budget_s, 1, 7 * 24 * 3600));
}

class StagesOnly final : public repair::RepairEvents {
public:
    explicit StagesOnly(const swarm::JobProgress& progress) : progress_(progress) {}
    void stage(std::string_view name, std::string_view detail) override {
        progress_(fmt::format("{}: {}", name, detail), 0);
    }
    void progress(const repair::SearchProgress&) override {}

private:
    const swarm::JobProgress& progress_;
};

// Lays files over a tree of ours for one run of the tests, and takes them away again.
class Laid {
public:
    static Result<std::unique_ptr<Laid>> over(const fs::path& root, std::vector<vcs::FileVersion> files) {
        std::unique_ptr<Laid> laid(new Laid(root, std::move(files)));
        EC_TRY(write_files(laid->files_, root));
        return laid;
    }
    ~Laid() {
        for (vcs::FileVersion& file : files_) {
            std::swap(file.before, file.after);
            std::swap(file.created, file.removed);
        }
        static_cast<void>(write_files(files_, root_));
    }
    Laid(const Laid&) = delete;
    Laid& operator=(const Laid&) = delete;

private:
    Laid(fs::path root, std::vector<vcs::FileVersion> files) : root_(std::move(root)), files_(std::move(files)) {}
    fs::path root_;
    std::vector<vcs::FileVersion> files_;
};

/// Whether asking again, here or on a machine like this one, comes to the same.
bool same_next_time(ErrorCode code) {
    return code == ErrorCode::timeout || code == ErrorCode::invalid_argument || code == ErrorCode::not_found;
}

std::string left_out_text(const inference::Merged& merged) {
    std::string text;
    for (const inference::LeftOutPart& left : merged.left_out)
        text += fmt::format("{}:\n{}\n\n", left.key, left.context);
    return tail(text);
}

void count(const inference::TestedState& tests, TaskResult& result) {
    result.passed_after = static_cast<int>(tests.passing.size());
    result.failed_after = static_cast<int>(tests.failing.size());
    result.log = tests.log;
}

}  // namespace

swarm::Offer InferenceRunner::offer() const {
    swarm::Offer offer;
    offer.kinds = {TaskKind::decompose, TaskKind::merge};
    offer.groups = ports_.groups;
    if (ports_.parts != nullptr) {
        offer = ports_.parts->offer();
        offer.groups = ports_.groups;
        offer.kinds = {TaskKind::decompose, TaskKind::merge, TaskKind::escalate};
    }
    offer.languages = {"javascript", "python"};
    return offer;
}

Result<WorkDone> InferenceRunner::run(const swarm::Work& work, const swarm::JobProgress& progress,
                                      std::stop_token stop) {
    switch (work.lease.kind) {
        case TaskKind::decompose:
            return decompose(work, progress, std::move(stop));
        case TaskKind::merge:
            return merge(work, progress, std::move(stop));
        case TaskKind::escalate: {
            if (ports_.parts == nullptr) return fail(ErrorCode::unavailable, "this inference service has no model");
            swarm::Work part = work;
            part.lease.kind = TaskKind::subtask;
            return ports_.parts->run(part, progress, std::move(stop));
        }
        default:
            return fail(ErrorCode::unavailable, fmt::format("an inference service does no {}", name(work.lease.kind)));
    }
}

Result<InferenceRunner::Asked> InferenceRunner::question(const swarm::Work& work, const swarm::JobProgress& progress,
                                                         std::stop_token stop) {
    Asked asked;
    inference::Question& question = asked.question;
    question.task = work.job.task;
    question.test = work.job.test;
    EC_ASSIGN(const ProjectView tree, ProjectView::open(work.folder));
    question.files = tree.paths();
    const bool words = !trim(question.task).empty();
    if (trim(question.test).empty()) {
        asked.in_vain = !words;
        asked.unseen = words ? "" : "nothing is asked for";
        return asked;
    }
    EC_ASSIGN(const auto sandbox, ports_.open_sandbox(work.folder));
    repair::RepairRequest request;
    request.test = question.test;
    request.budget = budget_of(work) / 4;
    request.seed = work.job.seed;
    StagesOnly events(progress);
    const auto diagnosis = repair::diagnose(*sandbox, events, request, std::move(stop));
    if (!diagnosis) {
        const Error& error = diagnosis.error();
        // What the machine lacks, and what goes wrong here, is no word on the task.
        if (!same_next_time(error.code)) return fail(error);
        asked.unseen = in_one_line(error);
        // Tests that are yet to be written may be asked for in words; a program that is not there is not written.
        asked.in_vain = !words || error.code == ErrorCode::not_found;
        return asked;
    }
    asked.passing = static_cast<int>(diagnosis->before.passed());
    for (const repair::SuspectedTest& test : diagnosis->failing) question.failing.push_back({test.id, test.files});
    if (words || !question.failing.empty()) return asked;
    asked.in_vain = true;
    asked.unseen = diagnosis->already_passing ? "the tests already pass, and nothing else is asked for"
                                              : "no test fails every time, and nothing else is asked for";
    return asked;
}

Result<WorkDone> InferenceRunner::decompose(const swarm::Work& work, const swarm::JobProgress& progress,
                                            std::stop_token stop) {
    EC_ASSIGN(const Asked answer, question(work, progress, stop));
    const inference::Question& asked = answer.question;
    WorkDone done;
    done.result.passed_before = answer.passing;
    if (answer.in_vain) {
        done.result.outcome = Outcome::nothing;
        done.result.reason = answer.unseen;
        return done;
    }
    auto plan = ports_.plan(asked, stop);
    if (!plan && plan.error().code == ErrorCode::cancelled) return fail(plan.error());
    std::string why = plan ? "" : plan.error().message;
    if (!answer.unseen.empty()) why = fmt::format("split by the words alone: {}", answer.unseen);
    if (!plan) plan = inference::plan_without_model(asked);
    add_parts(done, *plan, work);
    done.result.outcome = Outcome::solved;
    done.result.proposer = "decompose:" + plan->by;
    done.result.failed_before = static_cast<int>(asked.failing.size());
    done.result.explanation = fmt::format("{} parts, by {}", plan->parts.size(), plan->by);
    done.result.reason = why;
    return done;
}

Result<inference::TestedState> InferenceRunner::run_tests(const swarm::Work& work,
                                                          const std::vector<vcs::FileVersion>& files,
                                                          std::stop_token stop) {
    inference::TestedState state;
    if (trim(work.job.test).empty()) return state;
    EC_ASSIGN(const auto laid, Laid::over(work.folder, files));
    TreeTests tests = tests_of(work.job, {}, work.folder);
    tests.open_sandbox = ports_.open_sandbox;
    EC_ASSIGN(const TestsSaid said, apps::run_tests(tests, std::move(stop)));
    const executor::TestReport& report = said.report;
    for (const executor::TestCase& test : report.tests) {
        if (test.outcome == executor::TestOutcome::passed) state.passing.insert(test.id);
        if (test.outcome == executor::TestOutcome::failed || test.outcome == executor::TestOutcome::error)
            state.failing.insert(test.id);
    }
    const bool passed = report.verdict == executor::TestReport::Verdict::passed;
    if (report.tests.empty() || passed != state.failing.empty()) (passed ? state.passing : state.failing).insert("");
    state.log = said.log;
    return state;
}

Result<WorkDone> InferenceRunner::merge(const swarm::Work& work, const swarm::JobProgress& progress,
                                        std::stop_token stop) {
    std::vector<inference::PartPatch> parts;
    std::vector<inference::LeftOutPart> undone;
    for (const swarm::PartSpec& part : work.task.parts) {
        const auto input = std::ranges::find(work.inputs, part.key, [](const auto& each) { return each.first; });
        const bool made = input != work.inputs.end() && input->second.outcome == Outcome::solved;
        if (!made) undone.push_back({part.key, inference::LeftOutPart::Why::malformed, "no worker could do it"});
        // Those that stand on it are left out with it.
        parts.push_back({part.key, made ? input->second.patch : std::string(kNoPatch), part.after});
    }
    std::size_t runs = 0;
    inference::TestedState before;
    const auto test = [&](const std::vector<vcs::FileVersion>& files) -> Result<inference::TestedState> {
        progress("running the tests", static_cast<int>(std::min<std::size_t>(99, 100 * runs++ / (parts.size() + 1))));
        EC_ASSIGN(inference::TestedState state, run_tests(work, files, stop));
        if (files.empty()) before = state;
        return state;
    };
    EC_ASSIGN(inference::Merged merged, inference::merge_parts(parts, reader_of(work.folder), test, stop));
    for (inference::LeftOutPart& left : merged.left_out) {
        const auto known = std::ranges::find(undone, left.key, &inference::LeftOutPart::key);
        if (known != undone.end()) left = *known;
    }
    WorkDone done;
    TaskResult& result = done.result;
    result.patch = merged.patch;
    result.proposer = "merge";
    count(merged.tests, result);
    result.passed_before = static_cast<int>(before.passing.size());
    result.failed_before = static_cast<int>(before.failing.size());
    for (const auto& [key, input] : work.inputs) {
        result.candidates += input.candidates;
        if (result.tier.empty()) result.tier = input.tier;
    }
    result.explanation = fmt::format("{} of {} parts", merged.parts.size(), parts.size());
    if (merged.left_out.empty()) {
        result.outcome = merged.tests.failing.empty() && !merged.patch.empty() ? Outcome::solved : Outcome::nothing;
        if (result.outcome == Outcome::nothing)
            result.reason = merged.patch.empty() ? "the parts changed nothing"
                                                 : fmt::format("{} tests still fail", merged.tests.failing.size());
        return done;
    }
    result.log = left_out_text(merged);
    if (add_second_attempt(done, merged, work, ports_.parts != nullptr)) {
        result.outcome = Outcome::solved;
        result.reason = fmt::format("{} parts did not fit and are tried again", merged.left_out.size());
        return done;
    }
    result.outcome = Outcome::nothing;
    result.reason = fmt::format("{} parts do not fit; a person must look at them", merged.left_out.size());
    return done;
}

}  // namespace ec::apps::inference_http
