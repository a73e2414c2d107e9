// What the report parsers produce, before it is held against the exit code. Every parser takes untrusted bytes and
// fails by leaving `complete` false with a sentence in `problem`; none throws on bad input.
#pragma once

#include <cstddef>
#include <ec/executor/report.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ec::executor {

inline constexpr std::size_t kMaxReportBytes = 16U << 20;
inline constexpr std::size_t kMaxTests = 100'000;
inline constexpr std::size_t kMaxMessage = 500;
inline constexpr std::size_t kMaxDetails = 16U << 10;
inline constexpr std::size_t kMaxId = 4000;

struct Parsed {
    std::string runner;
    bool found = false;     ///< the bytes are a report of this kind at all
    bool complete = false;  ///< the runner said that it came to its end
    bool heuristic = false;
    std::string problem;  ///< why it is not complete, one sentence
    std::vector<TestCase> tests;
};

/// Collects test cases: cleans and caps their text, and folds cases of one id into one, the worst outcome winning.
class CaseList {
public:
    /// False when the report holds more than kMaxTests tests; the case is dropped.
    bool add(TestCase test);
    [[nodiscard]] bool overflowed() const { return overflowed_; }
    std::vector<TestCase> take() { return std::move(tests_); }

private:
    std::vector<TestCase> tests_;
    std::unordered_map<std::string, std::size_t> index_;
    bool overflowed_ = false;
};

/// Valid UTF-8 without terminal escapes and control characters (but newline and tab).
std::string clean_text(std::string_view text);
/// At most `limit` bytes of `text`: its head and its tail, the middle left out.
std::string cap_middle(std::string_view text, std::size_t limit);
/// The first line that holds something, capped to kMaxMessage.
std::string first_line(std::string_view text);
/// Seconds of a report as a duration; 0 for what is negative, absurd or not a number.
std::chrono::microseconds from_seconds(double seconds);

/// The JSON lines of our own runner helpers (runner_support/ec_events.*).
Parsed parse_events(std::string_view text, const std::filesystem::path& workspace);
/// TAP 13 and 14. `found` only for text that announces itself, or has a plan and test lines.
Parsed parse_tap(std::string_view text, const std::filesystem::path& workspace);
Parsed parse_junit(std::string_view text, const std::filesystem::path& workspace);
/// vitest's json reporter, and `jest --json`, whose shape it has.
Parsed parse_jest_json(std::string_view text, const std::filesystem::path& workspace);
/// `go test -json`.
Parsed parse_go_json(std::string_view text, const std::filesystem::path& workspace);
/// What `cargo test` prints for people.
Parsed parse_cargo_text(std::string_view text, const std::filesystem::path& workspace);
/// What `prove` prints for people; a test is a test file.
Parsed parse_prove_text(std::string_view text, const std::filesystem::path& workspace);

}  // namespace ec::executor
