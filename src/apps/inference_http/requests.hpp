// What the inference service is asked over HTTP, as values: hostile bytes become these and nothing else. Pure
// functions.
#pragma once

#include <ec/core/result.hpp>
#include <ec/inference/plan.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::inference_http {

/// POST /decompose. A `snapshotRef` is the caller's own word and comes back with every subtask.
struct DecomposeAsk {
    std::string task_id;
    std::string snapshot_ref;
    std::string language;
    inference::Question question;  ///< from `prompt`, `test`, `files`, `failing`
};

/// POST /escalate: what was tried and how it failed.
struct EscalateAsk {
    std::string task;
    std::string failed_code;
    std::vector<std::string> errors;
    std::string language;
};

/// `invalid_argument` names the field at fault.
Result<DecomposeAsk> read_decompose(std::string_view body);
Result<EscalateAsk> read_escalate(std::string_view body);

/// The answer of POST /decompose.
std::string write(const inference::Plan& plan, const DecomposeAsk& ask);

/// What a model is told of an escalation, and what its reply means: the last fenced block is the code, what stands
/// around it the explanation. `corrupt` for a reply without code.
std::string escalation_prompt(const EscalateAsk& ask);
struct Escalated {
    std::string improved_code;
    std::string explanation;
};
Result<Escalated> read_escalation(std::string_view reply);
std::string write(const Escalated& escalated);

}  // namespace ec::apps::inference_http
