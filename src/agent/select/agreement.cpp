#include <algorithm>
#include <ec/agent/selection.hpp>
#include <functional>
#include <map>
#include <utility>

namespace ec::agent {
namespace {

using Answers = std::vector<std::optional<std::string>>;
using Conduct = std::pair<std::vector<bool>, Answers>;

Status check(const std::vector<Behaviour>& candidates, std::size_t tests) {
    for (const Behaviour& candidate : candidates) {
        if (candidate.passes.size() != tests)
            return fail(ErrorCode::invalid_argument, "every candidate must be judged by every generated test");
        if (candidate.answers.size() != candidates.front().answers.size())
            return fail(ErrorCode::invalid_argument, "every candidate must be asked for every answer");
        if (candidate.copies == 0) return fail(ErrorCode::invalid_argument, "a candidate stands for no sample");
    }
    return {};
}

/// Inputs that some candidate answers. One that makes all of them fail tells them apart no more than none.
std::vector<bool> answerable(const std::vector<Behaviour>& candidates) {
    std::vector<bool> any(candidates.empty() ? 0 : candidates.front().answers.size(), false);
    for (const Behaviour& candidate : candidates) {
        for (std::size_t i = 0; i < any.size(); ++i) any[i] = any[i] || candidate.answers[i].has_value();
    }
    return any;
}

double share_answered(const Answers& answers, const std::vector<bool>& asked) {
    std::size_t all = 0;
    std::size_t answered = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (!asked[i]) continue;
        ++all;
        if (answers[i]) ++answered;
    }
    return all == 0 ? 1.0 : static_cast<double>(answered) / static_cast<double>(all);
}

double weight_passed(const std::vector<bool>& passes, const std::vector<unsigned>& test_copies) {
    double weight = 0;
    for (std::size_t i = 0; i < passes.size(); ++i) {
        if (passes[i]) weight += test_copies[i];
    }
    return weight;
}

}  // namespace

Result<std::vector<AgreementGroup>> rank_by_agreement(const std::vector<Behaviour>& candidates,
                                                      const std::vector<unsigned>& test_copies) {
    EC_TRY(check(candidates, test_copies.size()));
    std::map<Conduct, AgreementGroup> by_conduct;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const Behaviour& candidate = candidates[i];
        AgreementGroup& group = by_conduct[{candidate.passes, candidate.answers}];
        group.members.push_back(i);
        group.samples += candidate.copies;
    }
    const std::vector<bool> asked = answerable(candidates);
    const bool any_passes = std::ranges::any_of(
        candidates, [&](const Behaviour& candidate) { return weight_passed(candidate.passes, test_copies) > 0; });
    std::vector<AgreementGroup> groups;
    groups.reserve(by_conduct.size());
    for (auto& [conduct, group] : by_conduct) {
        const auto& [passes, answers] = conduct;
        group.tests_passed = static_cast<std::size_t>(std::ranges::count(passes, true));
        group.score = (any_passes ? weight_passed(passes, test_copies) : 1.0) * static_cast<double>(group.programs()) *
                      share_answered(answers, asked);
        std::ranges::stable_sort(group.members, std::greater(), [&](std::size_t i) { return candidates[i].copies; });
        groups.push_back(std::move(group));
    }
    std::ranges::sort(groups, [](const AgreementGroup& a, const AgreementGroup& b) {
        if (a.score != b.score) return a.score > b.score;
        if (a.samples != b.samples) return a.samples > b.samples;
        return std::ranges::min(a.members) < std::ranges::min(b.members);
    });
    return groups;
}

}  // namespace ec::agent
