#include "words.hpp"

#include <cstddef>

namespace ec::codeindex {
namespace {

constexpr std::size_t kLongest = 64;
constexpr std::uint64_t kOffset = 0xcbf29ce484222325U;  // FNV-1a, 64 bits
constexpr std::uint64_t kPrime = 0x100000001b3U;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_upper(c) || is_lower(c) || static_cast<unsigned char>(c) >= 0x80; }

/// Adds one word if it is one.
void add(std::string_view word, std::vector<std::uint64_t>& out) {
    if (word.size() < 2 || is_digit(word[0])) return;
    std::uint64_t hash = kOffset;
    for (const char c : word)
        hash = (hash ^ static_cast<unsigned char>(is_upper(c) ? static_cast<char>(c | 0x20) : c)) * kPrime;
    out.push_back(hash);
}

/// Where the part of an identifier that begins at `at` ends: at a change to upper case, before the last capital of
/// several when small letters follow ("HTTPServer"), before digits or a separator.
std::size_t part_end(std::string_view run, std::size_t at) {
    std::size_t i = at + 1;
    for (; i < run.size() && is_letter(run[i]); ++i) {
        if (!is_upper(run[i])) continue;
        const bool after_small = !is_upper(run[i - 1]);
        const bool before_small = i + 1 < run.size() && is_lower(run[i + 1]);
        if (after_small || before_small) break;
    }
    return i;
}

void add_identifier(std::string_view run, std::vector<std::uint64_t>& out) {
    while (!run.empty() && !is_letter(run.front())) run.remove_prefix(1);
    if (run.size() < 2 || run.size() > kLongest) return;
    add(run, out);
    for (std::size_t at = 0; at < run.size();) {
        if (!is_letter(run[at])) {
            ++at;
            continue;
        }
        const std::size_t end = part_end(run, at);
        if (end - at < run.size()) add(run.substr(at, end - at), out);
        at = end;
    }
}

}  // namespace

bool is_identifier_byte(char byte) { return is_letter(byte) || is_digit(byte) || byte == '_' || byte == '$'; }

void append_words(std::string_view text, std::vector<std::uint64_t>& out) {
    for (std::size_t at = 0; at < text.size();) {
        if (!is_identifier_byte(text[at])) {
            ++at;
            continue;
        }
        std::size_t end = at + 1;
        while (end < text.size() && is_identifier_byte(text[end])) ++end;
        add_identifier(text.substr(at, end - at), out);
        at = end;
    }
}

}  // namespace ec::codeindex
