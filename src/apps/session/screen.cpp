#include "screen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <utility>

#include "safe_text.hpp"

namespace ec::apps::session {
namespace {

// As programs expect it of a terminal.
constexpr std::size_t kTab = 8;
constexpr std::string_view kHideCursor = "\x1b[?25l";
constexpr std::string_view kShowCursor = "\x1b[?25h";
constexpr std::string_view kEraseBelow = "\x1b[J";

std::string up(std::size_t rows) { return rows == 0 ? std::string() : fmt::format("\x1b[{}A", rows); }

}  // namespace

// A terminal that got narrower has broken the rows anew, so more of them may lie above the cursor than were drawn.
// One that does not reflow shows less: then some old output is drawn over, which is better than a torn copy.
void LiveScreen::resize(std::size_t columns, std::size_t lines) {
    columns = std::max<std::size_t>(columns, 4);
    lines_ = std::max<std::size_t>(lines, 2);
    if (columns < columns_ && !live_.rows.empty()) {
        std::size_t above = 0;
        for (std::size_t i = 0; i < live_.row; ++i) {
            const std::size_t cells = cell_width(live_.rows[i]);
            above += cells == 0 ? 1 : (cells + columns - 1) / columns;
        }
        rows_above_ = above + live_.column / columns;
    }
    columns_ = columns;
}

// Erased from the left edge: tmux then forgets the cells, and does not wrap blanks when it gets narrower.
std::string LiveScreen::to_top() const {
    return std::string(kHideCursor) + up(rows_above_) + "\r" + std::string(kEraseBelow);
}

std::string LiveScreen::drawn() const {
    std::string out;
    for (std::size_t i = 0; i < live_.rows.size(); ++i) {
        if (i > 0) out += "\r\n";
        out += paint(shorten(live_.rows[i], width()), colours_);
    }
    if (!live_.rows.empty()) out += up(live_.rows.size() - 1 - live_.row);
    out += "\r";
    if (live_.column > 0) out += fmt::format("\x1b[{}C", live_.column);
    out += kShowCursor;
    return out;
}

void LiveScreen::print(const std::vector<Line>& rows) {
    for (const Line& row : rows) {
        printed_ += paint(shorten(row, width()), colours_);
        printed_ += "\r\n";
    }
}

void LiveScreen::live(LiveRows rows) {
    // Never more than the terminal has: rows that scrolled away cannot be drawn again.
    const std::size_t most = lines_ - 1;
    if (rows.rows.size() > most) {
        const std::size_t first = std::min(rows.row, rows.rows.size() - most);
        rows.rows.erase(rows.rows.begin(), rows.rows.begin() + static_cast<std::ptrdiff_t>(first));
        rows.rows.resize(most);
        rows.row -= first;
    }
    rows.column = std::min(rows.column, columns_ - 1);
    if (printed_.empty() && rows == live_ && rows_above_ == live_.row) return;
    const std::string top = to_top() + std::exchange(printed_, {});
    live_ = std::move(rows);
    rows_above_ = live_.row;
    write_(top + drawn());
}

void LiveScreen::leave() {
    if (live_.rows.empty() && printed_.empty()) return;
    const std::string top = to_top() + std::exchange(printed_, {});
    live_ = {};
    rows_above_ = 0;
    write_(top + std::string(kShowCursor));
}

void LiveScreen::forget() {
    live_ = {};
    rows_above_ = 0;
}

void LiveScreen::clear() {
    write_("\x1b[H\x1b[2J" + drawn());
    rows_above_ = live_.row;
}

void PlainScreen::print(const std::vector<Line>& rows) {
    std::string out;
    for (const Line& row : rows) out += paint(row, colours_) + '\n';
    if (!out.empty()) write_(out);
}

void print_line(Display& display, const Line& line, const Wrapping& how) {
    display.print(wrap(line, display.width(), how));
}

void print_text(Display& display, std::string_view text, Tone tone, const Wrapping& how) {
    for (const std::string_view line : split_lines(text))
        print_line(display, {{safe_code_line(line, kTab), tone}}, how);
}

}  // namespace ec::apps::session
