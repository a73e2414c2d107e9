#include "edits/definitions.hpp"

#include <algorithm>
#include <ec/core/text.hpp>
#include <string_view>

namespace ec::agent::edits {
namespace {

bool word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

std::string_view take_word(std::string_view& text) {
    text = trim(text);
    const auto end = std::ranges::find_if_not(text, word_char);
    const auto length = static_cast<std::size_t>(end - text.begin());
    const std::string_view word = text.substr(0, length);
    text.remove_prefix(length);
    return word;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
}

std::string defined_name(std::string_view line) {
    for (int words = 0; words < 6; ++words) {
        const std::string_view word = take_word(line);
        if (word.empty()) return {};
        if (is_one_of(word, {"def", "class", "function", "fn", "func", "struct", "interface", "enum", "trait"})) {
            line = trim(line);
            if (line.starts_with('*')) line.remove_prefix(1);
            if (word == "func" && line.starts_with('('))  // Go's receiver
                line.remove_prefix(std::min(line.find(')') + 1, line.size()));
            return std::string(take_word(line));
        }
        if (is_one_of(word, {"const", "let", "var"})) {
            const std::string_view name = take_word(line);
            line = trim(line);
            const bool function = line.starts_with('=') && (line.contains("=>") || line.contains("function"));
            return function ? std::string(name) : std::string();
        }
        if (!is_one_of(word, {"export", "default", "async", "pub", "public", "private", "protected", "static", "final",
                              "abstract", "unsafe", "inline", "data", "declare"}))
            return {};
    }
    return {};
}

}  // namespace

std::set<std::string> defined_names(const std::vector<std::string>& lines) {
    std::set<std::string> out;
    for (const std::string& line : lines)
        if (std::string name = defined_name(line); !name.empty()) out.insert(std::move(name));
    return out;
}

bool unbalanced(const std::vector<std::string>& lines, std::string_view path) {
    const std::string_view ending = path.substr(std::min(path.size(), path.rfind('.') + 1));
    // "//" divides in Python and its like; "#" names private members in JavaScript and its like.
    const bool slashes = !is_one_of(ending, {"py", "pyi", "rb", "sh", "bash", "pl", "toml", "yml", "yaml"});
    const bool hash = !is_one_of(ending, {"js", "mjs", "cjs", "jsx", "ts", "tsx", "c", "h", "cc", "cpp", "hpp", "go",
                                          "rs", "java", "kt", "swift", "cs"});
    long depth = 0;
    for (const std::string_view line : lines) {
        char quote = 0;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const char c = line[i];
            if (c == '\\')
                ++i;
            else if (quote != 0)
                quote = c == quote ? '\0' : quote;
            else if (c == '"' || c == '\'' || c == '`')
                quote = c;
            else if ((hash && c == '#') || (slashes && c == '/' && line.substr(i).starts_with("//")))
                break;
            else if (c == '(' || c == '[' || c == '{')
                ++depth;
            else if (c == ')' || c == ']' || c == '}')
                --depth;
        }
    }
    return depth > 0;
}

}  // namespace ec::agent::edits
