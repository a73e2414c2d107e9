// Markdown as a model streams it, put on a terminal row by row while it comes.
//
// Light on purpose: headings, lists, quotes, fences, `code` and **bold** get a tone and a hanging indent; every
// character stays, so what is copied from the terminal is what was written. Owns its state; one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "styled.hpp"

namespace ec::apps::session {

class MarkdownStream {
public:
    /// `wrap_code`: lines in fences too.
    explicit MarkdownStream(bool wrap_code = true) : wrap_code_(wrap_code) {}
    /// Takes the next piece, cut anywhere, and returns the rows that are finished at this width.
    std::vector<Line> feed(std::string_view piece, std::size_t width);
    /// The row that is still growing; empty when there is none.
    [[nodiscard]] Line pending(std::size_t width) const;
    /// Ends the text: the rows that are left. Ready for another text afterwards.
    std::vector<Line> finish(std::size_t width);

private:
    [[nodiscard]] std::vector<Line> rows(std::size_t width) const;
    void end_line(std::vector<Line>& out, std::size_t width);
    void release_rows(std::vector<Line>& out, std::size_t width);

    std::string line_;          ///< the source line so far
    std::size_t released_ = 0;  ///< rows of it that were returned already
    std::size_t released_width_ = 0;
    bool wrap_code_;
    bool in_fence_ = false;
    bool continued_ = false;  ///< line_ goes on with a line that was too long to keep
    std::string fence_;       ///< what opened the fence
};

}  // namespace ec::apps::session
