// Files of a workspace in memory, and short ways to say what a test expects of a reply.
#pragma once

#include <algorithm>
#include <cctype>
#include <ec/agent/edits.hpp>
#include <map>
#include <string>

namespace ec::agent {

class MemoryFiles final : public FileSource {
public:
    MemoryFiles() = default;
    MemoryFiles(std::initializer_list<std::pair<const std::string, std::string>> files) : files_(files) {}
    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override {
        const auto place = files_.find(path);
        return place == files_.end() ? std::nullopt : std::optional(place->second);
    }
    [[nodiscard]] std::vector<std::string> paths() const override {
        std::vector<std::string> out;
        for (const auto& [path, text] : files_) out.push_back(path);
        return out;
    }

private:
    std::map<std::string, std::string> files_;
};

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
