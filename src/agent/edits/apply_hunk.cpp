#include "edits/apply_hunk.hpp"

#include <algorithm>
#include <span>

#include "edits/match.hpp"

namespace ec::agent::edits {
namespace {

std::vector<std::string> side(const std::vector<HunkLine>& lines, char other) {
    std::vector<std::string> out;
    for (const HunkLine& line : lines)
        if (line.mark == ' ' || line.mark == other) out.push_back(line.text);
    return out;
}

// Puts a hunk's lines over the place that was found for its old side. Lines of the file that the model did not quote
// stay; one with text between two lines that go means that the model did not see what it removes.
class Splice {
public:
    Splice(const FileText& file, const Match& match) : file_(file), match_(match), at_(match.begin) {}

    bool run(const std::vector<HunkLine>& lines) {
        std::size_t quoted = 0;
        for (const HunkLine& line : lines) {
            if (line.mark == '+') {
                add(match_.indent.apply(line.text));
                continue;
            }
            const std::ptrdiff_t place = match_.where[quoted++];
            if (place == Match::kNowhere) continue;
            if (!advance(static_cast<std::size_t>(place), line.mark == '-')) return false;
            if (line.mark == ' ') out_.push_back(file_.lines[at_]);
            removing_ = line.mark == '-';
            ++at_;
        }
        return advance(match_.end, false);
    }
    std::vector<TextLine> take() { return std::move(out_); }

private:
    bool advance(std::size_t to, bool removes) {
        for (; at_ < to; ++at_) {
            const bool inside = removing_ && removes;
            if (inside && !blank(file_.lines[at_].text)) return false;
            if (!inside) out_.push_back(file_.lines[at_]);
        }
        return true;
    }
    void add(std::string text) {
        const std::string_view here = at_ < file_.lines.size() ? file_.lines[at_].eol : std::string_view{};
        out_.push_back({std::move(text), here.empty() ? file_.usual_eol() : here});
    }

    const FileText& file_;
    const Match& match_;
    std::size_t at_;
    bool removing_ = false;
    std::vector<TextLine> out_;
};

void settle_final_newline(FileText& file, const Hunk& hunk, bool had_newline, bool touched_last) {
    const bool wanted = hunk.final_newline.value_or(had_newline || (touched_last && hunk.adds_final_newline));
    file.set_final_newline(wanted);
}

void splice(FileText& file, std::size_t begin, std::size_t end, std::vector<TextLine> lines, const Hunk& hunk,
            HunkCursor& cursor) {
    const bool had_newline = file.ends_with_newline();
    const bool at_last = end >= file.lines.size();
    const bool changes = std::ranges::any_of(hunk.lines, [](const HunkLine& line) { return line.mark != ' '; });
    const bool touched_last = at_last && changes && !hunk.lines.empty() && hunk.lines.back().mark != ' ';
    cursor.from = begin + lines.size();
    cursor.shift += static_cast<std::ptrdiff_t>(lines.size()) - static_cast<std::ptrdiff_t>(end - begin);
    const auto first = file.lines.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto place = file.lines.erase(first, file.lines.begin() + static_cast<std::ptrdiff_t>(end));
    file.lines.insert(place, std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end()));
    settle_final_newline(file, hunk, had_newline, touched_last);
}

// Moves `from` behind the lines that the hunk names as standing above it. A name that is nowhere is no obstacle: the
// hunk's own lines decide.
std::optional<std::size_t> after_anchors(const FileText& file, const Hunk& hunk, std::size_t from) {
    bool any = false;
    for (const std::string& anchor : hunk.anchors) {
        const std::string wanted = loose_form(anchor);
        const auto find_from = [&](std::size_t begin) {
            for (std::size_t i = begin; i < file.lines.size(); ++i)
                if (loose_form(file.lines[i].text) == wanted) return i;
            return file.lines.size();
        };
        std::size_t place = find_from(from);
        if (place == file.lines.size() && !any) place = find_from(0);
        if (place == file.lines.size()) continue;
        from = place + 1;
        any = true;
    }
    return any ? std::optional(from) : std::nullopt;
}

void insert_only(FileText& file, const Hunk& hunk, const std::vector<HunkLine>& lines, std::optional<std::size_t> near,
                 std::optional<std::size_t> anchored, HunkCursor& cursor) {
    std::size_t at = file.lines.size();
    if (!hunk.at_end && anchored) at = *anchored;
    if (!hunk.at_end && !anchored && near) at = std::min(*near, file.lines.size());
    std::vector<TextLine> added;
    for (const HunkLine& line : lines) added.push_back({line.text, file.usual_eol()});
    splice(file, at, at, std::move(added), hunk, cursor);
}

// A search of one line that stands once inside a longer line.
bool replace_in_line(FileText& file, const std::vector<std::string>& search,
                     const std::vector<std::string>& replacement, HunkCursor& cursor) {
    if (search.size() != 1 || replacement.size() != 1 || blank(search.front())) return false;
    TextLine* found = nullptr;
    for (TextLine& line : file.lines) {
        const std::size_t at = line.text.find(search.front());
        if (at == std::string::npos) continue;
        if (found != nullptr || line.text.find(search.front(), at + 1) != std::string::npos) return false;
        found = &line;
    }
    if (found == nullptr) return false;
    found->text.replace(found->text.find(search.front()), search.front().size(), replacement.front());
    cursor.from = static_cast<std::size_t>(found - file.lines.data()) + 1;
    return true;
}

}  // namespace

std::optional<HunkFailure> apply_hunk(FileText& file, const Hunk& hunk, HunkCursor& cursor) {
    const auto anchored = after_anchors(file, hunk, cursor.from);
    std::optional<std::size_t> near = hunk.near;
    if (near)
        near = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(*near) + cursor.shift));
    const std::vector<HunkLine>* lines = &hunk.lines;
    MatchQuery query{side(*lines, '-'), anchored ? anchored : near, anchored.value_or(cursor.from), hunk.at_end,
                     cursor.pairs};
    if (query.search.empty()) {
        insert_only(file, hunk, *lines, near, anchored, cursor);
        return {};
    }
    MatchResult match = find_match(file.lines, query);
    // Another way to read the hunk counts when all of it is there; the longest of those quotes the most.
    for (const auto& other : hunk.others) {
        MatchQuery reading = query;
        reading.search = side(other, '-');
        if (reading.search.empty() || (match && match->exact && reading.search.size() <= match->where.size())) continue;
        MatchResult found = find_match(file.lines, reading);
        if (!found || !found->exact) continue;
        match = std::move(found);
        lines = &other;
    }
    if (!match) {
        const auto replacement = side(*lines, '+');
        if (hunk.part_of_line && !match.error().ambiguous && replace_in_line(file, query.search, replacement, cursor))
            return {};
        std::size_t no_pairs = 0;
        MatchQuery done{replacement, {}, 0, false, &no_pairs};
        if (!replacement.empty() && !std::ranges::all_of(replacement, blank))
            if (const MatchResult there = find_match(file.lines, done); there && there->exact)
                return HunkFailure{EditProblem::Kind::no_change,
                                   "is already done: the file has its new lines; leave it out"};
        return HunkFailure{match.error().ambiguous ? EditProblem::Kind::ambiguous : EditProblem::Kind::no_match,
                           std::move(match.error().message)};
    }
    Splice pieces(file, *match);
    if (!pieces.run(*lines))
        return HunkFailure{EditProblem::Kind::no_match,
                           "leaves out lines of the file between those that it replaces; quote them all"};
    splice(file, match->begin, match->end, pieces.take(), hunk, cursor);
    return {};
}

}  // namespace ec::agent::edits
