#include "diff_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>

#include "safe_text.hpp"

namespace ec::apps::session {
namespace {

constexpr long kHighestLine = 1'000'000'000;

// "@@ -12,7 +12,9 @@ …": where the hunk begins and how many lines of each file it holds.
struct Hunk {
    long old_line = 0;
    long old_count = 1;
    long new_line = 0;
    long new_count = 1;
};

bool read_number(std::string_view& text, long& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value > kHighestLine) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool read_range(std::string_view& text, char sign, long& line, long& count) {
    if (!text.starts_with(sign)) return false;
    text.remove_prefix(1);
    if (!read_number(text, line)) return false;
    if (!text.starts_with(',')) return true;
    text.remove_prefix(1);
    return read_number(text, count);
}

bool read_hunk(std::string_view line, Hunk& hunk) {
    if (!line.starts_with("@@ ")) return false;
    line.remove_prefix(3);
    hunk = {};
    if (!read_range(line, '-', hunk.old_line, hunk.old_count) || !line.starts_with(' ')) return false;
    line.remove_prefix(1);
    return read_range(line, '+', hunk.new_line, hunk.new_count);
}

class DiffPainter {
public:
    explicit DiffPainter(std::size_t width) : width_(width) {}

    std::vector<Line> rows_of(std::string_view line) {
        if (hunk_.old_count <= 0 && hunk_.new_count <= 0) inside_ = false;
        if (inside_ && line.empty()) line = " ";  // an empty context line that lost its blank
        if (inside_ && line.front() != '\\') return body(line);
        Hunk hunk;
        if (read_hunk(line, hunk)) {
            hunk_ = hunk;
            inside_ = true;
            digits_ =
                fmt::format("{}", std::max(hunk.old_line + hunk.old_count, hunk.new_line + hunk.new_count)).size();
            return text(line, Tone::cyan);
        }
        const bool name = line.starts_with("+++ ") || line.starts_with("--- ");
        return text(line, name ? Tone::bold : Tone::dim);
    }

private:
    std::vector<Line> text(std::string_view line, Tone tone) const {
        return wrap({{safe_code_line(line), tone}}, width_, {.indent = "  ", .by_words = false});
    }

    // The sign stays beside the code so that a diff can be read without colours.
    std::vector<Line> body(std::string_view line) {
        const char sign = line.front();
        const bool removed = sign == '-';
        const bool added = sign == '+';
        const long number = removed ? hunk_.old_line : hunk_.new_line;
        if (!added) ++hunk_.old_line, --hunk_.old_count;
        if (!removed) ++hunk_.new_line, --hunk_.new_count;
        const Tone tone = added ? Tone::green : removed ? Tone::red : Tone::plain;
        const std::string gutter = fmt::format("{:>{}} {} ", number, digits_, added || removed ? sign : ' ');
        const Line whole{{gutter, Tone::dim}, {safe_code_line(line.substr(1)), tone}};
        return wrap(whole, width_, {.indent = std::string(gutter.size(), ' '), .by_words = false});
    }

    std::size_t width_;
    Hunk hunk_{0, 0, 0, 0};
    bool inside_ = false;
    std::size_t digits_ = 1;
};

}  // namespace

std::vector<Line> diff_rows(std::string_view patch, std::size_t width, std::size_t most_rows) {
    std::vector<Line> out;
    DiffPainter painter(width);
    const std::vector<std::string_view> lines = split_lines(patch);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (out.size() >= most_rows) {
            out.push_back(toned_line(Tone::loud, fmt::format("… {} more lines, not shown", lines.size() - i)));
            return out;
        }
        for (Line& row : painter.rows_of(lines[i])) {
            if (out.size() >= most_rows) break;
            out.push_back(std::move(row));
        }
    }
    return out;
}

}  // namespace ec::apps::session
