// Helpers of the mutation tests: all mutants of a text, as texts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ec/repair/mutation.hpp>
#include <string>
#include <vector>

namespace ec::repair::testing {

using codeindex::Language;

struct Material {
    std::vector<std::string> constants;
    std::vector<std::string> callables;
    std::vector<std::string> fragments;
};

inline std::vector<Mutation> mutations(
    Language language, const std::string& source, const Material& material = {},
    std::function<bool(int)> wanted = [](int) { return true; }) {
    auto tree = codeindex::Tree::parse(language, source);
    if (!tree) return {};
    const SourceUnit unit{"f", *std::move(tree)};
    return mutate({unit, std::move(wanted), material.constants, material.callables, material.fragments});
}

inline std::string applied(const std::string& source, const Mutation& mutation) {
    return apply_edits(source, "f", {mutation.edit});
}

/// The mutation of `source` that gives `target`; nullopt when no operator offers it.
inline std::optional<Mutation> find(Language language, const std::string& source, const std::string& target,
                                    const Material& material = {}) {
    for (const Mutation& mutation : mutations(language, source, material))
        if (applied(source, mutation) == target) return mutation;
    return std::nullopt;
}

/// One row of an operator's table: changing `from` (which stands once in `source`) to `to` must be offered.
struct Row {
    std::string source;
    std::string from;
    std::string to;
    std::string op = {};  ///< checked when not empty
};

inline void expect_rows(Language language, const std::vector<Row>& rows, const Material& material = {}) {
    for (const Row& row : rows) {
        const std::size_t at = row.source.find(row.from);
        ASSERT_NE(at, std::string::npos) << row.from;
        const std::string target = row.source.substr(0, at) + row.to + row.source.substr(at + row.from.size());
        const auto found = find(language, row.source, target, material);
        EXPECT_TRUE(found.has_value()) << "not offered:\n" << target;
        if (found && !row.op.empty()) {
            EXPECT_EQ(found->op, row.op) << target;
        }
    }
}

/// `a < b` stands once in each text; an operator must be offered there.
inline void expect_reached(Language language, std::initializer_list<const char*> texts) {
    std::vector<Row> rows;
    for (const char* text : texts) rows.push_back({text, "a < b", "a <= b", "comparison-swap"});
    expect_rows(language, rows);
}

}  // namespace ec::repair::testing
