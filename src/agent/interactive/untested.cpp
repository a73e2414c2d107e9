#include "untested.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/selection.hpp>
#include <ec/core/time_or_stop.hpp>
#include <map>

#include "../select/agreement_run.hpp"
#include "../select/generated_tests.hpp"

namespace ec::agent {
namespace {

constexpr unsigned kTestSamples = 3;
constexpr std::size_t kAssertionsPerSample = 20;
constexpr std::size_t kMostNames = 12;
constexpr int kTestTokens = 1024;
constexpr std::chrono::milliseconds kVersionLimit{20'000};
constexpr double kTestTemperature = 0.8;  // what one sample gets wrong, others get right

/// The files of the first version that assertions can speak about, and what changes in them in any version.
AgreementJob job_for(std::span<const UntestedVersion> versions) {
    AgreementJob job;
    job.wall = kVersionLimit;
    std::optional<AssertionLanguage> language;
    for (const vcs::FileVersion& file : versions.front().draft->versions()) {
        const auto spoken = file.removed ? std::nullopt : assertion_language(file.path);
        if (!spoken || (language && *language != *spoken)) continue;
        if (changed_definitions(file.before, file.after).empty()) continue;
        language = spoken;
        job.files.push_back(file.path);
    }
    if (!language) return job;
    job.language = *language;
    std::set<std::string> names;
    for (const UntestedVersion& version : versions) {
        for (const vcs::FileVersion& file : version.draft->versions()) {
            if (std::ranges::find(job.files, file.path) == job.files.end()) continue;
            for (std::string& name : changed_definitions(file.before, file.after)) names.insert(std::move(name));
        }
    }
    for (const std::string& name : names) {
        if (job.names.size() < kMostNames) job.names.push_back(name);
    }
    return job;
}

/// Fills in the tests; the value says how often each was written.
Result<std::vector<unsigned>> ask_for_tests(Task& task, const std::vector<model::Message>& conversation,
                                            AgreementJob& job) {
    task.stage("select", "writing short tests to compare the versions with");
    model::ChatRequest request;
    request.messages = conversation;
    request.messages.back().text += "\n\n" + assertion_request(job.language, job.names);
    request.sampling.temperature = kTestTemperature;
    request.sampling.max_tokens = kTestTokens;
    request.sampling.seed = task.settings.seed;
    std::map<std::string, unsigned> written;
    const auto on_reply = [&](const model::ChatReply& reply) {
        const model::ChatReply counted = task.account(reply, {});
        for (std::string& test : assertions_in(counted.text, job.names, kAssertionsPerSample))
            ++written[std::move(test)];
        return !task.out_of_time();
    };
    const TimeOrStop limit(task.stop, task.deadline - task.ports.clock->now());
    EC_TRY(task.ports.model->sample(request, kTestSamples, on_reply, limit.token()));
    std::vector<unsigned> copies;
    for (const auto& [test, count] : written) {
        job.tests.push_back(test);
        copies.push_back(count);
    }
    return copies;
}

UntestedChoice choice_of(const std::vector<Behaviour>& behaviours, const std::vector<AgreementGroup>& groups,
                         std::size_t tests) {
    const AgreementGroup& best = groups.front();
    if (best.tests_passed == 0) return {0, fmt::format("no version passes any of {} generated tests", tests)};
    unsigned samples = 0;
    for (const Behaviour& behaviour : behaviours) samples += behaviour.copies;
    // The model's best guess stands first and wins over its equals.
    const std::size_t chosen = std::ranges::find(best.members, 0U) != best.members.end() ? 0 : best.members.front();
    return {chosen, fmt::format("agrees with {} of {} versions and {} of {} generated tests", best.samples, samples,
                                best.tests_passed, tests)};
}

}  // namespace

bool can_be_compared(const Draft& draft) {
    const UntestedVersion alone{&draft, 1};
    return !job_for({&alone, 1}).names.empty();
}

Result<UntestedChoice> choose_by_agreement(Task& task, const std::vector<model::Message>& conversation,
                                           std::span<const UntestedVersion> versions) {
    AgreementJob job = job_for(versions);
    if (versions.size() < 2 || job.names.empty() || task.out_of_time()) return UntestedChoice{};
    EC_ASSIGN(const std::vector<unsigned> test_copies, ask_for_tests(task, conversation, job));
    if (job.tests.empty()) return UntestedChoice{};
    task.stage("select",
               fmt::format("running {} versions against {} generated tests", versions.size(), job.tests.size()));
    std::vector<std::vector<executor::FileEdit>> candidates;
    for (const UntestedVersion& version : versions) {
        candidates.push_back(version.draft->edits());
        if (!task.ports.secrets) continue;
        for (const std::string& path : task.ports.secrets().paths) candidates.back().push_back({path, ""});
    }
    const TimeOrStop limit(task.stop, task.deadline - task.ports.clock->now());
    auto behaviours = run_agreement(*task.ports.sandbox, job, candidates, limit.token());
    if (!behaviours) {
        if (task.stop.stop_requested()) return fail(behaviours.error());
        task.events.event(WarningEvent{"the versions could not be compared: " + behaviours.error().message});
        return UntestedChoice{};
    }
    task.candidates += versions.size();
    for (std::size_t i = 0; i < versions.size(); ++i) (*behaviours)[i].copies = versions[i].copies;
    EC_ASSIGN(const std::vector<AgreementGroup> groups, rank_by_agreement(*behaviours, test_copies));
    return choice_of(*behaviours, groups, job.tests.size());
}

}  // namespace ec::agent
