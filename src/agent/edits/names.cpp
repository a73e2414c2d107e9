// Where replies put the names of files: in the lines before a block, and in the info string of its fence.
#include <algorithm>
#include <cctype>
#include <ec/core/text.hpp>

#include "edits/file_text.hpp"
#include "edits/formats.hpp"

namespace ec::agent::edits {
namespace {

bool names_file(const std::string& name, const PathIndex& index) {
    if (looks_like_path(name)) return true;
    if (name.empty() || name.size() > 300) return false;
    const auto found = index.resolve(name, PathIndex::Meaning::any_file);
    return found && found->exists;
}

// "1. src/a.py", "- src/a.py", "// src/a.py": what stands before a name at the front of a line.
std::string_view without_bullet(std::string_view line) {
    line = trim(line);
    for (const std::string_view bullet : {"- ", "* ", "+ ", "// ", "# "})
        if (line.starts_with(bullet)) return trim(line.substr(bullet.size()));
    const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
    if (digits > 0 && digits < 4 && (line.substr(digits).starts_with(". ") || line.substr(digits).starts_with(") ")))
        return trim(line.substr(digits + 2));
    return line;
}

// "In `src/a.py`, change …:" names one file when one of its quoted words is a path.
std::string only_quoted_name(std::string_view line, const PathIndex& index) {
    std::string found;
    for (const char quote : {'`', '*'}) {
        const auto parts = split(line, quote);
        for (std::size_t i = 1; i + 1 < parts.size() && i < 20; ++i) {
            const std::string name = bare_name(parts[i]);
            if (!looks_like_path(name) || !names_file(name, index) || name == found) continue;
            if (!found.empty()) return {};
            found = name;
        }
    }
    return found;
}

// "<source>python": what some models are told to write instead of a fence.
bool is_tag(std::string_view line) {
    const std::size_t close = line.find('>');
    return line.starts_with('<') && close != std::string_view::npos && close < 20 &&
           line.find_first_of(" /.") == std::string_view::npos;
}

}  // namespace

std::string name_before(const Reply& reply, std::size_t at, const PathIndex& index) {
    int looked_at = 0;
    for (std::size_t i = at; i-- > 0 && looked_at < 3;) {
        const std::string_view line = reply.line(i);
        if (blank(line) && at - i <= 3) continue;
        if (blank(line) || reply.taken(i)) return {};
        ++looked_at;
        if (const FenceLine fence = fence_line(line); fence.length > 0) {
            if (const std::string name = name_in_info(fence.info); !name.empty()) return name;
            if (fence.info.empty() && i + 1 != at) return {};
            continue;
        }
        if (is_tag(trim(line))) continue;
        std::string name = bare_name(without_bullet(line));
        if (names_file(name, index)) return name;
        // "src/a.py (new file)"
        if (const std::size_t bracket = name.find(" ("); bracket != std::string::npos)
            if (name = bare_name(name.substr(0, bracket)); names_file(name, index)) return name;
        if (line.size() < 400) return only_quoted_name(line, index);
        return {};
    }
    return {};
}

std::string name_in_info(std::string_view info) {
    std::size_t words = 0;
    for (std::string_view rest = trim(info); !rest.empty() && words < 8; ++words) {
        const std::size_t end = std::min(rest.find_first_of(" \t{},"), rest.size());
        std::string_view word = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (const std::size_t equals = word.find('='); equals != std::string_view::npos)
            word.remove_prefix(equals + 1);
        else if (const std::size_t colon = word.find(':');
                 colon != std::string_view::npos && word.substr(colon).find("://") != 0)
            word.remove_prefix(colon + 1);
        std::string name = bare_name(word);
        // A language alone ("python", "c++") is no name; a file has an ending or a folder.
        if (looks_like_path(name)) return name;
    }
    return {};
}

}  // namespace ec::agent::edits
