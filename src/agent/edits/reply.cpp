#include "edits/reply.hpp"

#include <algorithm>
#include <ec/core/text.hpp>

#include "edits/file_text.hpp"

namespace ec::agent::edits {

Reply::Reply(std::string_view text)
    : lines_(split_lines(text)), ends_with_newline_(text.empty() || text.back() == '\n') {
    for (std::string_view& line : lines_)
        if (line.ends_with('\r')) line.remove_suffix(1);
    taken_.assign(lines_.size(), false);
}

void Reply::take(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < std::min(end, taken_.size()); ++i) taken_[i] = true;
}

FenceLine fence_line(std::string_view line) {
    FenceLine out;
    out.indent = indent_of(line).size();
    line.remove_prefix(out.indent);
    if (line.empty() || (line.front() != '`' && line.front() != '~')) return {};
    out.sign = line.front();
    out.length = std::min(line.find_first_not_of(out.sign), line.size());
    if (out.length < 3) return {};
    out.info = trim(line.substr(out.length));
    if (out.info.size() > 200 || (out.sign == '`' && out.info.contains('`'))) return {};
    return out;
}

namespace {

bool closes(const FenceLine& line, const FenceLine& open) {
    return line.sign == open.sign && line.length >= open.length && line.info.empty();
}

// The line of the fence that closes the one at `begin`; reply.size() when none does.
std::size_t closing_line(const Reply& reply, std::size_t begin, const FenceLine& open, bool nesting) {
    std::size_t depth = 0;
    for (std::size_t i = begin + 1; i < reply.size(); ++i) {
        const FenceLine line = fence_line(reply.line(i));
        if (line.length == 0 || reply.taken(i)) continue;
        if (closes(line, open)) {
            if (depth == 0) return i;
            --depth;
        } else if (nesting && line.sign == open.sign && !line.info.empty() && line.length >= open.length) {
            ++depth;
        }
    }
    return reply.size();
}

}  // namespace

std::vector<Fence> fences_of(const Reply& reply) {
    std::vector<Fence> out;
    bool nesting = true;  // until a fence would not close with it: one look at the whole rest is enough
    for (std::size_t i = 0; i < reply.size(); ++i) {
        const FenceLine open = fence_line(reply.line(i));
        if (open.length == 0 || reply.taken(i)) continue;
        std::size_t close = closing_line(reply, i, open, nesting);
        if (nesting && close == reply.size()) {
            close = closing_line(reply, i, open, false);
            nesting = close == reply.size();
        }
        const bool closed = close < reply.size();
        out.push_back({i, closed ? close + 1 : close, open.info, open.indent, closed});
        i = out.back().end - 1;
    }
    return out;
}

std::string_view dedented(std::string_view line, std::size_t indent) {
    line.remove_prefix(std::min(indent, indent_of(line).size()));
    return line;
}

std::vector<std::string> body_of(const Reply& reply, const Fence& fence) {
    std::vector<std::string> out;
    for (std::size_t i = fence.begin + 1; i < fence.body_end(); ++i)
        out.emplace_back(dedented(reply.line(i), fence.indent));
    return out;
}

}  // namespace ec::agent::edits
