// Everything that reads a test report or a test command, fed with arbitrary bytes: the first byte picks the reader.
// What comes out must keep its promises whatever went in. Linked with libFuzzer as report_fuzz, and run over the
// captured reports and mutations of them by the default suite.
#include <ec/core/text.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/executor/trace_text.hpp>
#include <string_view>
#include <unordered_set>

#include "fuzzing.hpp"
#include "parsers/parsed.hpp"
#include "shell_words.hpp"

namespace {

using namespace ec::executor;
using ec::fuzzing::require;

void check(const Parsed& parsed) {
    require(!parsed.complete || (parsed.found && parsed.problem.empty()));
    require(parsed.tests.size() <= kMaxTests);
    std::unordered_set<std::string_view> ids;
    for (const TestCase& test : parsed.tests) {
        require(ids.insert(test.id).second);
        require(ec::is_valid_utf8(test.id) && ec::is_valid_utf8(test.message) && ec::is_valid_utf8(test.details));
        require(test.message.size() <= kMaxMessage + 8 && test.details.size() <= kMaxDetails + 8 &&
                test.id.size() <= kMaxId + 8);
        require(test.duration.count() >= 0 && test.frames.size() <= 200);
        for (const TraceFrame& frame : test.frames) require(frame.line > 0 && ec::is_valid_utf8(frame.file));
    }
}

void check_command(std::string_view text) {
    const TestCommand command = recognise_test_command(text, "/nonexistent/workspace");
    require(!command.words.empty() || command.directory == ".");
    require(!test_run(command).argv.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::filesystem::path workspace = "/w";
    switch (data[0] % 9) {
        case 0:
            check(parse_events(text, workspace));
            break;
        case 1:
            check(parse_tap(text, workspace));
            break;
        case 2:
            check(parse_junit(text, workspace));
            break;
        case 3:
            check(parse_jest_json(text, workspace));
            break;
        case 4:
            check(parse_go_json(text, workspace));
            break;
        case 5:
            check(parse_cargo_text(text, workspace));
            break;
        case 6:
            check(parse_prove_text(text, workspace));
            break;
        case 7:
            check_command(text);
            break;
        default:
            require(frames_from_text(text, workspace).size() <= 200);
            break;
    }
    return 0;
}
