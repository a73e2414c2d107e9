// Literals that failing tests compare with or pass in: material for constants in candidates.
#pragma once

#include <ec/repair/judge.hpp>
#include <filesystem>

namespace ec::repair {

/// Numbers, strings, booleans and short lists around the places where the failing tests of `baseline` failed, as source
/// text, most frequent first.
std::vector<std::string> literals_of_failing_tests(const BaselineRun& baseline, const std::filesystem::path& workspace);

}  // namespace ec::repair
