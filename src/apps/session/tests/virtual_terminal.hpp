// A small model of a terminal: what is on its screen after the bytes that were sent to it.
//
// It knows the sequences that LiveScreen emits and nothing else: any other one is counted in surprises().
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::session {

class VirtualTerminal {
public:
    VirtualTerminal(std::size_t columns, std::size_t lines);

    void feed(std::string_view bytes);
    /// Cuts or pads the rows, as xterm does (no reflow); the cursor stays inside.
    void resize(std::size_t columns, std::size_t lines);

    /// Everything from the first scrolled-out row to the last row that is not empty, trailing blanks cut.
    [[nodiscard]] std::vector<std::string> rows() const;
    [[nodiscard]] std::string all() const;
    [[nodiscard]] bool shows(std::string_view text) const { return all().find(text) != std::string::npos; }
    /// The row that the cursor is in, and the columns before it.
    [[nodiscard]] std::string cursor_row() const;
    [[nodiscard]] std::size_t cursor_column() const { return column_; }
    [[nodiscard]] bool cursor_visible() const { return visible_; }
    [[nodiscard]] bool bracketed_paste() const { return paste_; }
    /// Sequences and controls that no part of us should send, written out.
    [[nodiscard]] const std::vector<std::string>& surprises() const { return surprises_; }

private:
    using Row = std::vector<std::string>;  ///< one text a cell; "" is the right half of a wide one

    void put(std::string_view bytes, int cells);
    void line_feed();
    std::size_t sequence(std::string_view bytes);
    void control(std::string_view parameters, char final);
    [[nodiscard]] static std::string text_of(const Row& row);

    std::size_t columns_;
    std::size_t lines_;
    std::vector<std::string> scrolled_;
    std::vector<Row> screen_;
    std::size_t row_ = 0;
    std::size_t column_ = 0;
    bool wrap_next_ = false;
    bool visible_ = true;
    bool paste_ = false;
    std::string pending_;
    std::vector<std::string> surprises_;
};

}  // namespace ec::apps::session
