#include "context/ignore_rules.hpp"

#include <algorithm>
#include <ec/core/text.hpp>

namespace ec::agent {
namespace {

using std::string_view;

constexpr std::size_t kMostRules = 10'000;
constexpr std::size_t kLongestLine = 1024;

/// One bracket expression at `at` ('['). Gives whether `c` is in it and moves `at` behind it; false and unmoved when it
/// is not closed, which makes the '[' an ordinary byte.
bool bracket(string_view pattern, std::size_t& at, char c, bool& inside) {
    std::size_t i = at + 1;
    bool negated = false;
    if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) {
        negated = true;
        ++i;
    }
    inside = false;
    for (bool first = true; i < pattern.size() && (first || pattern[i] != ']'); first = false) {
        if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
        const char low = pattern[i++];
        char high = low;
        if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
            high = pattern[i + 1];
            i += 2;
        }
        const auto value = static_cast<unsigned char>(c);
        inside |= value >= static_cast<unsigned char>(low) && value <= static_cast<unsigned char>(high);
    }
    if (i >= pattern.size()) return false;
    inside = inside != negated;
    at = i + 1;
    return true;
}

/// Whether one byte of the pattern at `at` (not '*') takes `c`; moves `at` behind it.
bool takes(string_view pattern, std::size_t& at, char c) {
    if (pattern[at] == '[') {
        bool inside = false;
        if (bracket(pattern, at, c, inside)) return inside;
    }
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
        at += 2;
        return pattern[at - 1] == c;
    }
    ++at;
    return pattern[at - 1] == '?' || pattern[at - 1] == c;
}

/// Glob match of one path segment. Returning to the last star alone is enough, so the time is |pattern| x |text|.
bool segment_matches(string_view pattern, string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = string_view::npos;
    std::size_t star_text = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = ++p;
            star_text = t;
            continue;
        }
        if (p < pattern.size() && takes(pattern, p, text[t])) {
            ++t;
            continue;
        }
        if (star == string_view::npos) return false;
        p = star;
        t = ++star_text;
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

/// The same over whole segments, "**" being the star.
bool path_matches(const std::vector<std::string>& pattern, std::span<const string_view> path) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = string_view::npos;
    std::size_t star_text = 0;
    while (t < path.size()) {
        if (p < pattern.size() && pattern[p] == "**") {
            star = ++p;
            star_text = t;
            // "a/**" is what lies below a, not a itself.
            if (p == pattern.size()) return true;
            continue;
        }
        if (p < pattern.size() && segment_matches(pattern[p], path[t])) {
            ++p;
            ++t;
            continue;
        }
        if (star == string_view::npos) return false;
        p = star;
        t = ++star_text;
    }
    return p == pattern.size();
}

string_view without_trailing_blanks(string_view line) {
    while (line.ends_with('\r') || (line.ends_with(' ') && !line.ends_with("\\ "))) line.remove_suffix(1);
    return line;
}

}  // namespace

bool IgnoreRules::add(string_view folder, string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    bool whole = true;
    for (string_view line : split_lines(text)) {
        line = without_trailing_blanks(line);
        if (line.empty() || line.starts_with('#')) continue;
        if (rules_.size() == kMostRules) return false;
        if (line.size() > kLongestLine) {
            whole = false;
            continue;
        }
        Rule rule;
        if (!folder.empty()) {
            rule.folder = std::string(folder) + "/";
            rule.depth = static_cast<std::size_t>(std::ranges::count(rule.folder, '/'));
        }
        if (line.starts_with('!')) {
            rule.negated = true;
            line.remove_prefix(1);
        }
        if (line.ends_with('/')) {
            rule.folders_only = true;
            line.remove_suffix(1);
        }
        const bool anchored = line.find('/') != string_view::npos;
        if (line.starts_with('/')) line.remove_prefix(1);
        if (line.empty()) continue;
        if (!anchored) rule.segments.emplace_back("**");
        for (const string_view part : split(line, '/')) rule.segments.emplace_back(part);
        rules_.push_back(std::move(rule));
    }
    return whole;
}

bool IgnoreRules::matched(string_view path, std::span<const string_view> parts, bool is_folder) const {
    for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
        if ((rule->folders_only && !is_folder) || !path.starts_with(rule->folder)) continue;
        if (path_matches(rule->segments, parts.subspan(rule->depth))) return !rule->negated;
    }
    return false;
}

bool IgnoreRules::ignored(string_view path) const {
    if (rules_.empty()) return false;
    const bool folder = path.ends_with('/');
    if (folder) path.remove_suffix(1);
    const std::vector<string_view> parts = split(path, '/');
    const std::span<const string_view> all = parts;
    // git: what lies in an ignored folder cannot be taken back by a later pattern.
    std::size_t depth = 1;
    for (std::size_t slash = path.find('/'); slash != string_view::npos; slash = path.find('/', slash + 1))
        if (matched(path.substr(0, slash), all.first(depth++), true)) return true;
    return matched(path, all, folder);
}

}  // namespace ec::agent
