// Turns the bytes of tokens into text for a person: whole UTF-8 characters, nothing of a stop text, thinking apart.
//
// Bytes are held back while they may turn out to be the front of a character, a stop text or a tag. Pure; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ec::model::embedded {

struct TextStreamOptions {
    std::vector<std::string> stops;
    std::string thinking_start;  ///< empty: there is no thinking
    std::string thinking_end;
    bool starts_thinking = false;
};

class TextStream {
public:
    explicit TextStream(TextStreamOptions options);

    struct Piece {
        std::string text;
        std::string thinking;
    };
    /// What can be shown now. After a stop text nothing more comes.
    Piece feed(std::string_view bytes);
    /// What was still held back, with U+FFFD for a character that never became whole.
    Piece finish();
    [[nodiscard]] bool stopped() const { return stopped_; }
    /// Past the thinking, or past the place where it could have begun.
    [[nodiscard]] bool in_answer() const { return where_ != Where::thinking; }

private:
    enum class Where { front, thinking, gap, text };
    void advance(bool last, Piece& out);
    bool advance_front(bool last);
    bool advance_thinking(bool last, Piece& out);
    bool advance_text(bool last, Piece& out);
    std::string take(std::size_t n);

    TextStreamOptions options_;
    Where where_;
    std::string held_;
    bool stopped_ = false;
};

}  // namespace ec::model::embedded
