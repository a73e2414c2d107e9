// Which values of a file of secrets are secrets: what is looked for in everything that a model is shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

/// The values in a file that withheld_by_name() names, in the forms of dotenv, INI, YAML, JSON (also all on one line),
/// .netrc and addresses with a password; where those disagree about where a value ends, each one's reading. None
/// shorter than six bytes, and no ordinary word: see is_ordinary_word(), unless the name of its key tells of a secret.
std::vector<std::string> values_in(std::string_view path, std::string_view text);

/// "production", "localhost", "True": what configures rather than opens something. Such a value stands all over a
/// project. Up to 12 letters in one case, or with a capital at the front, that can be pronounced.
bool is_ordinary_word(std::string_view value);

}  // namespace ec::agent
