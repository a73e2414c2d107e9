// Reports that were meant for people: cargo's libtest and prove. What is read from them is marked heuristic.
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/executor/trace_text.hpp>
#include <map>

#include "parsers/parsed.hpp"

namespace ec::executor {
namespace {

/// The number right before `label` in "3 passed; 1 failed; 0 ignored"; 0 when there is none.
std::size_t count_before(std::string_view text, std::string_view label) {
    const std::size_t at = text.find(label);
    if (at == std::string_view::npos) return 0;
    std::size_t start = at;
    while (start > 0 && text[start - 1] >= '0' && text[start - 1] <= '9') --start;
    std::size_t value = 0;
    std::from_chars(text.data() + start, text.data() + at, value);
    return std::min(value, kMaxTests * 10);
}

/// Failure texts by test name: blocks that begin with "---- name stdout ----".
std::map<std::string, std::string, std::less<>> cargo_failures(std::string_view text) {
    std::map<std::string, std::string, std::less<>> blocks;
    std::string* current = nullptr;
    for (const std::string_view line : split_lines(text)) {
        if (line.starts_with("---- ") && (line.ends_with(" stdout ----") || line.ends_with(" stderr ----"))) {
            current = &blocks[std::string(line.substr(5, line.size() - 17))];
        } else if (line == "failures:" || line.starts_with("test result:")) {
            current = nullptr;
        } else if (current != nullptr && current->size() < 4 * kMaxDetails) {
            current->append(line) += '\n';
        }
    }
    return blocks;
}

/// "thread 'x' panicked at src/lib.rs:9:5:" is where, the line after it is what.
std::string cargo_message(std::string_view details) {
    const auto lines = split_lines(details);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].find(" panicked at ") == std::string_view::npos) continue;
        if (lines[i].ends_with(':') && i + 1 < lines.size()) return std::string(lines[i + 1]);
        return std::string(lines[i]);
    }
    return first_line(details);
}

}  // namespace

Parsed parse_cargo_text(std::string_view text, const std::filesystem::path& workspace) {
    Parsed parsed{.runner = "cargo-test", .heuristic = true};
    auto failures = cargo_failures(text);
    CaseList cases;
    std::size_t seen = 0;
    std::size_t announced = 0;
    std::size_t summed = 0;
    bool open = false;
    for (const std::string_view line : split_lines(text)) {
        if (line.starts_with("running ") && (line.ends_with(" tests") || line.ends_with(" test"))) {
            parsed.found = open = true;
            announced += count_before(line, " test");
        } else if (line.starts_with("test result: ")) {
            open = false;
            for (const char* label : {" passed", " failed", " ignored", " measured"})
                summed += count_before(line, label);
        } else if (line.starts_with("test ")) {
            const std::size_t dots = line.rfind(" ... ");
            if (dots == std::string_view::npos || dots < 5) continue;
            std::string_view name = line.substr(5, dots - 5);
            if (name.ends_with(" - should panic")) name.remove_suffix(15);
            const std::string_view word = line.substr(dots + 5);
            TestCase test{.id = std::string(name)};
            if (word == "ok" || word.starts_with("ok ") || word.starts_with("bench:"))
                test.outcome = TestOutcome::passed;
            else if (word.starts_with("ignored"))
                test.outcome = TestOutcome::skipped;
            else if (word.starts_with("FAILED"))
                test.outcome = TestOutcome::failed;
            else
                continue;
            if (const auto found = failures.find(name);
                found != failures.end() && test.outcome == TestOutcome::failed) {
                test.details = found->second;
                test.message = cargo_message(found->second);
                test.frames = frames_from_text(cap_middle(found->second, kMaxDetails), workspace);
            }
            ++seen;
            cases.add(std::move(test));
        }
    }
    if (!parsed.found)
        parsed.problem = "no test was started";
    else if (open)
        parsed.problem = "the test runner stopped before its end";
    else if (seen != announced || seen != summed)
        parsed.problem = "the number of tests is not the number that was announced";
    else if (cases.overflowed())
        parsed.problem = "the report holds more than 100000 tests";
    parsed.complete = parsed.found && parsed.problem.empty();
    parsed.tests = cases.take();
    return parsed;
}

Parsed parse_prove_text(std::string_view text, const std::filesystem::path&) {
    Parsed parsed{.runner = "prove", .heuristic = true};
    CaseList cases;
    std::string_view result;
    std::string_view open;  // the file whose line has ended in dots, its outcome to come on a line of its own
    const auto settle = [&](std::string_view file, std::string_view word) {
        TestCase test{.id = std::string(file), .outcome = TestOutcome::failed};
        if (word == "ok" || word.starts_with("ok "))
            test.outcome = TestOutcome::passed;
        else if (word.starts_with("skipped"))
            test.outcome = TestOutcome::skipped;
        else
            test.message = std::string(word);
        if (test.outcome == TestOutcome::skipped) test.message = std::string(word);
        cases.add(std::move(test));
    };
    for (const std::string_view raw : split_lines(text)) {
        const std::string_view line = trim(raw);
        if (line.starts_with("Result: ")) result = line.substr(8);
        const std::size_t dots = line.find(" ..");
        const bool names_file =
            dots != std::string_view::npos && dots > 0 && line.substr(0, dots).find(' ') == std::string_view::npos;
        if (names_file) {
            std::string_view word = line.substr(dots + 1);
            while (word.starts_with('.')) word.remove_prefix(1);
            word = trim(word);
            open = word.empty() ? line.substr(0, dots) : std::string_view();
            if (!word.empty()) settle(line.substr(0, dots), word);
        } else if (!open.empty() && (line == "ok" || line.starts_with("skipped:") || line.starts_with("Failed ") ||
                                     line.starts_with("Dubious") || line.starts_with("No subtests run"))) {
            settle(open, line);
            open = {};
        }
    }
    if (!open.empty()) settle(open, "did not finish");
    parsed.found = !result.empty();
    parsed.complete = result == "PASS" || result == "FAIL";
    if (!parsed.found)
        parsed.problem = "prove did not come to its end";
    else if (!parsed.complete)
        parsed.problem = "prove ran no tests";
    parsed.tests = cases.take();
    return parsed;
}

}  // namespace ec::executor
