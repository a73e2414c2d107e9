// SEARCH/REPLACE blocks: "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", as Aider made them known, with the variants
// that models fall into: 5 to 9 signs, ORIGINAL and UPDATED, Cline's "------- SEARCH" and "+++++++ REPLACE", Roo's
// ":start_line:", a last marker that is missing, and names before, beside or inside the fence.
#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>

#include "edits/file_text.hpp"
#include "edits/formats.hpp"

namespace ec::agent::edits {
namespace {

enum class Kind { none, head, divider, tail };

struct Marker {
    Kind kind = Kind::none;
    std::size_t signs = 0;
    std::size_t indent = 0;
    std::string_view rest;  // after the word
};

bool begins_with_word(std::string_view text, std::string_view word) {
    return text.size() >= word.size() && std::ranges::equal(text.substr(0, word.size()), word, {}, [](char c) {
               return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
           });
}

Marker marker(std::string_view line) {
    Marker out;
    out.indent = indent_of(line).size();
    line = trim(line);
    if (line.empty() || !std::string_view("<>=-+").contains(line.front())) return {};
    const char sign = line.front();
    out.signs = std::min(line.find_first_not_of(sign), line.size());
    if (out.signs < 5 || out.signs > 9) return {};
    out.rest = trim(line.substr(out.signs));
    if (sign == '=') {
        if (out.rest.empty()) out.kind = Kind::divider;
        return out;
    }
    const bool opening = sign == '<' || sign == '-';
    const bool angle = sign == '<' || sign == '>';
    for (const std::string_view word : {"SEARCH", "ORIGINAL", "REPLACE", "UPDATED"}) {
        if (!begins_with_word(out.rest, word)) continue;
        if (opening != (word == "SEARCH" || word == "ORIGINAL")) return {};
        out.rest = trim(out.rest.substr(word.size()));
        if (out.rest == ">" || out.rest == "<") out.rest = {};
        out.kind = opening ? Kind::head : Kind::tail;
        return out;
    }
    if (angle && !opening && out.rest.empty()) out.kind = Kind::tail;
    return out;
}

// The lines of a block: [head, end), where `end` is behind the last marker when there is one.
struct Block {
    std::size_t head = 0;
    std::vector<std::size_t> dividers;
    std::size_t body_end = 0;
    std::size_t end = 0;
    bool closed = false;
};

bool in_fence(const Reply& reply, std::size_t head) {
    for (std::size_t i = head; i-- > 0 && head - i <= 2;)
        if (fence_line(reply.line(i)).length > 0) return true;
    return false;
}

// Where a block without its last marker ends: with its fence, else before what leads to the next block.
std::size_t end_without_tail(const Reply& reply, const Block& block, std::size_t limit) {
    if (in_fence(reply, block.head))
        for (std::size_t i = block.dividers.back(); i < limit; ++i)
            if (const FenceLine line = fence_line(reply.line(i)); line.length > 0 && line.info.empty()) return i;
    if (limit == reply.size()) return limit;
    while (limit > block.dividers.back() + 1 &&
           (blank(reply.line(limit - 1)) || fence_line(reply.line(limit - 1)).length > 0 ||
            looks_like_path(bare_name(reply.line(limit - 1)))))
        --limit;
    return limit;
}

Block block_at(const Reply& reply, std::size_t head) {
    Block block{head, {}, 0, 0, false};
    const std::size_t signs = marker(reply.line(head)).signs;
    std::vector<std::size_t> like_head;
    std::size_t i = head + 1;
    for (; i < reply.size(); ++i) {
        const Marker found = marker(reply.line(i));
        if (found.kind == Kind::head) break;
        if (found.kind == Kind::divider) {
            block.dividers.push_back(i);
            if (found.signs == signs) like_head.push_back(i);
        }
        if (found.kind == Kind::tail) {
            block.closed = true;
            break;
        }
    }
    if (!like_head.empty()) block.dividers = like_head;
    // Some models write the divider once more where the last marker belongs, or just before it.
    const bool doubled = block.dividers.size() == 2 && (!block.closed || block.dividers.back() + 1 == i);
    const std::size_t second = doubled ? block.dividers.back() : 0;
    if (doubled) block.dividers.pop_back();
    if (block.closed) {
        block.body_end = doubled ? second : i;
        block.end = i + 1;
    } else if (doubled) {
        block.body_end = second;
        block.end = second + 1;
    } else {
        block.body_end = block.end = block.dividers.empty() ? head + 1 : end_without_tail(reply, block, i);
    }
    return block;
}

std::vector<std::string> lines_between(const Reply& reply, std::size_t begin, std::size_t end, std::size_t indent) {
    std::vector<std::string> out;
    for (std::size_t i = begin; i < end; ++i) out.emplace_back(dedented(reply.line(i), indent));
    return out;
}

// Takes Roo's ":start_line:12", ":end_line:20" and "-------" off the front.
std::optional<std::size_t> take_line_number(std::vector<std::string>& search) {
    std::optional<std::size_t> line;
    while (!search.empty()) {
        const std::string_view first = trim(search.front());
        constexpr std::string_view kStart = ":start_line:";
        const bool rule = first.size() >= 5 && first.find_first_not_of('-') == std::string_view::npos;
        if (!first.starts_with(kStart) && !first.starts_with(":end_line:") && !(line && rule)) break;
        if (first.starts_with(kStart)) {
            const std::string_view digits = trim(first.substr(kStart.size()));
            std::size_t value = 0;
            if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc() && value > 0)
                line = value - 1;
        }
        search.erase(search.begin());
        if (rule) break;
    }
    return line;
}

FileEdit edit_of(const Reply& reply, const Block& block) {
    constexpr std::size_t kMostReadings = 4;  // of a block with several dividers
    const Marker head = marker(reply.line(block.head));
    FileEdit edit{.kind = FileEdit::Kind::update, .format = EditFormat::search_replace};
    edit.line = static_cast<int>(block.head + 1);
    Hunk hunk;
    for (std::size_t i = 0; i < std::min(block.dividers.size(), kMostReadings); ++i) {
        auto search = lines_between(reply, block.head + 1, block.dividers[i], head.indent);
        const auto near = take_line_number(search);
        const auto replacement = lines_between(reply, block.dividers[i] + 1, block.body_end, head.indent);
        Hunk reading = hunk_of(search, replacement);
        if (i > 0) {
            hunk.others.push_back(std::move(reading.lines));
            continue;
        }
        hunk = std::move(reading);
        hunk.near = near;
        if (std::ranges::all_of(search, blank)) {
            edit.kind = FileEdit::Kind::write;
            edit.creates = true;
            edit.content = replacement;
        }
    }
    hunk.line = edit.line;
    hunk.part_of_line = true;
    edit.hunks.push_back(std::move(hunk));
    return edit;
}

}  // namespace

