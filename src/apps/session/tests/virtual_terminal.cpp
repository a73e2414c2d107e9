#include "virtual_terminal.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "session/cells.hpp"

namespace ec::apps::session {

VirtualTerminal::VirtualTerminal(std::size_t columns, std::size_t lines)
    : columns_(columns), lines_(lines), screen_(lines, Row(columns, " ")) {}

void VirtualTerminal::resize(std::size_t columns, std::size_t lines) {
    while (screen_.size() > lines) {
        if (row_ + 1 < screen_.size()) {
            screen_.pop_back();
        } else {
            scrolled_.push_back(text_of(screen_.front()));
            screen_.erase(screen_.begin());
            --row_;
        }
    }
    columns_ = columns;
    lines_ = lines;
    screen_.resize(lines);
    for (Row& row : screen_) row.resize(columns, " ");
    column_ = std::min(column_, columns - 1);
    wrap_next_ = false;
}

std::string VirtualTerminal::text_of(const Row& row) {
    std::string out;
    for (const std::string& cell : row) out += cell;
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
}

std::vector<std::string> VirtualTerminal::rows() const {
    std::vector<std::string> out = scrolled_;
    for (const Row& row : screen_) out.push_back(text_of(row));
    while (!out.empty() && out.back().empty()) out.pop_back();
    return out;
}

std::string VirtualTerminal::all() const {
    std::string out;
    for (const std::string& row : rows()) out += row + "\n";
    return out;
}

std::string VirtualTerminal::cursor_row() const { return text_of(screen_[row_]); }

void VirtualTerminal::line_feed() {
    wrap_next_ = false;
    if (row_ + 1 < lines_) {
        ++row_;
        return;
    }
    scrolled_.push_back(text_of(screen_.front()));
    screen_.erase(screen_.begin());
    screen_.emplace_back(columns_, " ");
}

void VirtualTerminal::put(std::string_view bytes, int cells) {
    if (cells == 0) {
        if (column_ > 0) screen_[row_][column_ - 1] += bytes;
        return;
    }
    if (wrap_next_ || column_ + static_cast<std::size_t>(cells) > columns_) {
        column_ = 0;
        line_feed();
    }
    screen_[row_][column_] = bytes;
    if (cells == 2) screen_[row_][column_ + 1].clear();
    column_ += static_cast<std::size_t>(cells);
    if (column_ >= columns_) {
        column_ = columns_ - 1;
        wrap_next_ = true;
    }
}

void VirtualTerminal::feed(std::string_view bytes) {
    std::string all = std::exchange(pending_, {}) + std::string(bytes);
    std::string_view rest = all;
    while (!rest.empty()) {
        const char c = rest.front();
        std::size_t taken = 1;
        if (c == 0x1b) {
            taken = sequence(rest);
            if (taken == 0) break;
        } else if (c == '\r') {
            column_ = 0;
            wrap_next_ = false;
        } else if (c == '\n') {
            line_feed();
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            surprises_.push_back("control " + std::to_string(static_cast<int>(c)));
        } else {
            const auto lead = static_cast<unsigned char>(c);
            const std::size_t expected = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
            if (rest.size() < expected) break;
            const CodePoint next = first_code_point(rest);
            taken = next.bytes;
            if (next.value >= 0x80 && next.value < 0xa0) surprises_.push_back("C1");
            if (next.value == 0xfffd && next.bytes == 1) surprises_.push_back("not UTF-8");
            put(rest.substr(0, taken), cell_width(next.value));
        }
        rest.remove_prefix(taken);
    }
    pending_ = rest;
}

std::size_t VirtualTerminal::sequence(std::string_view bytes) {
    if (bytes.size() < 2) return 0;
    if (bytes[1] != '[') {
        surprises_.push_back("ESC " + std::string(bytes.substr(1, 1)));
        return 2;
    }
    std::size_t end = 2;
    while (end < bytes.size() && (bytes[end] < 0x40 || bytes[end] > 0x7e)) ++end;
    if (end == bytes.size()) return 0;
    control(bytes.substr(2, end - 2), bytes[end]);
    return end + 1;
}

void VirtualTerminal::control(std::string_view parameters, char final) {
    const std::string text(parameters);
    const auto number = static_cast<std::size_t>(text.empty() ? 1 : std::max(1, std::atoi(text.c_str())));
    if (final == 'm') return;
    wrap_next_ = false;
    const auto blank = [](Row& row, std::size_t from) {
        std::fill(row.begin() + static_cast<long>(from), row.end(), " ");
    };
    if (final == 'A') {
        row_ -= std::min(row_, number);
    } else if (final == 'C') {
        column_ = std::min(column_ + number, columns_ - 1);
    } else if (final == 'J' && text.empty()) {
        blank(screen_[row_], column_);
        for (std::size_t row = row_ + 1; row < lines_; ++row) blank(screen_[row], 0);
    } else if (final == 'H' && text.empty()) {
        row_ = column_ = 0;
    } else if (final == 'J' && text == "2") {
        for (Row& row : screen_) blank(row, 0);
    } else if ((final == 'h' || final == 'l') && text == "?25") {
        visible_ = final == 'h';
    } else if ((final == 'h' || final == 'l') && text == "?2004") {
        paste_ = final == 'h';
    } else {
        surprises_.push_back("CSI " + text + final);
    }
}

}  // namespace ec::apps::session
