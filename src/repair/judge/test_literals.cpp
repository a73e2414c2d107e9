#include "judge/test_literals.hpp"

#include <algorithm>
#include <ec/codeindex/syntax.hpp>
#include <ec/core/fs.hpp>
#include <ec/repair/sources.hpp>
#include <set>

namespace ec::repair {
namespace {

using codeindex::Node;
using codeindex::Tree;
using executor::TestOutcome;

constexpr std::size_t kMostLiterals = 200;
constexpr std::size_t kLongest = 60;

bool is_literal(std::string_view kind) {
    static const std::set<std::string_view> kKinds = {
        "integer", "float",     "number", "string", "template_string", "true",           "false",           "none",
        "null",    "undefined", "list",   "array",  "tuple",           "unary_operator", "unary_expression"};
    return kKinds.contains(kind);
}

bool is_function(std::string_view kind) {
    static const std::set<std::string_view> kKinds = {
        "function_definition", "function_declaration", "arrow_function", "function_expression", "function",
        "method_definition"};
    return kKinds.contains(kind);
}

void collect(const Tree& tree, const Node& node, std::map<std::string, int>& counts) {
    if (is_literal(node.kind())) {
        const std::string_view text = tree.text(node);
        const bool composite = node.kind() == "list" || node.kind() == "array" || node.kind() == "tuple";
        const bool sign = node.kind().starts_with("unary");
        if (text.size() <= kLongest && (!sign || text.starts_with('-'))) ++counts[std::string(text)];
        if (!composite && !sign) return;
    }
    for (std::uint32_t i = 0; i < node.named_child_count(); ++i) collect(tree, node.named_child(i), counts);
}

/// The function around `line`, or the statement there.
Node enclosing(const Tree& tree, int line) {
    std::size_t at = 0;
    for (int number = 1; number < line && at != std::string::npos; ++number) {
        at = tree.text().find('\n', at);
        if (at != std::string::npos) ++at;
    }
    if (at == std::string::npos) return {};
    at = tree.text().find_first_not_of(" \t", at);
    if (at == std::string::npos) return {};
    Node node = tree.named_descendant(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at));
    Node statement;
    for (; node.valid() && node.parent().valid(); node = node.parent()) {
        if (is_function(node.kind())) return node;
        statement = node;
    }
    return statement;
}

}  // namespace

std::vector<std::string> literals_of_failing_tests(const BaselineRun& baseline,
                                                   const std::filesystem::path& workspace) {
    std::map<std::string, int> counts;
    std::set<std::pair<std::string, int>> seen;
    for (const ObservedTest& observed : baseline.tests) {
        if (observed.test.outcome != TestOutcome::failed && observed.test.outcome != TestOutcome::error) continue;
        // The outermost frame of the project is the test; the inner ones are the program.
        if (observed.test.frames.empty()) continue;
        const executor::TraceFrame& frame = observed.test.frames.front();
        const auto language = repairable_language(frame.file);
        if (!language || !is_inside_relative(frame.file) || !seen.emplace(frame.file, frame.line).second) continue;
        auto text = read_file(workspace / frame.file, 4ULL << 20);
        if (!text) continue;
        const auto tree = Tree::parse(*language, *std::move(text));
        if (!tree) continue;
        if (const Node around = enclosing(*tree, frame.line); around.valid()) collect(*tree, around, counts);
    }
    std::vector<std::pair<std::string, int>> ordered(counts.begin(), counts.end());
    std::ranges::stable_sort(ordered, [](const auto& a, const auto& b) { return a.second > b.second; });
    std::vector<std::string> literals;
    for (auto& [text, count] : ordered)
        if (literals.size() < kMostLiterals) literals.push_back(std::move(text));
    return literals;
}

}  // namespace ec::repair
