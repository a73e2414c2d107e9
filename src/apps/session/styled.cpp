#include "styled.hpp"

#include <algorithm>
#include <utility>

#include "cells.hpp"
#include "safe_text.hpp"

namespace ec::apps::session {
namespace {

std::string_view code_of(Tone tone) {
    switch (tone) {
        case Tone::bold:
            return "1";
        case Tone::dim:
            return "2";
        case Tone::red:
            return "31";
        case Tone::green:
            return "32";
        case Tone::yellow:
            return "33";
        case Tone::cyan:
            return "36";
        case Tone::loud:
            return "1;33";
        case Tone::plain:
            break;
    }
    return {};
}

void append(Line& line, std::string_view text, Tone tone) {
    if (text.empty()) return;
    if (!line.empty() && line.back().tone == tone)
        line.back().text += text;
    else
        line.push_back({std::string(text), tone});
}

// Fills rows with characters; knows the last space of the row, so that a word that does not fit can move on.
class Wrapper {
public:
    Wrapper(std::size_t width, const Wrapping& how) : width_(std::max<std::size_t>(width, 2)), how_(how) {
        if (cell_width(how_.indent) * 2 >= width_) how_.indent.clear();
    }

    void add(const Line& line) {
        for (const Span& span : line) {
            std::string_view text = span.text;
            while (!text.empty()) {
                const CodePoint next = first_code_point(text);
                add_character(text.substr(0, next.bytes), next.value, span.tone);
                text.remove_prefix(next.bytes);
            }
        }
        flush_word();
    }

    std::vector<Line> take() {
        rows_.push_back(std::move(row_));
        return std::move(rows_);
    }

private:
    void add_character(std::string_view bytes, char32_t value, Tone tone) {
        const auto cells = static_cast<std::size_t>(cell_width(value));
        if (!how_.by_words || value == ' ') {
            flush_word();
            // A space at the end of a full row is the line break itself.
            if (value == ' ' && how_.by_words && used_ + 1 > width_) return;
            put(bytes, cells, tone);
            return;
        }
        // A word longer than a row is torn: its head is put out as far as it goes.
        if (word_cells_ + cells > room() && used_ > indent_cells_) new_row();
        if (word_cells_ + cells > room() && word_cells_ > 0) {
            flush_word();
            new_row();
        }
        append(word_, bytes, tone);
        word_cells_ += cells;
    }

    [[nodiscard]] std::size_t room() const { return width_ - used_; }

    void flush_word() {
        for (const Span& span : word_) append(row_, span.text, span.tone);
        used_ += word_cells_;
        word_.clear();
        word_cells_ = 0;
    }

    void put(std::string_view bytes, std::size_t cells, Tone tone) {
        if (cells > 0 && used_ + cells > width_ && used_ > indent_cells_) new_row();
        append(row_, bytes, tone);
        used_ += cells;
    }

    void new_row() {
        rows_.push_back(std::exchange(row_, {}));
        append(row_, how_.indent, Tone::plain);
        used_ = indent_cells_ = cell_width(how_.indent);
    }

    std::size_t width_;
    Wrapping how_;
    std::vector<Line> rows_;
    Line row_;
    std::size_t used_ = 0;
    std::size_t indent_cells_ = 0;
    Line word_;
    std::size_t word_cells_ = 0;
};

Line made_safe(const Line& line) {
    Line out;
    for (const Span& span : line) out.push_back({safe_line(span.text), span.tone});
    return out;
}

}  // namespace

Line plain_line(std::string_view text) { return toned_line(Tone::plain, text); }

Line toned_line(Tone tone, std::string_view text) {
    if (text.empty()) return {};
    return {Span{safe_line(text), tone}};
}

std::size_t cell_width(const Line& line) {
    std::size_t cells = 0;
    for (const Span& span : line) cells += cell_width(span.text);
    return cells;
}

std::string text_of(const Line& line) {
    std::string out;
    for (const Span& span : line) out += span.text;
    return out;
}

std::vector<Line> wrap(const Line& line, std::size_t width, const Wrapping& how) {
    Wrapper wrapper(width, how);
    wrapper.add(made_safe(line));
    return wrapper.take();
}

Line shorten(const Line& line, std::size_t width) {
    const Line safe = made_safe(line);
    if (cell_width(safe) <= width) return safe;
    Line out;
    std::size_t left = width == 0 ? 0 : width - 1;
    for (const Span& span : safe) {
        const std::string_view kept = fitting_prefix(span.text, left);
        append(out, kept, span.tone);
        left -= cell_width(kept);
        if (kept.size() < span.text.size()) break;
    }
    if (width > 0) append(out, "…", out.empty() ? Tone::plain : out.back().tone);
    return out;
}

std::string paint(const Line& line, bool colours) {
    std::string out;
    for (const Span& span : line) {
        const std::string_view code = colours ? code_of(span.tone) : std::string_view();
        const std::string text = safe_line(span.text);
        if (code.empty())
            out += text;
        else
            out.append("\x1b[").append(code).append("m").append(text).append("\x1b[0m");
    }
    return out;
}

}  // namespace ec::apps::session
