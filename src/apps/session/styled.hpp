// Lines of styled text, wrapped by columns and painted for a terminal.
//
// paint() is the one place where text becomes terminal bytes: every span goes through safe_line() there, so hostile
// text cannot reach a terminal by another way. Values; no threads, no errors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::session {

enum class Tone { plain, bold, dim, red, green, yellow, cyan, loud };

struct Span {
    std::string text;
    Tone tone = Tone::plain;
    bool operator==(const Span&) const = default;
};

using Line = std::vector<Span>;

Line plain_line(std::string_view text);
Line toned_line(Tone tone, std::string_view text);
std::size_t cell_width(const Line& line);
/// The text alone.
std::string text_of(const Line& line);

/// A width at which nothing is wrapped.
inline constexpr std::size_t kUnwrapped = 1U << 24;

/// How wrapped rows after the first begin, and whether words may be torn.
struct Wrapping {
    std::string indent;    ///< in front of each row but the first; ignored where it would fill half of the width
    bool by_words = true;  ///< at spaces where possible; false for code: at any column
};

/// Rows of at most `width` columns (at least 2). A row is as long as it may be, so that wrapping a longer text that
/// begins the same gives the same rows, but for the last. An empty line gives one empty row.
std::vector<Line> wrap(const Line& line, std::size_t width, const Wrapping& how = {});

/// At most `width` columns, with "…" where something was cut.
Line shorten(const Line& line, std::size_t width);

/// The bytes for a terminal, colours only when asked.
std::string paint(const Line& line, bool colours);

}  // namespace ec::apps::session
