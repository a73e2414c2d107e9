#include <cstdint>
#include <ec/agent/instructions.hpp>
#include <ec/core/text.hpp>

namespace ec::agent {
namespace {

struct Character {
    std::uint32_t code = 0;
    std::size_t bytes = 1;
};

/// Of valid UTF-8.
Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]));
    };
    if (byte(0) < 0x80) return {byte(0), 1};
    if (byte(0) < 0xE0) return {(byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU), 2};
    if (byte(0) < 0xF0) return {(byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU), 3};
    return {(byte(0) & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU), 4};
}

bool is_line_end(std::uint32_t code) {
    return code == '\n' || code == 0x0B || code == 0x0C || code == 0x85 || code == 0x2028 || code == 0x2029;
}

/// Unicode's Default_Ignorable_Code_Point and Bidi_Control, and the control characters but for tab.
bool is_invisible(std::uint32_t code) {
    const auto between = [code](std::uint32_t low, std::uint32_t high) { return code >= low && code <= high; };
    return (code < 0x20 && code != '\t') || between(0x7F, 0x9F) || code == 0xAD || code == 0x34F || code == 0x61C ||
           between(0x115F, 0x1160) || between(0x17B4, 0x17B5) || between(0x180B, 0x180F) || between(0x200B, 0x200F) ||
           between(0x202A, 0x202E) || between(0x2060, 0x206F) || code == 0x3164 || between(0xFE00, 0xFE0F) ||
           code == 0xFEFF || code == 0xFFA0 || between(0xFFF0, 0xFFFB) || between(0x1BCA0, 0x1BCA3) ||
           between(0x1D173, 0x1D17A) || between(0xE0000, 0xE0FFF);
}

/// Behind a terminal escape (ECMA-48: CSI, OSC and the like) that begins at `at`; its letters would read as text.
std::size_t escape_end(std::string_view text, std::size_t at) {
    std::size_t i = at + 1;
    if (i >= text.size()) return i;
    const char kind = text[i++];
    if (kind == '[') {
        while (i < text.size() && text[i] >= 0x20 && text[i] <= 0x3F) ++i;
        return i < text.size() && text[i] >= 0x40 && text[i] <= 0x7E ? i + 1 : i;
    }
    if (kind == ']' || kind == 'P' || kind == '_' || kind == '^' || kind == 'X') {
        while (i < text.size() && text[i] != '\a' && text[i] != '\n' && text[i] != '\x1b') ++i;
        if (i < text.size() && text[i] == '\a') return i + 1;
        return i + 1 < text.size() && text[i] == '\x1b' && text[i + 1] == '\\' ? i + 2 : i;
    }
    return kind >= 0x20 && kind <= 0x7E ? i : i - 1;
}

}  // namespace

std::string plain_text(std::string_view bytes) {
    const std::string text = to_valid_utf8(bytes);
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Character character = character_at(text, at);
        if (character.code == 0x1B) {
            at = escape_end(text, at);
            continue;
        }
        if (character.code == '\r') {
            // "\r\n" is one line end; a lone one would let a line overwrite itself on a terminal.
            if (at + 1 >= text.size() || text[at + 1] != '\n') out += '\n';
        } else if (is_line_end(character.code)) {
            out += '\n';
        } else if (!is_invisible(character.code)) {
            out.append(text, at, character.bytes);
        }
        at += character.bytes;
    }
    return out;
}

}  // namespace ec::agent
