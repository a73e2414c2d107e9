// The part of the shell's language that a test command usually needs, read without running anything: words, quotes,
// file-name patterns, and simple commands joined by && or ;. Everything else (variables, pipes, redirections) is left
// to a real shell by giving up.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

struct ShellWord {
    std::string text;
    std::string pattern;  ///< for glob(3), quoted characters escaped; empty when there is nothing to expand
};

struct ShellCommand {
    std::vector<ShellWord> words;
    std::string separator;  ///< what follows: "&&", ";" or nothing
};

/// Nothing when the text needs a real shell.
std::optional<std::vector<ShellCommand>> read_shell(std::string_view text);

/// The words with patterns replaced by the files they match under `directory`, sorted, as sh does; a pattern without a
/// match stays as it is.
std::vector<std::string> expand_words(const std::vector<ShellWord>& words, const std::filesystem::path& directory);

}  // namespace ec::executor
