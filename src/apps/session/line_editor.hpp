// The line that is being typed: keys in, a picture of it and an outcome out. Knows no terminal.
//
// Borrows the history, owns everything else. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edit_buffer.hpp"
#include "history.hpp"
#include "keys.hpp"
#include "styled.hpp"

namespace ec::apps::session {

/// What could stand in place of the text from byte `begin` to the cursor.
struct Completions {
    std::size_t begin = 0;
    std::vector<std::string> candidates;
};
using Completer = std::function<Completions(std::string_view before_cursor)>;

struct EditOutcome {
    enum class Kind { none, submit, interrupt, end_of_input, suspend, clear_screen, candidates };
    Kind kind = Kind::none;
    std::string text;                     ///< submit: what was typed
    std::vector<std::string> candidates;  ///< candidates: to be shown above the line
};

/// Rows of at most the asked width and where in them the cursor is.
struct EditPicture {
    std::vector<Line> rows;
    std::size_t row = 0;
    std::size_t column = 0;
};

class LineEditor {
public:
    LineEditor(History& history, Completer completer);

    EditOutcome press(const Key& key);
    [[nodiscard]] std::string text() const { return buffer_.text(); }
    [[nodiscard]] bool empty() const { return buffer_.empty(); }
    /// Puts `text` on the line, the cursor at its end, and returns what stood there.
    std::string exchange(std::string text);

    /// At most `most_rows` rows around the cursor.
    [[nodiscard]] EditPicture picture(std::string_view prompt, std::size_t width, std::size_t most_rows) const;

private:
    EditOutcome press_in_search(const Key& key);
    EditOutcome press_control(char letter);
    EditOutcome press_enter();
    EditOutcome complete();
    void browse(bool back);
    void search_again(std::size_t before);
    void leave_search(bool keep);
    void edited() { browsing_.reset(); }

    struct Search {
        std::string query;
        std::optional<std::size_t> found;  ///< index in the history
        std::string before;                ///< what stood on the line
    };

    History& history_;
    Completer completer_;
    EditBuffer buffer_;
    std::optional<std::size_t> browsing_;  ///< index of the entry that is shown
    std::string draft_;                    ///< what was typed before browsing
    std::optional<Search> search_;
};

/// The rows of `text` behind `prompt`; the rows of later lines begin under the text. Controls are shown as '?'.
EditPicture layout(std::string_view prompt, std::string_view text, std::size_t cursor, std::size_t width);

}  // namespace ec::apps::session
