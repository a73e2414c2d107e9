#include "program.hpp"

#include <algorithm>
#include <ec/vcs/history.hpp>

namespace ec::repair {
namespace {

constexpr int kRecentCommits = 3;

}  // namespace

std::set<std::string> executed_files(const BaselineRun& run, const std::vector<std::string>& failing) {
    std::set<std::string> files;
    for (const ObservedTest& observed : run.tests) {
        if (std::ranges::find(failing, observed.test.id) == failing.end()) continue;
        for (const auto& [file, lines] : observed.lines) files.insert(file);
        for (const executor::TraceFrame& frame : observed.test.frames) files.insert(frame.file);
    }
    for (const auto& [file, lines] : run.import_lines) files.insert(file);
    return files;
}

Program load_program(const std::filesystem::path& root, const executor::TestCommand& command,
                     const ObservedProgram& observed, bool edit_tests, const std::stop_token& stop) {
    Program program;
    const std::set<std::string> files = executed_files(observed.run, observed.failing);
    std::set<std::string> editable = files;
    if (!edit_tests) {
        std::vector<std::string> ids = observed.failing;
        ids.insert(ids.end(), observed.passing.begin(), observed.passing.end());
        for (const std::string& test : files_of_tests(command, ids, files)) editable.erase(test);
    }
    program.units = load_units(root, editable, edit_tests, stop);
    // A lone script that holds code and checks together is editable outside its checks. Not where there is a program
    // that could not be read: its tests would be bent until they pass.
    const bool has_program = std::ranges::any_of(editable, [](const std::string& path) {
        return !is_test_or_configuration(path) && repairable_language(path).has_value();
    });
    if (program.units.empty() && !has_program) program.units = load_units(root, files, true, stop);
    for (const SourceUnit& unit : program.units) program.sources[unit.path] = unit.tree.text();
    if (stop.stop_requested()) return program;
    const auto recent = vcs::recently_changed_lines(root, kRecentCommits);
    const std::set<std::string> failing(observed.failing.begin(), observed.failing.end());
    program.lines = rank_lines(observed.run, failing, recent ? *recent : vcs::ChangedLines{});
    std::erase_if(program.lines, [&](const SuspiciousLine& line) { return !program.sources.contains(line.file); });
    return program;
}

}  // namespace ec::repair
