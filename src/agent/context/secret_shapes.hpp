// What secrets look like: tests of single words and values, for withhold.cpp. Pure functions, linear in their input.
#pragma once

#include <string>
#include <string_view>

namespace ec::agent {

/// With ASCII capitals made small.
std::string lowered(std::string_view text);

/// The kind of token that `word` (a run of word bytes, see is_token_byte) is by its published shape; empty when none.
std::string_view token_kind(std::string_view word);

/// Bytes that tokens consist of: letters, digits, and - _ . + / = ~
bool is_token_byte(char byte);

/// Bits per byte of the text's own byte distribution (Shannon 1948); 0 for an empty text.
double entropy(std::string_view text);

/// Too random to be a name, a path, a hash, a UUID or a word: a key in base64 or the like.
bool looks_random(std::string_view word);

/// "password", "API_KEY", "clientSecret", …: a name whose value is a secret; gives its kind, empty otherwise.
std::string_view secret_name_kind(std::string_view name);

/// Whether a value assigned to such a name is a real secret, not a placeholder, a variable, a path or plain words.
/// `quoted` values may be shorter than bare ones.
bool is_secret_value(std::string_view value, bool quoted);

}  // namespace ec::agent
