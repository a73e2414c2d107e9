// Second stage of a repair: the files that may be edited, and their suspicious lines.
#pragma once

#include <ec/repair/localise.hpp>
#include <ec/repair/sources.hpp>
#include <filesystem>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "baseline_stage.hpp"

namespace ec::repair {

struct Program {
    std::vector<SourceUnit> units;
    SourceMap sources;
    std::vector<SuspiciousLine> lines;
};

/// Files that the tests `failing` executed, in a frame of theirs or while loading.
std::set<std::string> executed_files(const BaselineRun& run, const std::vector<std::string>& failing);

/// Without tests and configuration unless `edit_tests`. The lines are none where a stop is requested first.
Program load_program(const std::filesystem::path& root, const executor::TestCommand& command,
                     const ObservedProgram& observed, bool edit_tests, const std::stop_token& stop);

}  // namespace ec::repair
