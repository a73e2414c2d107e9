// Line coverage of whole runs, through the environment: nothing of the project or of its command is touched.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <ec/repair/judge.hpp>
#include <filesystem>

namespace ec::repair {

struct RunCoverage {
    LineSet lines;         ///< executed inside functions
    LineSet import_lines;  ///< executed at module level
};

/// Adds to `spec` what makes the Python and Node processes it starts leave their line coverage in its artifacts.
void ask_for_coverage(executor::RunSpec& spec, const std::filesystem::path& workspace);

/// Reads it, and takes those artifacts away from `result`.
RunCoverage take_coverage(executor::RunResult& result, const std::filesystem::path& workspace);

/// Lines of `source` that V8's block counters call executed. `functions` is the array of a script's functions as
/// NODE_V8_COVERAGE writes them (offsets are UTF-16 code units).
struct ScriptLines {
    std::set<int> inside;
    std::set<int> module;
};
ScriptLines lines_of_v8(std::string_view source, std::string_view functions_json);

}  // namespace ec::repair
