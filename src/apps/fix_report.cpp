#include "fix_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ostream>

namespace ec::apps {
namespace {

using repair::RepairResult;

std::string_view status_name(RepairResult::Status status) {
    switch (status) {
        case RepairResult::Status::fixed:
            return "fixed";
        case RepairResult::Status::already_passing:
            return "already_passing";
        case RepairResult::Status::unfixed:
            break;
    }
    return "unfixed";
}

json::Value counts(const executor::TestReport& report) {
    return json::Object{{"passed", report.passed()}, {"failed", report.failed()}};
}

json::Value test_cases(const executor::TestReport& report) {
    json::Array cases;
    for (const executor::TestCase& test : report.tests) {
        json::Object entry{{"id", test.id},
                           {"outcome", executor::name(test.outcome)},
                           {"duration_ms", static_cast<double>(test.duration.count()) / 1000}};
        if (!test.message.empty()) entry["message"] = test.message;
        cases.push_back(std::move(entry));
    }
    return cases;
}

json::Array strings(const std::vector<std::string>& values) {
    json::Array array;
    for (const std::string& value : values) array.emplace_back(value);
    return array;
}

json::Object base_json(std::string_view status, const FixSummary& summary) {
    return {{"status", status},
            {"patch", ""},
            {"wall_ms", summary.wall.count()},
            {"tier", summary.tier},
            {"isolation", summary.tier == "C" ? "reduced" : "full"},
            {"applied", summary.applied}};
}

}  // namespace

json::Value fix_json(const RepairResult& result, const FixSummary& summary) {
    json::Object document = base_json(status_name(result.status), summary);
    const bool fixed = result.status == RepairResult::Status::fixed;
    const executor::TestReport& after = fixed ? result.patches.front().report : result.before;
    document["tests"] = json::Object{{"before", counts(result.before)},
                                     {"after", counts(after)},
                                     {"runner", result.before.runner},
                                     {"flaky", strings(result.flaky)},
                                     {"cases", test_cases(after)}};
    const double seconds = std::chrono::duration<double>(result.search.elapsed).count();
    const double rate = seconds > 0 ? static_cast<double>(result.search.tried) / seconds : 0;
    document["candidates"] = json::Object{{"tried", result.search.tried},
                                          {"per_second", static_cast<std::int64_t>(rate)},
                                          {"remembered", result.search.remembered},
                                          {"timeouts", result.search.timeouts}};
    document["proposer"] = result.proposer.empty() ? "none" : result.proposer;
    document["judge"] = result.judge;
    json::Array alternatives;
    for (const repair::VerifiedPatch& patch : result.patches) {
        if (&patch == &result.patches.front()) {
            document["patch"] = patch.patch;
            document["explanation"] = patch.explanation;
            document["operator"] = patch.op;
            continue;
        }
        alternatives.push_back(
            json::Object{{"patch", patch.patch}, {"explanation", patch.explanation}, {"operator", patch.op}});
    }
    document["alternatives"] = std::move(alternatives);
    if (!result.reason.empty()) document["reason"] = result.reason;
    if (result.status == RepairResult::Status::unfixed)
        document["review"] = result.search.end == repair::SearchOutcome::End::budget ? "time" : "model_limit";
    return document;
}

json::Value fix_error_json(const Error& error, const FixSummary& summary) {
    json::Object document = base_json("error", summary);
    document["reason"] = error.message;
    document["code"] = name(error.code);
    if (!error.remedy.empty()) document["remedy"] = error.remedy;
    const json::Object none{{"passed", 0}, {"failed", 0}};
    document["tests"] = json::Object{{"before", none}, {"after", none}};
    document["candidates"] = json::Object{{"tried", 0}, {"per_second", 0}};
    document["proposer"] = "none";
    return document;
}

void print_fix(const RepairResult& result, const FixSummary& summary, const Style& style, std::ostream& err) {
    const double seconds = static_cast<double>(summary.wall.count()) / 1000;
    for (const std::string& id : result.flaky)
        err << style.yellow("flaky") << "    " << id << " (does not end the same way every time)\n";
    if (result.status == RepairResult::Status::already_passing) {
        err << style.green("passing") << "  the tests already pass: " << result.before.passed() << " passed\n";
        return;
    }
    if (result.status == RepairResult::Status::unfixed) {
        err << style.red("unfixed") << "  " << result.reason << "\n"
            << "         a model may do better (--model NAME), or a reviewer (edgecoder review queue --help)\n";
        for (const std::string& id : result.failing) {
            const executor::TestCase* test = result.before.find(id);
            err << "         " << id
                << (test != nullptr && !test->message.empty() ? ": " + ellipsize(test->message, 160) : "") << "\n";
        }
        return;
    }
    const repair::VerifiedPatch& best = result.patches.front();
    err << style.green("fixed") << "    " << best.explanation << "\n";
    err << fmt::format(
        "tests    {} passed, {} failed before; {} passed, {} failed after, in a clean sandbox (tier {})\n",
        result.before.passed(), result.before.failed(), best.report.passed(), best.report.failed(), summary.tier);
    err << fmt::format("search   {} candidates in {:.1f} s, {} other patch{} pass{} too\n", result.search.tried,
                       seconds, result.patches.size() - 1, result.patches.size() == 2 ? "" : "es",
                       result.patches.size() == 2 ? "es" : "");
    for (std::size_t i = 1; i < result.patches.size(); ++i) {
        err << style.dim(fmt::format("  or     {}", result.patches[i].explanation)) << "\n";
    }
    err << (summary.applied ? "applied  the files are changed\n"
                            : "         apply it with --apply, or pipe the patch into `git apply`\n");
}

}  // namespace ec::apps
