// Words of code and prose: identifiers whole and in parts ("parseHttpHeader": parsehttpheader parse http header).
//
// A word is the 64-bit FNV-1a hash of its lower-case bytes, so an index needs no strings. Two words that fall together
// are as likely as a flipped bit, and cost a place in a ranking.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ec::codeindex {

/// Appends the words of `text` to `out`, in order. Parts of one letter, numbers, and runs above 64 bytes are no words.
void append_words(std::string_view text, std::vector<std::uint64_t>& out);

inline std::vector<std::uint64_t> words_of(std::string_view text) {
    std::vector<std::uint64_t> out;
    append_words(text, out);
    return out;
}

/// Letters, digits, '_', '$' and every byte of a non-ASCII character.
bool is_identifier_byte(char byte);

}  // namespace ec::codeindex
