// TAP 13 and 14 (https://testanything.org/tap-version-14-specification.html).
#include <algorithm>
#include <cctype>
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/executor/trace_text.hpp>

#include "parsers/parsed.hpp"

namespace ec::executor {
namespace {

constexpr std::size_t kMaxDepth = 16;

struct TestLine {
    bool ok = false;
    std::string description;
    std::string directive;  ///< "skip" or "todo", lower case
    std::string reason;
    bool opens_block = false;  ///< ends in "{": its subtests follow in braces
};

/// One level of subtests.
struct Level {
    long long planned = -1;  ///< -1: no plan yet
    long long seen = 0;
    bool skip_all = false;
};

bool starts_with_word(std::string_view text, std::string_view word) {
    if (text.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (std::tolower(static_cast<unsigned char>(text[i])) != word[i]) return false;
    }
    return true;
}

/// Finds an unescaped " # SKIP reason" and takes it off the description.
void take_directive(std::string_view text, TestLine& line) {
    for (std::size_t at = text.find('#'); at != std::string_view::npos; at = text.find('#', at + 1)) {
        if (at > 0 && text[at - 1] == '\\') continue;
        const std::string_view rest = trim(text.substr(at + 1));
        for (const std::string_view word : {"skip", "todo"}) {
            if (!starts_with_word(rest, word)) continue;
            line.directive = word;
            // "SKIP", "SKIPPED" and "Skip:" all occur.
            std::size_t end = rest.find_first_of(" \t:");
            line.reason = end == std::string_view::npos ? std::string() : std::string(trim(rest.substr(end + 1)));
            line.description = std::string(trim(text.substr(0, at)));
            return;
        }
    }
    line.description = std::string(trim(text));
}

bool read_test_line(std::string_view text, TestLine& line) {
    line.ok = text.starts_with("ok");
    if (!line.ok && !text.starts_with("not ok")) return false;
    text.remove_prefix(line.ok ? 2 : 6);
    if (!text.empty() && text[0] != ' ' && text[0] != '\t') return false;
    text = trim(text);
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    if (digits == text.size() || text[digits] == ' ' || text[digits] == '\t') text.remove_prefix(digits);
    text = trim(text);
    if (text.starts_with("- ")) text.remove_prefix(2);
    line.opens_block = text.ends_with(" {");
    if (line.opens_block) text.remove_suffix(2);
    take_directive(text, line);
    return true;
}

/// "1..5", "1..0 # skip reason"
bool read_plan(std::string_view text, Level& level) {
    if (!text.starts_with("1..")) return false;
    text.remove_prefix(3);
    long long count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view rest = trim(text.substr(static_cast<std::size_t>(end - text.data())));
    if (error != std::errc{} || count < 0 || (!rest.empty() && rest[0] != '#')) return false;
    level.planned = count;
    level.skip_all = count == 0;
    return true;
}

class TapReader {
public:
    TapReader(Parsed& parsed, const std::filesystem::path& workspace) : parsed_(parsed), workspace_(workspace) {}

    void read(std::string_view raw) {
        if (raw.ends_with('\r')) raw.remove_suffix(1);
        const std::size_t indent = std::min(raw.find_first_not_of(' '), raw.size());
        const std::string_view line = trim(raw);
        if (in_yaml_) {
            if (line == "..." && indent == yaml_indent_)
                end_yaml();
            else if (yaml_.size() < kMaxReportBytes)
                yaml_.append(raw.substr(std::min(indent, yaml_indent_))) += '\n';
            return;
        }
        if (line == "---" && indent >= 2 && pending_) {
            in_yaml_ = true;
            yaml_indent_ = indent;
            yaml_.clear();
            return;
        }
        const std::size_t depth = indent / 4;
        if (depth >= kMaxDepth) return;
        read_at(line, depth);
    }

