// The text that is being typed: a cursor, a kill ring of one, undo. Pure values; positions are bytes and always lie
// between characters with their combining marks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::session {

class EditBuffer {
public:
    /// More than this is not taken in.
    static constexpr std::size_t kLongest = 1U << 20;

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] std::size_t cursor() const { return cursor_; }
    [[nodiscard]] std::string_view before_cursor() const { return std::string_view(text_).substr(0, cursor_); }
    [[nodiscard]] bool empty() const { return text_.empty(); }

    void set(std::string text);
    /// Puts `text` at the cursor; false when the buffer would grow too long.
    bool insert(std::string_view text);
    void replace(std::size_t begin, std::size_t end, std::string_view with);

    void left();
    void right();
    void word_left();
    void word_right();
    /// Beginning and end of the line that the cursor is in.
    void line_start();
    void line_end();
    /// One line up or down at the same column; false when there is none.
    bool line_up();
    bool line_down();

    void erase_left();
    void erase_right();
    void kill_word_left();  ///< to the blank before the word, as Ctrl-W
    void kill_to_line_end();
    void kill_to_line_start();
    void yank();
    void transpose();
    void undo();

private:
    void kill(std::size_t begin, std::size_t end);
    void remember();

    [[nodiscard]] std::size_t next(std::size_t at) const;
    [[nodiscard]] std::size_t previous(std::size_t at) const;
    [[nodiscard]] std::size_t start_of_line(std::size_t at) const;
    [[nodiscard]] std::size_t end_of_line(std::size_t at) const;

    struct State {
        std::string text;
        std::size_t cursor = 0;
    };
    std::string text_;
    std::size_t cursor_ = 0;
    std::string killed_;
    std::vector<State> undo_;
};

}  // namespace ec::apps::session
