// Mutation operators: from a syntax tree to candidate edits. Pure functions, deterministic, no I/O.
#pragma once

#include <ec/codeindex/syntax.hpp>
#include <ec/repair/candidate.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::repair {

/// One source file of the program under repair.
struct SourceUnit {
    std::string path;      ///< relative to the workspace
    codeindex::Tree tree;  ///< owns the text
};

/// One edit an operator offers.
struct Mutation {
    TextEdit edit;
    std::string op;           ///< operator name, kebab-case
    std::string explanation;  ///< one clause in words, about this very place
    double prior = 0;         ///< how often real fixes look like this, in (0, 1]; see docs/repair.md
    int line = 0;             ///< 1-based line that makes it suspicious
    bool destructive = false;
};

struct MutationRequest {
    const SourceUnit& unit;
    /// Only statements that touch such a line are changed (and inserted before, after or around).
    std::function<bool(int line)> wanted;
    /// Values mined from tests and from the project (source text), best first.
    const std::vector<std::string>& constants;
    /// Names of functions and methods seen elsewhere in the project, best first.
    const std::vector<std::string>& project_callables;
    /// Expressions and whole statements of the same project worth borrowing (source text), best first.
    const std::vector<std::string>& project_fragments;
};

/// All single edits for the wanted lines, in source order, each leaving a file that parses, none equal to the original
/// text, no two giving the same text.
std::vector<Mutation> mutate(const MutationRequest& request);

}  // namespace ec::repair
