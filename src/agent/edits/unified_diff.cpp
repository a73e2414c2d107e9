// Unified diffs as git and diff -u write them and as models remember them: wrong line numbers, no counts, no a/ and b/,
// context lines without their space, with and without a fence.
#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>

#include "edits/file_text.hpp"
#include "edits/formats.hpp"

namespace ec::agent::edits {
namespace {

constexpr std::string_view kNull = "/dev/null";

struct HunkHeader {
    std::optional<std::size_t> old_line;  // from 1
    std::optional<std::size_t> old_count;
    std::optional<std::size_t> new_count;
    std::string anchor;  // text where the numbers should be
};

std::optional<std::size_t> take_number(std::string_view& text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

// "-12,5": the line and the count. A count that is left out means 1 to diff and nothing to a model.
std::optional<std::size_t> take_range(std::string_view& text, std::optional<std::size_t>& count) {
    text.remove_prefix(1);
    const auto line = take_number(text);
    if (!line) return {};
    if (text.starts_with(',')) text.remove_prefix(1), count = take_number(text);
    return line;
}

HunkHeader hunk_header(std::string_view line) {
    HunkHeader out;
    std::string_view rest = trim(line.substr(2));
    if (rest.starts_with('-')) {
        out.old_line = take_range(rest, out.old_count);
        rest = trim(rest);
        if (rest.starts_with('+')) (void)take_range(rest, out.new_count);
        return out;
    }
    if (rest.ends_with("@@")) rest = trim(rest.substr(0, rest.size() - 2));
    if (rest.find_first_not_of(".") != std::string_view::npos) out.anchor = rest;
    return out;
}

// The name in a "--- a/x" or "+++ b/x" line, without the time stamp that diff -u puts behind a tab.
std::string header_name(std::string_view line) {
    line = line.substr(4);
    line = trim(line.substr(0, line.find('\t')));
    if (line.size() > 1 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
    return std::string(line);
}

bool begins_file(const Reply& reply, std::size_t at, std::size_t end, std::size_t indent) {
    const std::string_view line = dedented(reply.line(at), indent);
    if (line.starts_with("diff --git ")) return true;
    return line.starts_with("--- ") && at + 1 < end && dedented(reply.line(at + 1), indent).starts_with("+++ ");
}

class DiffReader {
public:
    DiffReader(const Reply& reply, std::size_t begin, std::size_t end, const Fence* fence, const EditHints& hints,
               Reading& out)
        : reply_(reply),
          at_(begin),
          end_(end),
          fence_(fence),
          indent_(fence == nullptr ? 0 : fence->indent),
          hints_(hints),
          out_(out) {}

    /// A fence without file headers is a diff of this file.
    std::size_t run(std::string name) {
        edit_.path = std::move(name);
        edit_.format = EditFormat::unified_diff;
        edit_.line = static_cast<int>(at_ + 1);
        while (at_ < end_ && !over_ && out_.edits.size() <= kMaxEdits) step();
        keep_file();
        if (!out_.edits.empty() && out_.edits.size() > first_ && at_ >= reply_.size() && hints_.cut &&
            (fence_ == nullptr || !fence_->closed))
            out_.edits.back().cut = true;
        return at_;
    }

private:
    [[nodiscard]] std::string_view line() const { return dedented(reply_.line(at_), indent_); }

    void step() {
        const std::string_view text = line();
        if (begins_file(reply_, at_, end_, indent_)) {
            begin_file(text);
        } else if (text.starts_with("@@")) {
            begin_hunk(text);
        } else if (!in_hunk_) {
            extended_header(text);
        } else {
            body(text);
        }
    }

    void begin_file(std::string_view text) {
        const bool git = text.starts_with("diff --git ");
        // The ---/+++ lines of a file that "diff --git" has opened already belong to it.
        if (git || !after_git_) keep_file();
        after_git_ = git;
        if (git) {
            edit_.line = static_cast<int>(at_ + 1);
            const std::string_view names = trim(text.substr(11));
            const std::size_t middle = names.rfind(" b/");
            if (middle != std::string_view::npos)
                set_names(std::string(names.substr(0, middle)), std::string(names.substr(middle + 1)));
            ++at_;
            return;
        }
        edit_.line = static_cast<int>(at_ + 1);
        set_names(header_name(text), header_name(dedented(reply_.line(at_ + 1), indent_)));
        at_ += 2;
    }

    void set_names(std::string before, std::string after) {
        if ((before.starts_with("a/") || before == kNull) && (after.starts_with("b/") || after == kNull)) {
            if (before != kNull) before.erase(0, 2);
            if (after != kNull) after.erase(0, 2);
        }
        edit_.creates = edit_.creates || before == kNull;
        removes_ = removes_ || after == kNull;
        edit_.path = after == kNull ? before : after;
        edit_.other_path = before == kNull ? std::string() : before;
        seen_header_ = true;
    }

    void extended_header(std::string_view text) {
        ++at_;
        if (text.starts_with("rename to ") && seen_header_) {
            edit_.path = edit_.other_path;
            edit_.new_path = trim(text.substr(10));
        } else if (text.starts_with("rename from ") && seen_header_) {
            edit_.other_path = trim(text.substr(12));
        } else if (text.starts_with("new file mode")) {
            edit_.creates = true;
        } else if (text.starts_with("deleted file mode")) {
            removes_ = true;
        } else if ((fence_ != nullptr || !after_git_) && !text.empty() &&
                   std::string_view(" +-").contains(text.front()) && !blank(text)) {
            start_hunk({});
            --at_;
        } else if (fence_ == nullptr && !after_git_ && !blank(text)) {
            --at_;
            over_ = true;
        }
    }

    void begin_hunk(std::string_view text) {
        start_hunk(hunk_header(text));
        ++at_;
    }

    // A hunk whose first line is the next one; without a header when the model left that out.
    void start_hunk(const HunkHeader& header) {
        keep_hunk();
        hunk_.line = static_cast<int>(at_ + 1);
        if (header.old_line) {
            // With a count of 0 the number is the line that the new ones follow.
            const bool follows = header.old_count == std::optional<std::size_t>(0);
            hunk_.near = *header.old_line > 0 && !follows ? *header.old_line - 1 : *header.old_line;
        }
        if (!header.anchor.empty()) hunk_.anchors.push_back(header.anchor);
        old_left_ = header.old_count;
        new_left_ = header.new_count;
        in_hunk_ = true;
    }

    void body(std::string_view text) {
        const bool complete = old_left_ == std::optional<std::size_t>(0) && new_left_ == std::optional<std::size_t>(0);
        if (text.starts_with('\\')) {
            no_newline();
        } else if (fence_ == nullptr && (!continues(text) || (complete && begins_bullet(text)))) {
            over_ = true;
            return;
        } else if (complete && text == "-- ") {
            end_ = at_;  // the signature of a mail
            return;
        } else if (text.empty()) {
            put(' ', {});
            ++unmarked_at_end_;
        } else if (std::string_view(" +-").contains(text.front())) {
            put(text.front(), text.substr(1));
            unmarked_at_end_ = 0;
        } else {
            put(' ', text);
            unmarked_ = true;
            unmarked_at_end_ = 0;
        }
        ++at_;
    }

    // Outside a fence, whether this line is still the diff's: marked, or blank before another that is.
    [[nodiscard]] bool continues(std::string_view text) const {
        if (!text.empty()) return std::string_view(" +-").contains(text.front());
        for (std::size_t i = at_ + 1; i < std::min(end_, at_ + 4); ++i) {
            const std::string_view next = reply_.line(i);
            if (next.empty()) continue;
            return std::string_view(" +-@").contains(next.front()) && !begins_bullet(next);
        }
        return false;
    }
    static bool begins_bullet(std::string_view text) {
        return text.starts_with("- ") && text.size() > 2 && text[2] >= 'A' && text[2] <= 'Z';
    }

    void put(char mark, std::string_view text) {
        hunk_.lines.push_back({mark, std::string(text)});
        raw_.push_back({mark, std::string(mark == ' ' ? line() : text)});
        const auto count = [](std::optional<std::size_t>& left) {
            if (left && *left > 0) --*left;
        };
        if (mark != '+') count(old_left_);
        if (mark != '-') count(new_left_);
    }

    void no_newline() {
        if (hunk_.lines.empty()) return;
        const char mark = hunk_.lines.back().mark;
        if (mark != '-') hunk_.final_newline = false;
        // Only the old file had none, unless a later line says the same of the new one.
        if (mark == '-' && !hunk_.final_newline) hunk_.final_newline = true;
    }

    void keep_hunk() {
        for (; unmarked_at_end_ > 0 && !hunk_.lines.empty(); --unmarked_at_end_)
            hunk_.lines.pop_back(), raw_.pop_back();
        if (!hunk_.lines.empty()) {
            if (unmarked_) hunk_.others.push_back(std::move(raw_));
            edit_.hunks.push_back(std::move(hunk_));
        }
        hunk_ = {};
        raw_.clear();
        unmarked_ = in_hunk_ = false;
        unmarked_at_end_ = 0;
    }

    void keep_file() {
        keep_hunk();
        const bool says_something =
            !edit_.hunks.empty() || removes_ || !edit_.new_path.empty() || (edit_.creates && seen_header_);
        if (says_something) {
            if (removes_)
                edit_.kind = FileEdit::Kind::remove;
            else if (edit_.creates)
                as_new_file();
            out_.edits.push_back(std::move(edit_));
        }
        edit_ = {};
        edit_.format = EditFormat::unified_diff;
        edit_.line = static_cast<int>(at_ + 1);
        removes_ = seen_header_ = after_git_ = false;
    }

    void as_new_file() {
        edit_.kind = FileEdit::Kind::write;
        for (const Hunk& hunk : edit_.hunks) {
            for (const HunkLine& line : hunk.lines)
                if (line.mark != '-') edit_.content.push_back(line.text);
            if (hunk.final_newline) edit_.final_newline = hunk.final_newline;
        }
    }

    const Reply& reply_;
    std::size_t at_;
    std::size_t end_;
    const Fence* fence_;
    std::size_t indent_;
    const EditHints& hints_;
    Reading& out_;
    std::size_t first_ = out_.edits.size();
    FileEdit edit_;
    Hunk hunk_;
    std::vector<HunkLine> raw_;  // the hunk with context lines as they stand
    std::optional<std::size_t> old_left_;
    std::optional<std::size_t> new_left_;
    std::size_t unmarked_at_end_ = 0;
    bool unmarked_ = false;
    bool in_hunk_ = false;
    bool removes_ = false;
    bool seen_header_ = false;
    bool after_git_ = false;
    bool over_ = false;
};

bool is_diff(const Reply& reply, const Fence& fence) {
    const std::string_view language = fence.info.substr(0, fence.info.find_first_of(" \t:{"));
    const bool called_diff = language == "diff" || language == "patch" || language == "udiff";
    bool marks = false;
    for (std::size_t i = fence.begin + 1; i < fence.body_end(); ++i) {
        if (reply.taken(i)) return false;
        const std::string_view line = dedented(reply.line(i), fence.indent);
        if (blank(line) && i == fence.begin + 1) continue;
        if (begins_file(reply, i, fence.body_end(), fence.indent) ||
            (line.starts_with("@@ ") && line.substr(3).contains("@@")))
            return called_diff || i < fence.begin + 8;
        marks = marks || line.starts_with('+') || line.starts_with('-') || line.starts_with("@@");
    }
    return called_diff && marks;
}

}  // namespace

void read_unified_diffs(Reply& reply, const EditHints& hints, const PathIndex& index, Reading& out) {
    const std::vector<Fence> fences = fences_of(reply);
    std::vector<bool> fenced(reply.size(), false);
    for (const Fence& fence : fences) {
        std::fill(fenced.begin() + static_cast<std::ptrdiff_t>(fence.begin),
                  fenced.begin() + static_cast<std::ptrdiff_t>(fence.end), true);
        if (!is_diff(reply, fence)) continue;
        std::string name = name_in_info(fence.info);
        if (name.empty()) name = name_before(reply, fence.begin, index);
        DiffReader(reply, fence.begin + 1, fence.body_end(), &fence, hints, out).run(std::move(name));
        reply.take(fence.begin, fence.end);
    }
    for (std::size_t i = 0; i < reply.size() && out.edits.size() <= kMaxEdits; ++i) {
        if (reply.taken(i) || fenced[i] || !begins_file(reply, i, reply.size(), 0)) continue;
        std::size_t limit = i;
        while (limit < reply.size() && !reply.taken(limit) && !fenced[limit]) ++limit;
        const std::size_t end = std::max(DiffReader(reply, i, limit, nullptr, hints, out).run({}), i + 1);
        reply.take(i, end);
        i = end - 1;
    }
}

}  // namespace ec::agent::edits
