// Runs generated assertions against many candidates, each in a sandbox of its own.
//
// A candidate that never ends, ends the process, prints or floods harms its own record and nobody else's. What it
// forges in its own process speaks for itself alone: this is a preference among candidates that no test of the project
// judges, never a verdict.
#pragma once

#include <chrono>
#include <ec/agent/selection.hpp>
#include <ec/executor/sandbox.hpp>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

enum class AssertionLanguage { python, javascript };
/// By the ending of a path; nothing for other languages.
std::optional<AssertionLanguage> assertion_language(std::string_view path);

struct AgreementJob {
    AssertionLanguage language = AssertionLanguage::python;
    std::vector<std::string> files;  ///< relative to the workspace; what they define is what assertions may name
    std::vector<std::string> names;  ///< functions whose answers are compared (Python)
    std::vector<std::string> tests;  ///< assertions, one statement each
    std::chrono::milliseconds load_limit{5000};  ///< of processor time, for each file
    std::chrono::milliseconds limit{500};        ///< for one assertion; processor time for Python
    std::chrono::milliseconds wall{60'000};      ///< for all of one candidate
    unsigned parallel = 2;                       ///< sandboxes at a time
};

/// What each candidate does, in order, ready for rank_by_agreement(): one entry of `passes` for each test. One that
/// does not load passes nothing and answers nothing. At most 2000 tests (`too_large`) and the first 400 calls. Fails on
/// stop, and with what the machine lacks.
Result<std::vector<Behaviour>> run_agreement(executor::Sandbox& sandbox, const AgreementJob& job,
                                             std::span<const std::vector<executor::FileEdit>> candidates,
                                             std::stop_token stop);

/// One candidate's record (see agreement.py) as its behaviour. Any bytes: what is no fact about a known test or call is
/// left out, and of two facts about one the first counts.
Behaviour read_agreement_record(std::string_view record, std::size_t tests, std::size_t answers);

}  // namespace ec::agent