void read_search_replace(Reply& reply, const EditHints& hints, const PathIndex& index, Reading& out) {
    std::string last_name;
    for (std::size_t i = 0; i < reply.size() && out.edits.size() <= kMaxEdits; ++i) {
        if (reply.taken(i)) continue;
        const Marker head = marker(reply.line(i));
        if (head.kind != Kind::head) continue;
        const Block block = block_at(reply, i);
        std::string name = head.rest.empty() ? std::string() : bare_name(head.rest);
        if (!looks_like_path(name)) name = name_before(reply, i, index);
        if (name.empty()) name = last_name;
        last_name = name;
        const int line = static_cast<int>(i + 1);
        if (block.dividers.empty()) {
            if (hints.cut && !block.closed)
                out.problems.push_back({EditProblem::Kind::truncated, name, line,
                                        "the answer was cut inside a SEARCH block; send this block again"});
            else
                out.problems.push_back({EditProblem::Kind::malformed, name, line,
                                        "the SEARCH block has no ======= line between the old and the new text; send "
                                        "it again with all three markers"});
        } else {
            FileEdit edit = edit_of(reply, block);
            edit.path = name;
            edit.cut = hints.cut && !block.closed && block.end == reply.size();
            out.edits.push_back(std::move(edit));
        }
        reply.take(i, block.end);
        i = block.end - 1;
    }
}

}  // namespace ec::agent::edits
