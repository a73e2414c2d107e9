// The JSON that vitest's reporter writes, in the shape of `jest --json`.
#include <ec/core/text.hpp>
#include <ec/executor/trace_text.hpp>
#include <ec/json/json.hpp>

#include "parsers/fields.hpp"
#include "parsers/parsed.hpp"

namespace ec::executor {
namespace {

using json::Array;
using json::Object;
using json::Value;

const Array& array_of(const Object& object, std::string_view key) {
    static const Array kNone;
    const Value* value = object.if_contains(key);
    return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

double number_of(const Object& object, std::string_view key) {
    const Value* value = object.if_contains(key);
    if (value == nullptr || !value->is_number()) return 0;
    return value->to_number<double>();
}

TestOutcome outcome_of(std::string_view status) {
    if (status == "passed") return TestOutcome::passed;
    if (status == "failed") return TestOutcome::failed;
    if (status == "pending" || status == "todo" || status == "skipped" || status == "disabled")
        return TestOutcome::skipped;
    return TestOutcome::error;
}

std::string joined_strings(const Array& list) {
    std::string out;
    for (const Value& element : list) {
        if (!element.is_string()) continue;
        if (!out.empty()) out += '\n';
        out += std::string_view(element.get_string());
        if (out.size() > 4 * kMaxDetails) break;
    }
    return out;
}

TestCase read_assertion(const Object& assertion, const std::string& file, const std::filesystem::path& workspace) {
    TestCase test{.id = file, .outcome = outcome_of(string_of(assertion, "status"))};
    for (const Value& title : array_of(assertion, "ancestorTitles")) {
        if (!title.is_string() || title.get_string().empty()) continue;
        test.id += " > ";
        test.id += std::string_view(title.get_string());
        if (test.id.size() > kMaxId) break;
    }
    test.id += " > ";
    test.id += string_of(assertion, "title");
    test.duration = from_seconds(number_of(assertion, "duration") / 1000);
    test.details = clean_text(joined_strings(array_of(assertion, "failureMessages")));
    test.message = test.details;
    if (!test.details.empty()) test.frames = frames_from_text(cap_middle(test.details, kMaxDetails), workspace);
    return test;
}

void read_file_result(const Object& result, const std::filesystem::path& workspace, CaseList& cases) {
    const std::string file = report_path(string_of(result, "name"), workspace);
    bool failed = false;
    for (const Value& assertion : array_of(result, "assertionResults")) {
        if (!assertion.is_object()) continue;
        TestCase test = read_assertion(assertion.get_object(), file, workspace);
        failed |= test.outcome == TestOutcome::failed;
        cases.add(std::move(test));
    }
    // A file that could not be loaded, or broke outside its tests, has a message and no failed test.
    if (string_of(result, "status") == "failed" && !failed) {
        TestCase test{.id = file, .outcome = TestOutcome::error};
        test.details = clean_text(string_of(result, "message"));
        test.message = test.details;
        // The first line is "● Test suite failed to run"; what went wrong comes after it.
        const std::string_view text = trim(test.details);
        const std::size_t title_end = text.find('\n');
        if (text.starts_with("●") && title_end != std::string_view::npos)
            test.message = std::string(text.substr(title_end));
        test.frames = frames_from_text(cap_middle(test.details, kMaxDetails), workspace);
        cases.add(std::move(test));
    }
}

}  // namespace

Parsed parse_jest_json(std::string_view text, const std::filesystem::path& workspace) {
    Parsed parsed{.runner = "vitest"};
    const auto value = json::parse(to_valid_utf8(text));
    if (!value || !value->is_object() || !value->get_object().contains("testResults")) {
        parsed.problem = "the report is not what the json reporter writes";
        return parsed;
    }
    parsed.found = true;
    const Object& root = value->get_object();
    CaseList cases;
    for (const Value& result : array_of(root, "testResults")) {
        if (result.is_object()) read_file_result(result.get_object(), workspace, cases);
    }
    const Value* interrupted = root.if_contains("wasInterrupted");
    if (cases.overflowed())
        parsed.problem = "the report holds more than 100000 tests";
    else if (interrupted != nullptr && *interrupted == true)
        parsed.problem = "the test runner was interrupted";
    parsed.complete = parsed.problem.empty();
    parsed.tests = cases.take();
    return parsed;
}

}  // namespace ec::executor
