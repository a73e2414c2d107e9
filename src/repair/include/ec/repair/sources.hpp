// Which files of a project a repair may edit, and which parts of them.
#pragma once

#include <cstdint>
#include <ec/codeindex/syntax.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/repair/judge.hpp>
#include <ec/repair/mutation.hpp>
#include <filesystem>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::repair {

/// The language of a file that the mutation operators can edit: Python, JavaScript or TypeScript; nothing for the
/// others that are only read.
std::optional<codeindex::Language> repairable_language(std::string_view path);

/// Tests, fixtures, conftest and build configuration by name: never edited unless asked.
bool is_test_or_configuration(std::string_view path);

/// Those of `files` that are tests whatever they are called: what the ids of tests name, and what the command names. A
/// doctest names the file that it stands in, and that is no test.
std::set<std::string> files_of_tests(const executor::TestCommand& command, const std::vector<std::string>& ids,
                                     const std::set<std::string>& files);

/// 1-based inclusive line ranges of `unit` that hold tests: test functions and classes, assertions at module level,
/// calls of test(…)/describe(…), what decides the exit status there, and the `__main__` block.
std::vector<std::pair<int, int>> test_line_ranges(const SourceUnit& unit);

/// Loads the files named in `files` that are Python, JavaScript or TypeScript sources inside `root`, regular files and
/// not symbolic links, and parses them. Files that cannot be read, are larger than kLargestSource or do not parse are
/// left out, and so are those that there was no time for when `stop` came.
std::vector<SourceUnit> load_units(const std::filesystem::path& root, const std::set<std::string>& files,
                                   bool with_tests, const std::stop_token& stop = {});

constexpr std::uint64_t kLargestSource = 1 << 20;  ///< bytes

/// Sources below `root` that would be edited if they were not larger than that; sorted, at most a few. Looks at no more
/// than 20,000 entries, and not into folders of packages and outputs.
std::vector<std::string> sources_too_large(const std::filesystem::path& root, bool with_tests);

/// Names of the functions and methods a unit defines, in source order.
std::vector<std::string> defined_callables(const SourceUnit& unit);

}  // namespace ec::repair
