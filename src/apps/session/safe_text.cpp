#include "safe_text.hpp"

#include <fmt/format.h>

#include "cells.hpp"

namespace ec::apps::session {
namespace {

constexpr int kMostMarks = 8;

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

// Characters that show nothing but change what a person sees. The joiners U+200C and U+200D and the variation
// selectors stay: scripts and emoji need them.
bool is_deceptive(char32_t c) {
    return c == 0xad || c == 0x061c || c == 0x180e || c == 0x200b || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0 ||
           (c >= 0xe0000 && c <= 0xe00ff);
}

std::string make_safe(std::string_view text, std::size_t tab) {
    std::string out;
    out.reserve(text.size());
    std::size_t column = 0;
    int marks = 0;
    while (!text.empty()) {
        const CodePoint next = first_code_point(text);
        const std::string_view bytes = text.substr(0, next.bytes);
        text.remove_prefix(next.bytes);
        const std::size_t before = out.size();
        if (next.value == '\t') {
            out.append(tab == 0 ? 1 : tab - column % tab, ' ');
        } else if (is_control(next.value)) {
            out += '?';
        } else if (is_deceptive(next.value)) {
            out += fmt::format("<U+{:04X}>", static_cast<unsigned>(next.value));
        } else if (next.value == 0xfffd) {
            out += "\xef\xbf\xbd";
        } else {
            marks = cell_width(next.value) == 0 ? marks + 1 : 0;
            if (marks <= kMostMarks) out += bytes;
            if (marks > 0) continue;
        }
        marks = 0;
        column += cell_width(std::string_view(out).substr(before));
    }
    return out;
}

}  // namespace

std::string safe_line(std::string_view text) { return make_safe(text, 0); }

std::string safe_code_line(std::string_view text, std::size_t tab) {
    if (text.ends_with('\r')) text.remove_suffix(1);
    return make_safe(text, tab);
}

}  // namespace ec::apps::session
