// The words that policies are made of: which are allowed, and what two of them have in common.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/executor/policy.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

/// A limit as the file knows it.
struct LimitField {
    std::string_view name;
    LimitRule LimitRules::* rule;
    std::int64_t least;
    std::int64_t most;
};
inline constexpr std::array<LimitField, 8> kLimitFields = {{
    {"wall_seconds", &LimitRules::wall_seconds, 1, 86'400},
    {"cpu_seconds", &LimitRules::cpu_seconds, 1, 86'400},
    {"memory_mb", &LimitRules::memory_mb, 16, 1 << 24},
    {"processes", &LimitRules::processes, 2, 100'000},
    {"new_files_mb", &LimitRules::new_files_mb, 1, 1 << 20},
    {"kept_output_kb", &LimitRules::kept_output_kb, 1, 1 << 16},
    {"output_flood_mb", &LimitRules::output_flood_mb, 1, 1 << 20},
    {"open_files", &LimitRules::open_files, 16, 1 << 20},
}};

/// More than this in one list is a mistake, and would make merging slow.
inline constexpr std::size_t kMostEntries = 256;

/// Empty, or why a policy may not name this path.
std::string path_trouble(std::string_view path, const PolicyPlaces& places);
/// Empty, or why a policy may not pass this variable.
std::string variable_trouble(std::string_view pattern);
std::string language_trouble(std::string_view name);
/// True for folders of the system that every sandbox shows.
bool always_shown(std::string_view path);
/// Both absolute and normal.
bool is_at_or_below(std::string_view path, std::string_view root);

/// What two terms both allow, if anything: the longer of two paths or patterns of which one covers the other.
std::optional<std::string> common_path(const std::string& a, const std::string& b);
std::optional<std::string> common_pattern(const std::string& a, const std::string& b);
std::optional<HostRule> common_host(const HostRule& a, const HostRule& b);

/// The variables that are passed on when no policy says which.
const std::vector<std::string>& built_in_environment();
bool matches(std::string_view pattern, std::string_view name);

/// Sorted, without what another entry covers.
template <class T, class Common>
std::vector<T> minimal(std::vector<T> terms, Common common) {
    std::sort(terms.begin(), terms.end());
    terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
    std::vector<T> kept;
    for (const T& term : terms) {
        const bool covered = std::any_of(terms.begin(), terms.end(),
                                         [&](const T& other) { return other != term && common(term, other) == term; });
        if (!covered) kept.push_back(term);
    }
    return kept;
}

/// What both lists allow.
template <class T, class Common>
std::vector<T> common_terms(const std::vector<T>& a, const std::vector<T>& b, Common common) {
    std::vector<T> both;
    for (const T& left : a) {
        for (const T& right : b) {
            if (auto shared = common(left, right)) both.push_back(*std::move(shared));
        }
    }
    return minimal(std::move(both), common);
}

}  // namespace ec::executor
