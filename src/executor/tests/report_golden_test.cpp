// What the parsers make of reports captured from real tools (the file names carry the versions). Each data file has a
// twin ending in .expected; EC_UPDATE_GOLDEN=1 rewrites the twins.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <fstream>

#include "parsers/parsed.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

Parsed parse(const fs::path& file, std::string_view text) {
    const std::string tool = file.filename().native().substr(0, file.filename().native().find('-'));
    const std::string kind = file.extension();
    const fs::path workspace = "/w";
    if (kind == ".tap") return parse_tap(text, workspace);
    if (kind == ".xml") return parse_junit(text, workspace);
    if (kind == ".json") return parse_jest_json(text, workspace);
    if (tool == "go") return parse_go_json(text, workspace);
    if (tool == "cargo") return parse_cargo_text(text, workspace);
    if (tool == "prove") return parse_prove_text(text, workspace);
    return parse_events(text, workspace);
}

std::string describe(const Parsed& parsed) {
    std::string out =
        fmt::format("{} {}{}\n", parsed.runner, parsed.complete ? "complete" : "incomplete: " + parsed.problem,
                    parsed.heuristic ? " (heuristic)" : "");
    for (const TestCase& test : parsed.tests) {
        out += fmt::format("{} {}\n", name(test.outcome), test.id);
        if (!test.message.empty()) out += fmt::format("    message: {}\n", test.message);
        for (const TraceFrame& frame : test.frames)
            out += fmt::format("    frame: {}:{} {}\n", frame.file, frame.line, frame.function);
    }
    return out;
}

std::vector<fs::path> data_files() {
    std::vector<fs::path> files;
    const char* source = std::getenv("EC_SOURCE_DIR");
    for (const auto& entry :
         fs::directory_iterator(fs::path(source == nullptr ? "." : source) / "src/executor/tests/data/reports")) {
        if (entry.path().extension() != ".expected") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

TEST(GoldenReports, EveryCapturedReportReadsAsExpected) {
    const auto files = data_files();
    ASSERT_GE(files.size(), 10U);
    for (const fs::path& file : files) {
        SCOPED_TRACE(file);
        const std::string got = describe(parse(file, read_file(file).value()));
        const fs::path twin = file.native() + ".expected";
        if (std::getenv("EC_UPDATE_GOLDEN") != nullptr) std::ofstream(twin) << got;
        EXPECT_EQ(got, read_file(twin).value());
    }
}

// Whatever is cut off the end of a report, a failure that is gone must not turn it into a complete one that passes.
TEST(GoldenReports, ACutReportNeverReadsAsACompletePass) {
    for (const fs::path& file : data_files()) {
        if (file.filename().native().starts_with("go-")) continue;  // each package's end is all the end there is
        SCOPED_TRACE(file);
        const std::string text = read_file(file).value();
        for (std::size_t length = 0; length + 1 < text.size(); length += 1 + text.size() / 400) {
            const Parsed parsed = parse(file, std::string_view(text).substr(0, length));
            const bool all_good = std::ranges::none_of(parsed.tests, [](const TestCase& test) {
                return test.outcome == TestOutcome::failed || test.outcome == TestOutcome::error;
            });
            EXPECT_FALSE(parsed.found && parsed.complete && all_good && !parsed.tests.empty())
                << "cut after " << length << " bytes";
        }
    }
}

}  // namespace
}  // namespace ec::executor
