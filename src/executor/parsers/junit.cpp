// JUnit XML, in the shapes that pytest, ctest, GoogleTest, Catch2 and others write: <testcase> elements in any nesting
// of <testsuite>. Elements are counted; the totals in attributes are not trusted.
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/executor/trace_text.hpp>
#include <optional>
#include <pugixml.hpp>

#include "parsers/parsed.hpp"

namespace ec::executor {
namespace {

constexpr int kMaxDepth = 200;

std::string_view attribute(const pugi::xml_node& node, const char* name) { return node.attribute(name).as_string(); }

double number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} ? value : 0;
}

/// pytest's classname is the dotted path of the file and the class; its node id is file::Class::name.
std::string pytest_id(std::string_view file, std::string_view classname, std::string_view name) {
    std::string module(file.substr(0, file.rfind('.')));
    for (char& c : module) {
        if (c == '/') c = '.';
    }
    std::string id(file);
    if (classname.starts_with(module) && classname.size() > module.size() + 1) {
        id += "::" + replace_all(std::string(classname.substr(module.size() + 1)), ".", "::");
    }
    return id + "::" + std::string(name);
}

std::string case_id(const pugi::xml_node& node) {
    const std::string_view name = attribute(node, "name");
    const std::string_view classname = attribute(node, "classname");
    const std::string_view file = attribute(node, "file");
    if (file.ends_with(".py")) return pytest_id(file, classname, name);
    // ctest repeats the name as the class.
    if (classname.empty() || classname == name) return std::string(name);
    return std::string(classname) + "." + std::string(name);
}

/// "file.cpp:12" and nothing else.
std::optional<TraceFrame> place_line(std::string_view line) {
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || line.find(' ') != std::string_view::npos) return std::nullopt;
    int number = 0;
    const auto [end, error] = std::from_chars(line.data() + colon + 1, line.data() + line.size(), number);
    if (error != std::errc{} || end != line.data() + line.size() || number <= 0) return std::nullopt;
    return TraceFrame{.file = clean_text(line.substr(0, colon)), .line = number, .function = {}};
}

void read_failure(const pugi::xml_node& node, TestOutcome outcome, TestCase& test) {
    test.outcome = outcome;
    // Cut before they are compared: looking for megabytes in megabytes takes minutes.
    const std::string_view message = std::string_view(attribute(node, "message")).substr(0, kMaxDetails);
    const std::string_view text = std::string_view(node.text().as_string()).substr(0, 4 * kMaxDetails);
    test.message = std::string(message.empty() ? text : message);
    // GoogleTest's and Catch2's first line is the place, the next ones say what happened.
    if (auto frame = place_line(test.message.substr(0, test.message.find('\n')))) {
        test.frames.push_back(std::move(*frame));
        const std::size_t end = test.message.find('\n');
        if (end != std::string::npos) test.message.erase(0, end + 1);
    }
    // Most writers repeat the message at the head of the text.
    test.details = text.find(message) == std::string_view::npos ? std::string(message) + "\n" + std::string(text)
                                                                : std::string(text);
}

TestCase read_case(const pugi::xml_node& node, const std::filesystem::path& workspace) {
    TestCase test{.id = case_id(node), .outcome = TestOutcome::passed};
    test.duration = from_seconds(number(attribute(node, "time")));
    const std::string_view status = attribute(node, "status");
    if (const auto error = node.child("error"))
        read_failure(error, TestOutcome::error, test);
    else if (const auto failure = node.child("failure"))
        read_failure(failure, TestOutcome::failed, test);
    else if (const auto skipped = node.child("skipped")) {
        test.outcome = TestOutcome::skipped;
        test.message = std::string(attribute(skipped, "message"));
    } else if (status == "fail") {
        test.outcome = TestOutcome::failed;
    } else if (status == "notrun" || status == "disabled") {
        test.outcome = TestOutcome::skipped;
        test.message = std::string(status);
    }
    // ctest says "skipped" also of a program that it could not start.
    if (status == "notrun" && !test.message.starts_with("SKIP_")) test.outcome = TestOutcome::error;
    if (test.outcome == TestOutcome::failed || test.outcome == TestOutcome::error) {
        // ctest keeps what the program printed beside an empty failure.
        const std::string_view output = node.child("system-out").text().as_string();
        if (trim(test.details).empty()) test.details = std::string(output);
        if (trim(test.message).empty()) test.message = std::string(output);
        for (TraceFrame& frame : test.frames) frame.file = report_path(frame.file, workspace);
        if (test.frames.empty()) test.frames = frames_from_text(cap_middle(test.details, kMaxDetails), workspace);
    }
    return test;
}

/// XML 1.0 forbids most control characters, and failure texts are full of them.
std::string without_illegal_bytes(std::string_view text) {
    std::string out = to_valid_utf8(text);
    for (char& c : out) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') c = '?';
    }
    return out;
}

class Walker final : public pugi::xml_tree_walker {
public:
    Walker(CaseList& cases, const std::filesystem::path& workspace) : cases_(cases), workspace_(workspace) {}
    bool for_each(pugi::xml_node& node) override {
        if (depth() > kMaxDepth) return true;
        const std::string_view name = node.name();
        if (name == "testcase")
            cases_.add(read_case(node, workspace_));
        else if (name == "testsuite" || name == "testsuites")
            suite_ = true;
        return true;
    }
    [[nodiscard]] bool suite() const { return suite_; }

private:
    CaseList& cases_;
    const std::filesystem::path& workspace_;
    bool suite_ = false;
};

}  // namespace

Parsed parse_junit(std::string_view text, const std::filesystem::path& workspace) {
    Parsed parsed{.runner = "junit"};
    std::string clean = without_illegal_bytes(text);
    pugi::xml_document document;
    // Document types are passed over, so entities that they declare do not exist: nothing expands or is fetched.
    const auto result = document.load_buffer_inplace(
        clean.data(), clean.size(), pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
    CaseList cases;
    Walker walker(cases, workspace);
    document.traverse(walker);
    parsed.found = walker.suite();
    parsed.complete = parsed.found && result.status == pugi::status_ok && !cases.overflowed();
    if (!parsed.found)
        parsed.problem = "the report is not JUnit XML";
    else if (result.status != pugi::status_ok)
        parsed.problem = std::string("the JUnit report is cut or broken: ") + result.description();
    else if (cases.overflowed())
        parsed.problem = "the report holds more than 100000 tests";
    parsed.tests = cases.take();
    return parsed;
}

}  // namespace ec::executor
