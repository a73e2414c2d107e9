// A file as lines, each with its own ending, so that what an edit does not touch stays as it was byte for byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ec::agent::edits {

struct TextLine {
    std::string text;      ///< without its ending
    std::string_view eol;  ///< "\n", "\r\n", or empty for a last line without newline
};

struct FileText {
    bool bom = false;
    std::vector<TextLine> lines;

    static FileText parse(std::string_view bytes);
    [[nodiscard]] std::string bytes() const;
    /// The ending that most lines have; "\n" for a file without any.
    [[nodiscard]] std::string_view usual_eol() const;
    /// True for an empty file, and when the last line has an ending.
    [[nodiscard]] bool ends_with_newline() const;
    /// Gives every line an ending and the last one none or one.
    void set_final_newline(bool present);
};

/// The lines of a piece of a reply: without endings of either kind. A last line counts with or without its newline.
std::vector<std::string> plain_lines(std::string_view text);

/// `text` with the byte order mark, line endings and final newline of `before`; as it is when `before` is empty.
std::string in_the_manner_of(std::string_view before, const std::vector<std::string>& lines);

bool blank(std::string_view line);
std::string_view indent_of(std::string_view line);
std::string_view without_trailing_space(std::string_view line);

}  // namespace ec::agent::edits