    void finish() {
        if (in_yaml_) end_yaml();
        flush();
        close_to(1);
        parsed_.found = announced_ || (levels_[0].planned >= 0 && tests_ > 0);
        if (!bail_out_.empty())
            problem("the tests bailed out: " + bail_out_);
        else if (levels_[0].planned < 0)
            problem("the TAP plan is missing");
        else if (levels_[0].seen != levels_[0].planned) {
            problem("the TAP plan announces " + std::to_string(levels_[0].planned) + " tests and " +
                    std::to_string(levels_[0].seen) + " were reported");
        }
        hand_over();
        if (cases_.overflowed()) problem("the report holds more than 100000 tests");
        parsed_.complete = parsed_.found && parsed_.problem.empty();
        parsed_.tests = cases_.take();
    }

private:
    void read_at(std::string_view line, std::size_t depth) {
        TestLine test;
        Level plan;
        if (line.starts_with("TAP version ")) {
            if (depth == 0) announced_ = true;
        } else if (read_test_line(line, test)) {
            if (depth >= levels_.size()) open(depth);
            flush();
            if (test.opens_block && blocks_.size() < kMaxDepth)
                blocks_.emplace_back(depth, std::move(test));
            else
                end_test(test, depth);
        } else if (line == "}" && !blocks_.empty() && blocks_.back().first == depth && depth < levels_.size()) {
            flush();
            const TestLine parent = std::move(blocks_.back().second);
            blocks_.pop_back();
            end_test(parent, depth);
        } else if (read_plan(line, plan)) {
            if (depth >= levels_.size()) open(depth);
            if (levels_[depth].planned >= 0) problem("the TAP stream holds two plans");
            levels_[depth].planned = plan.planned;
        } else if (line.starts_with('#')) {
            if (line.starts_with("# Subtest")) has_subtests_ = true;
            if (depth == 0) comment(line);
        } else if (starts_with_word(line, "bail out!") && depth == 0) {
            bail_out_ = first_line(clean_text(line.substr(9)));
            if (bail_out_.empty()) bail_out_ = "no reason given";
        }
    }

    /// tape puts the name of a group of assertions in a comment before them. Comments right after a failure explain it,
    /// and those after the plan sum up.
    void comment(std::string_view line) {
        const bool explains = pending_ && current_.outcome == TestOutcome::failed && current_.details.empty();
        if (explains || levels_[0].planned >= 0 || has_subtests_ || !line.starts_with("# ")) return;
        heading_ = ellipsize(trim(line.substr(1)), 500);
    }

    void open(std::size_t depth) {
        flush();
        while (levels_.size() <= depth) {
            levels_.push_back({});
            first_child_.push_back(waiting_.size());
        }
    }

    /// Ends the subtests below `depth` levels; a subtest whose plan does not hold makes the whole stream incomplete.
    void close_to(std::size_t depth) {
        while (levels_.size() > depth) {
            const Level& level = levels_.back();
            if (level.planned >= 0 && level.seen != level.planned) problem("the plan of a TAP subtest does not hold");
            levels_.pop_back();
            closed_from_ = first_child_.back();
            first_child_.pop_back();
        }
    }

    void end_test(const TestLine& test, std::size_t depth) {
        const bool has_children = levels_.size() > depth + 1;
        close_to(depth + 1);
        ++levels_[depth].seen;
        ++tests_;
        pending_ = true;
        keep(test, depth, has_children);
    }

    /// A subtest's own line comes after its children: their names get its name in front now.
    void keep(const TestLine& line, std::size_t depth, bool has_children) {
        TestCase test{.id =
                          line.description.empty() ? "test " + std::to_string(levels_[depth].seen) : line.description};
        if (depth == 0 && !has_children && !has_subtests_ && !heading_.empty()) test.id = heading_ + " > " + test.id;
        if (has_children) {
            for (std::size_t i = closed_from_; i < waiting_.size(); ++i) {
                if (waiting_[i].id.size() < kMaxId) waiting_[i].id = test.id + " > " + waiting_[i].id;
            }
        }
        if (!line.directive.empty()) {
            test.outcome = TestOutcome::skipped;
            test.message = line.directive + (line.reason.empty() ? "" : ": " + line.reason);
        } else {
            test.outcome = line.ok ? TestOutcome::passed : TestOutcome::failed;
        }
        // The children speak for their parent, unless it failed and none of them did.
        is_parent_ = has_children && waiting_.size() > closed_from_ &&
                     (test.outcome != TestOutcome::failed ||
                      std::any_of(waiting_.begin() + static_cast<std::ptrdiff_t>(closed_from_), waiting_.end(),
                                  [](const TestCase& child) { return child.outcome == TestOutcome::failed; }));
        current_ = std::move(test);
        current_depth_ = depth;
    }

