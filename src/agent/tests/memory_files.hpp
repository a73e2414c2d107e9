// Short ways to say what a test expects of a reply.
#pragma once

#include <algorithm>
#include <cctype>
#include <ec/agent/edits.hpp>
#include <string>

namespace ec::agent {

/// Every problem as "kind-number path: message", for failures that explain themselves.
inline std::string told(const ParsedEdits& edits) {
    std::string out;
    for (const EditProblem& problem : edits.problems)
        out += std::to_string(static_cast<int>(problem.kind)) + " " + problem.path + ":" +
               std::to_string(problem.line) + " " + problem.message + "\n";
    return out;
}

/// The new text of the one file that changes; "(…)" with the problems when it is not so.
inline std::string only_text(const ParsedEdits& edits) {
    if (edits.changes.size() != 1 || !edits.problems.empty())
        return "(" + std::to_string(edits.changes.size()) + " changes; " + told(edits) + ")";
    return edits.changes.front().after;
}

/// The kind of the one problem; nothing when there is none or more.
inline std::optional<EditProblem::Kind> only_problem(const ParsedEdits& edits) {
    if (edits.problems.size() != 1) return {};
    return edits.problems.front().kind;
}

/// Names the cases of a table after their member `what`.
constexpr auto table_name = [](const auto& test) {
    std::string out = test.param.what;
    std::replace_if(out.begin(), out.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return out;
};

}  // namespace ec::agent
