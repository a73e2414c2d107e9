#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/executor/trace_text.hpp>
#include <ec/json/json.hpp>
#include <set>

#include "parsers/fields.hpp"
#include "parsers/parsed.hpp"

namespace ec::executor {
namespace {

using json::Object;
using json::Value;

constexpr std::string_view kBetweenNames = " > ";

/// A count or a duration, kept in bounds that sums of 100000 of them do not overflow; `fallback` for anything else.
std::int64_t integer_of(const Object& record, std::string_view key, std::int64_t fallback) {
    const Value* value = record.if_contains(key);
    if (value == nullptr || !value->is_int64()) return fallback;
    return std::clamp<std::int64_t>(value->get_int64(), -1, 1'000'000'000'000);
}

/// JavaScript helpers give a file and the names from the outermost suite inwards; only we know the workspace.
std::string id_of(const Object& record, const std::filesystem::path& workspace) {
    if (const auto id = string_of(record, "id"); !id.empty()) return std::string(id);
    std::string id = report_path(string_of(record, "file"), workspace);
    const Value* names = record.if_contains("names");
    if (names == nullptr || !names->is_array()) return id;
    for (const Value& part : names->get_array()) {
        if (!part.is_string()) continue;
        if (!id.empty()) id += kBetweenNames;
        id += std::string_view(part.get_string());
        if (id.size() > kMaxId) break;
    }
    return id;
}

std::vector<TraceFrame> frames_of(const Object& record, const std::filesystem::path& workspace) {
    std::vector<TraceFrame> frames;
    const Value* list = record.if_contains("frames");
    if (list == nullptr || !list->is_array()) return frames;
    for (const Value& element : list->get_array()) {
        if (frames.size() == 200) break;
        if (!element.is_array() || element.get_array().size() != 3) continue;
        const auto& parts = element.get_array();
        if (!parts[0].is_string() || !parts[1].is_int64() || !parts[2].is_string()) continue;
        const std::int64_t line = parts[1].get_int64();
        if (line <= 0 || line > 100'000'000) continue;
        frames.push_back({.file = report_path(clean_text(std::string_view(parts[0].get_string())), workspace),
                          .line = static_cast<int>(line),
                          .function = ellipsize(clean_text(std::string_view(parts[2].get_string())), 200)});
    }
    return frames;
}

class EventReader {
public:
    EventReader(Parsed& parsed, const std::filesystem::path& workspace) : parsed_(parsed), workspace_(workspace) {}

    void read(std::string_view line) {
        const auto value = json::parse(to_valid_utf8(line));
        if (!value || !value->is_object()) {
            ++broken_;
            return;
        }
        const Object& record = value->get_object();
        const std::string_view kind = string_of(record, "e");
        if (kind == "begin") {
            parsed_.found = true;
            parsed_.runner = ellipsize(clean_text(string_of(record, "runner")), 40);
            ++begun_;
        } else if (kind == "start") {
            const Value* names = record.if_contains("names");
            const bool whole_file = names != nullptr && names->is_array() && names->get_array().empty();
            auto& begun = whole_file ? files_ : running_;
            if (begun.size() < kMaxTests) begun.insert(id_of(record, workspace_));
        } else if (kind == "test") {
            add(record);
        } else if (kind == "problem" && problem_.empty()) {
            problem_ = first_line(clean_text(string_of(record, "text")));
        } else if (kind == "end") {
            ++ended_;
            expected_ += integer_of(record, "tests", -1);
        }
    }

    void finish() {
        parsed_.complete = begun_ > 0 && ended_ == begun_ && broken_ == 0 && problem_.empty() && expected_ == records_;
        if (begun_ == 0)
            parsed_.problem = "the report does not begin as one";
        else if (!problem_.empty())
            parsed_.problem = problem_;
        else if (ended_ < begun_)
            parsed_.problem = "the test runner stopped before its end";
        else if (broken_ > 0)
            parsed_.problem = "the report holds lines that cannot be read";
        else if (!parsed_.complete)
            parsed_.problem = "the report does not hold the number of tests that it announces";
        if (ended_ < begun_) add_unfinished();
        if (cases_.overflowed()) {
            parsed_.complete = false;
            parsed_.problem = "the report holds more than 100000 tests";
        }
        parsed_.tests = cases_.take();
    }

private:
    void add(const Object& record) {
        ++records_;
        const std::string_view outcome = string_of(record, "outcome");
        TestCase test{.id = id_of(record, workspace_)};
        if (outcome == "passed")
            test.outcome = TestOutcome::passed;
        else if (outcome == "failed")
            test.outcome = TestOutcome::failed;
        else if (outcome == "skipped")
            test.outcome = TestOutcome::skipped;
        test.duration = std::chrono::microseconds(std::max<std::int64_t>(0, integer_of(record, "us", 0)));
        test.message = std::string(string_of(record, "message"));
        test.details = std::string(string_of(record, "details"));
        test.frames = frames_of(record, workspace_);
        if (test.frames.empty() && !test.details.empty()) test.frames = frames_from_text(test.details, workspace_);
        running_.erase(test.id);
        files_.erase(test.id);
        files_.erase(test.id.substr(0, test.id.find(kBetweenNames)));
        cases_.add(std::move(test));
    }

    /// A file or a suite that was open only because a test in it was running says nothing of its own.
    void add_unfinished() {
        running_.merge(files_);
        for (auto entry = running_.begin(); entry != running_.end(); ++entry) {
            const auto next = std::next(entry);
            if (next != running_.end() && next->starts_with(*entry + std::string(kBetweenNames))) continue;
            cases_.add({.id = *entry, .outcome = TestOutcome::error, .message = "did not finish"});
        }
    }

    Parsed& parsed_;
    const std::filesystem::path& workspace_;
    CaseList cases_;
    std::set<std::string> running_;
    std::set<std::string> files_;  ///< test files that have begun and of which no test has ended
    std::string problem_;
    std::size_t begun_ = 0;
    std::size_t ended_ = 0;
    std::size_t broken_ = 0;
    std::int64_t records_ = 0;
    std::int64_t expected_ = 0;
};

}  // namespace

Parsed parse_events(std::string_view text, const std::filesystem::path& workspace) {
    Parsed parsed;
    EventReader reader(parsed, workspace);
    for (const std::string_view line : split_lines(text)) {
        if (!trim(line).empty()) reader.read(line);
    }
    reader.finish();
    return parsed;
}

}  // namespace ec::executor
