// Text helpers: UTF-8, lines, shell words.
#pragma once

#include <ec/core/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec {

std::vector<std::string_view> split(std::string_view text, char separator);
/// Lines without their terminators; "a\nb\n" gives two. "\r\n" keeps its '\r' (callers that edit files need it).
std::vector<std::string_view> split_lines(std::string_view text);
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

bool is_valid_utf8(std::string_view text);
/// Copies `text`, putting U+FFFD for every byte that is not part of valid UTF-8.
std::string to_valid_utf8(std::string_view text);
/// At most `max_bytes` of `text`, cut at a character boundary, with "…" where something was cut.
std::string ellipsize(std::string_view text, std::size_t max_bytes);

/// Splits a command line the way sh does (quotes and backslashes, no expansions). Fails on an open quote, and on
/// anything that needs a real shell: unquoted ; & | < > ( ) ` $ * ? ~ # newline.
Result<std::vector<std::string>> shell_split(std::string_view command);
/// What a word that starts a program names, without the folder it lies in: "/venv/bin/pytest" gives "pytest".
std::string_view program_name(std::string_view word);
/// Quotes one argument for sh so that it arrives unchanged.
std::string shell_quote(std::string_view argument);

}  // namespace ec
