#include "markdown.hpp"

#include <algorithm>
#include <utility>

#include "cells.hpp"
#include "safe_text.hpp"

namespace ec::apps::session {
namespace {

// A longer source line is put out in pieces: the rows of the one that grows are computed again for every piece.
constexpr std::size_t kLongestLine = 4096;

std::size_t leading_spaces(std::string_view line) {
    const std::size_t at = line.find_first_not_of(" \t");
    return at == std::string_view::npos ? line.size() : at;
}

// The run of ` or ~ that opens or closes a fence (CommonMark 4.5), or nothing.
std::string_view fence_of(std::string_view line) {
    const std::size_t indent = leading_spaces(line);
    if (indent == line.size()) return {};
    const char mark = line[indent];
    if (mark != '`' && mark != '~') return {};
    std::size_t end = indent;
    while (end < line.size() && line[end] == mark) ++end;
    return end - indent >= 3 ? line.substr(indent, end - indent) : std::string_view();
}

bool is_heading(std::string_view line) {
    const std::size_t hashes = std::min(line.find_first_not_of('#'), line.size());
    return hashes >= 1 && hashes <= 6 && hashes < line.size() && line[hashes] == ' ';
}

// Bytes of "- ", "12. ", "> " with what stands before it; 0 when the line is a plain paragraph.
std::size_t marker_of(std::string_view line) {
    const std::size_t indent = leading_spaces(line);
    std::string_view rest = line.substr(indent);
    if (rest.size() >= 2 && std::string_view("-*+>").find(rest[0]) != std::string_view::npos && rest[1] == ' ')
        return indent + 2;
    std::size_t digits = 0;
    while (digits < rest.size() && digits < 9 && rest[digits] >= '0' && rest[digits] <= '9') ++digits;
    if (digits > 0 && digits + 1 < rest.size() && (rest[digits] == '.' || rest[digits] == ')') &&
        rest[digits + 1] == ' ')
        return indent + digits + 2;
    return indent;
}

// `code` and **bold**, with their marks. An open one lasts to the end of the line: what comes next may close it.
Line inline_spans(std::string_view text, Tone base) {
    Line line;
    std::string run;
    Tone tone = base;
    const auto flush = [&] {
        if (!run.empty()) line.push_back({std::exchange(run, {}), tone});
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool code = tone == Tone::cyan;
        const bool stars = text[i] == '*' && i + 1 < text.size() && text[i + 1] == '*' && !code;
        if (text[i] == '`') {
            if (!code) flush();
            run += '`';
            if (code) flush();
            tone = code ? base : Tone::cyan;
        } else if (stars && tone != Tone::bold && i + 2 < text.size() && text[i + 2] != ' ' &&
                   (i == 0 || text[i - 1] == ' ')) {
            flush();
            tone = Tone::bold;
            run += "**", ++i;
        } else if (stars && tone == Tone::bold && text[i - 1] != ' ') {
            run += "**", ++i;
            flush();
            tone = base;
        } else {
            run += text[i];
        }
    }
    flush();
    return line;
}

}  // namespace

std::vector<Line> MarkdownStream::rows(std::size_t width) const {
    if (in_fence_) {
        return wrap({{safe_code_line(line_), Tone::green}}, wrap_code_ ? width : kUnwrapped,
                    {.indent = "  ", .by_words = false});
    }
    const std::string safe = safe_code_line(line_);
    if (!fence_of(safe).empty() && !continued_) return wrap({{safe, Tone::dim}}, width);
    if (is_heading(safe) && !continued_) return wrap({{safe, Tone::bold}}, width);
    const std::size_t marker = continued_ ? 0 : marker_of(safe);
    const bool quote = marker >= 2 && safe[marker - 2] == '>';
    return wrap(inline_spans(safe, quote ? Tone::dim : Tone::plain), width, {.indent = std::string(marker, ' ')});
}

// Everything but the last row is final, whatever comes. After a change of width the rows of this line are other ones:
// what was released stays, and the line goes on where the count of bytes is at least as far.
void MarkdownStream::release_rows(std::vector<Line>& out, std::size_t width) {
    std::vector<Line> all = rows(width);
    if (released_ > 0 && width != released_width_) released_ = all.size() - 1;
    released_width_ = width;
    while (released_ + 1 < all.size()) out.push_back(std::move(all[released_++]));
}

void MarkdownStream::end_line(std::vector<Line>& out, std::size_t width) {
    release_rows(out, width);
    out.push_back(rows(width).back());
    const std::string_view fence = continued_ ? std::string_view() : fence_of(line_);
    if (!in_fence_ && !fence.empty()) {
        in_fence_ = true;
        fence_ = fence;
    } else if (in_fence_ && fence.starts_with(fence_)) {
        in_fence_ = false;
    }
    line_.clear();
    released_ = 0;
    continued_ = false;
}

std::vector<Line> MarkdownStream::feed(std::string_view piece, std::size_t width) {
    std::vector<Line> out;
    while (!piece.empty()) {
        const std::size_t newline = piece.find('\n');
        const std::size_t take = std::min({newline, piece.size(), kLongestLine - std::min(kLongestLine, line_.size())});
        line_ += piece.substr(0, take);
        piece.remove_prefix(take);
        if (!piece.empty() && piece.front() == '\n') {
            piece.remove_prefix(1);
            end_line(out, width);
        } else if (line_.size() >= kLongestLine) {
            // Cut between characters; the rest of a torn one waits for its other bytes.
            const std::size_t last = previous_code_point(line_, line_.size());
            std::string rest =
                line_.size() - last > 1 || first_code_point(std::string_view(line_).substr(last)).value < 0x80
                    ? std::string()
                    : line_.substr(last);
            line_.resize(line_.size() - rest.size());
            const bool fence = in_fence_;
            continued_ = continued_ || fence;
            end_line(out, width);
            in_fence_ = fence;
            continued_ = true;
            line_ = std::move(rest);
        }
    }
    release_rows(out, width);
    return out;
}

Line MarkdownStream::pending(std::size_t width) const { return line_.empty() ? Line() : rows(width).back(); }

std::vector<Line> MarkdownStream::finish(std::size_t width) {
    std::vector<Line> out;
    if (!line_.empty()) end_line(out, width);
    in_fence_ = false;
    continued_ = false;
    return out;
}

}  // namespace ec::apps::session
