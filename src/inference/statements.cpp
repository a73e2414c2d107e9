#include <cctype>
#include <ec/core/text.hpp>
#include <ec/inference/plan.hpp>

namespace ec::inference {
namespace {

std::size_t indent_of(std::string_view line) {
    std::size_t columns = 0;
    for (const char c : line) {
        if (c == ' ')
            ++columns;
        else if (c == '\t')
            columns += 4;
        else
            break;
    }
    return columns;
}

// "- x", "* x", "+ x", "3. x", "3) x", "[ ] x"; a number alone, or a version such as 1.5, is none.
bool begins_item(std::string_view line) {
    std::string_view text = trim(line);
    if (text.starts_with("- ") || text.starts_with("* ") || text.starts_with("+ ") || text.starts_with("\xE2\x80\xA2 "))
        return true;
    std::size_t digits = 0;
    while (digits < text.size() && digits < 3 && std::isdigit(static_cast<unsigned char>(text[digits])) != 0) ++digits;
    return digits > 0 && digits + 1 < text.size() && (text[digits] == '.' || text[digits] == ')') &&
           text[digits + 1] == ' ';
}

bool fence(std::string_view line) {
    const std::string_view text = trim(line);
    return text.starts_with("```") || text.starts_with("~~~");
}

struct Line {
    std::string_view text;
    bool in_code = false;  ///< also the fences themselves
};

std::vector<Line> lines_of(std::string_view task) {
    std::vector<Line> lines;
    bool code = false;
    for (const std::string_view text : split_lines(task)) {
        const bool edge = fence(text);
        lines.push_back({text, code || edge});
        if (edge) code = !code;
    }
    return lines;
}

void add_line(std::string& text, std::string_view line) {
    if (!text.empty()) text += '\n';
    text += line;
}

std::string without_blank_ends(std::string text) {
    while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
    return text;
}

// Items at the first item's depth; what is deeper, and code, belongs to the item above it. A paragraph at that depth
// behind the list is an item of its own, for it may ask for something too.
Statements by_list(const std::vector<Line>& lines, std::size_t first) {
    Statements found;
    found.list = true;
    for (std::size_t i = 0; i < first; ++i) add_line(found.preamble, lines[i].text);
    found.preamble = without_blank_ends(found.preamble);
    const std::size_t depth = indent_of(lines[first].text);
    bool after_blank = false;
    for (std::size_t i = first; i < lines.size(); ++i) {
        const std::string_view text = lines[i].text;
        const bool blank = trim(text).empty();
        const bool item = !lines[i].in_code && begins_item(text) && indent_of(text) <= depth;
        const bool paragraph = !lines[i].in_code && after_blank && !blank && indent_of(text) <= depth;
        if (item || paragraph)
            found.items.emplace_back(text);
        else
            add_line(found.items.back(), text);
        after_blank = blank && !lines[i].in_code;
    }
    for (std::string& item : found.items) item = without_blank_ends(item);
    return found;
}

Statements by_paragraph(const std::vector<Line>& lines) {
    Statements found;
    bool open = false;
    for (const Line& line : lines) {
        if (!line.in_code && trim(line.text).empty()) {
            open = false;
            continue;
        }
        if (open)
            add_line(found.items.back(), line.text);
        else
            found.items.emplace_back(line.text);
        open = true;
    }
    return found;
}

}  // namespace

Statements statements_of(std::string_view task) {
    const std::vector<Line> lines = lines_of(task);
    std::size_t items = 0;
    std::size_t first = lines.size();
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].in_code || !begins_item(lines[i].text)) continue;
        if (items++ == 0) first = i;
    }
    Statements found = items >= 2 ? by_list(lines, first) : by_paragraph(lines);
    // A list of one at its own depth is no list: the deeper items are how to do the one thing.
    if (found.list && found.items.size() < 2) found = by_paragraph(lines);
    if (found.items.size() > kMostStatements) found = {"", {std::string(trim(task))}, false};
    return found;
}

}  // namespace ec::inference