    void end_yaml() {
        in_yaml_ = false;
        read_duration();
        if (current_.outcome != TestOutcome::failed) return;
        current_.details = cap_middle(yaml_, kMaxDetails);
        current_.message = yaml_message();
        current_.frames = frames_from_text(stack_text(), workspace_);
    }

    /// The value of a YAML key at the outermost level; of a block value its first line.
    [[nodiscard]] std::string yaml_value(std::string_view key) const {
        const auto lines = split_lines(yaml_);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const std::string_view line = lines[i];
            if (line.starts_with("   ") || !trim(line).starts_with(key)) continue;
            std::string_view value = trim(trim(line).substr(key.size()));
            if ((value.starts_with('|') || value.starts_with('>')) && i + 1 < lines.size()) value = trim(lines[i + 1]);
            if (value.size() > 1 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0]) {
                value = value.substr(1, value.size() - 2);
            }
            return std::string(value);
        }
        return {};
    }

    [[nodiscard]] std::string yaml_message() const {
        for (const std::string_view key : {"message:", "error:"}) {
            if (auto value = yaml_value(key); !value.empty()) return value;
        }
        const std::string expected = yaml_value("expected:");
        const std::string actual = yaml_value("actual:");
        if (!expected.empty() && !actual.empty()) return "expected " + expected + ", got " + actual;
        return first_line(yaml_);
    }

    /// The diagnostics with the "at" that node leaves out of its stacks put back.
    [[nodiscard]] std::string stack_text() const {
        std::string out;
        bool in_stack = false;
        for (const std::string_view line : split_lines(std::string_view(yaml_).substr(0, kMaxDetails))) {
            const std::string_view words = trim(line);
            if (in_stack && line.starts_with("  ") && !words.starts_with("at ")) out += "at ";
            if (!line.starts_with("  ")) in_stack = words.starts_with("stack:");
            out.append(words) += '\n';
        }
        return out;
    }

    void read_duration() {
        constexpr std::string_view kKey = "duration_ms:";
        const std::size_t at = yaml_.find(kKey);
        if (at == std::string::npos || (at > 0 && yaml_[at - 1] != '\n')) return;
        const std::string_view value = trim(std::string_view(yaml_).substr(at + kKey.size()));
        double milliseconds = 0;
        if (std::from_chars(value.data(), value.data() + value.size(), milliseconds).ec == std::errc{}) {
            current_.duration = from_seconds(milliseconds / 1000);
        }
    }

    void flush() {
        if (!pending_) return;
        pending_ = false;
        if (!is_parent_ && waiting_.size() < kMaxTests) waiting_.push_back(std::move(current_));
        if (current_depth_ == 0) {
            hand_over();
        }
        current_ = {};
    }

    /// Many assertions of one test bear the same words; each is a test of its own all the same.
    void hand_over() {
        for (TestCase& test : waiting_) {
            const std::size_t times = ++ids_[test.id];
            if (times > 1) test.id += " (" + std::to_string(times) + ")";
            cases_.add(std::move(test));
        }
        waiting_.clear();
    }

    void problem(std::string text) {
        if (parsed_.problem.empty()) parsed_.problem = std::move(text);
    }

    Parsed& parsed_;
    const std::filesystem::path& workspace_;
    CaseList cases_;
    std::vector<Level> levels_{Level{}};
    std::vector<std::size_t> first_child_{0};
    std::size_t closed_from_ = 0;
    std::vector<std::pair<std::size_t, TestLine>>
        blocks_;                     ///< subtests in braces whose end has not come, with their depth
    std::vector<TestCase> waiting_;  ///< finished tests whose parents have not been named yet
    TestCase current_;
    std::size_t current_depth_ = 0;
    bool is_parent_ = false;
    bool pending_ = false;
    bool announced_ = false;
    bool has_subtests_ = false;
    bool in_yaml_ = false;
    std::size_t yaml_indent_ = 0;
    std::string yaml_;
    std::string bail_out_;
    std::string heading_;
    std::unordered_map<std::string, std::size_t> ids_;
    std::size_t tests_ = 0;
};

}  // namespace

Parsed parse_tap(std::string_view text, const std::filesystem::path& workspace) {
    Parsed parsed{.runner = "tap"};
    TapReader reader(parsed, workspace);
    for (const std::string_view line : split_lines(text)) reader.read(line);
    reader.finish();
    return parsed;
}

}  // namespace ec::executor
