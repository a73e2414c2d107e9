// A reply as numbered lines, and the fences in it. Readers take the lines that are theirs, so that no line is read
// twice.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent::edits {

class Reply {
public:
    /// Keeps a view of `text`.
    explicit Reply(std::string_view text);

    [[nodiscard]] std::size_t size() const { return lines_.size(); }
    /// Without its ending.
    [[nodiscard]] std::string_view line(std::size_t at) const { return lines_[at]; }
    [[nodiscard]] bool taken(std::size_t at) const { return taken_[at]; }
    void take(std::size_t begin, std::size_t end);
    [[nodiscard]] bool ends_with_newline() const { return ends_with_newline_; }

private:
    std::vector<std::string_view> lines_;
    std::vector<bool> taken_;
    bool ends_with_newline_ = true;
};

struct Fence {
    std::size_t begin = 0;   ///< line of the opening fence
    std::size_t end = 0;     ///< line after the closing one, or the end of the reply
    std::string_view info;   ///< what follows the signs
    std::size_t indent = 0;  ///< white space before it, taken off the body as far as it is there
    bool closed = false;
    [[nodiscard]] std::size_t body_end() const { return closed ? end - 1 : end; }
};

/// The sign and length of a line of three or more ` or ~ with nothing unusual after them; length 0 for other lines.
struct FenceLine {
    char sign = 0;
    std::size_t length = 0;
    std::size_t indent = 0;
    std::string_view info;
};
FenceLine fence_line(std::string_view line);

/// The fences of a reply in order. As in CommonMark, but a fence with a language inside an open one is nested, as
/// models write Markdown files.
std::vector<Fence> fences_of(const Reply& reply);

/// `line` without up to `indent` characters of white space at its front.
std::string_view dedented(std::string_view line, std::size_t indent);

/// The body of a fence as plain lines.
std::vector<std::string> body_of(const Reply& reply, const Fence& fence);

}  // namespace ec::agent::edits
