#include "output_folders.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <ec/core/text.hpp>

namespace ec::vcs {
namespace {

constexpr std::array<std::string_view, 6> kVersionControl = {".git", ".hg", ".svn", ".bzr", ".jj", "_darcs"};

constexpr std::array<std::string_view, 18> kAlwaysOutput = {
    "node_modules",  "bower_components", "__pycache__", ".venv",   ".tox",       ".nox",  ".mypy_cache",
    ".pytest_cache", ".ruff_cache",      ".eggs",       ".gradle", ".terraform", ".next", ".nuxt",
    ".svelte-kit",   ".parcel-cache",    ".turbo",      ".ccache"};

constexpr std::array<std::string_view, 10> kUsuallyOutput = {"build", "dist",     "target",  "out",    "bin",
                                                             "obj",   "coverage", "htmlcov", ".cache", "_build"};

// The signature that marks a folder as a cache.
constexpr std::string_view kCacheTag = "Signature: 8a477f597d28d172789f06886806bc55";

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

// One line of a .gitignore (gitignore(5)) against a folder's path relative to the folder of that file. Patterns with
// `**` inside are taken for no match.
bool matches(std::string_view pattern, const std::string& relative) {
    if (pattern.ends_with('/')) pattern.remove_suffix(1);
    if (pattern.starts_with("**/")) pattern.remove_prefix(3);
    if (pattern.empty()) return false;
    if (pattern.find('/') == std::string_view::npos) {
        const std::size_t slash = relative.rfind('/');
        return ::fnmatch(std::string(pattern).c_str(), relative.c_str() + (slash == std::string::npos ? 0 : slash + 1),
                         0) == 0;
    }
    if (pattern.starts_with('/')) pattern.remove_prefix(1);
    return ::fnmatch(std::string(pattern).c_str(), relative.c_str(), FNM_PATHNAME) == 0;
}

// The last line that matches decides; the file nearest to the folder decides over those above.
bool is_ignored(const std::string& path, const ReadHead& read) {
    for (std::size_t end = path.rfind('/');; end = path.rfind('/', end - 1)) {
        const bool top = end == std::string::npos;
        const std::string base = top ? "" : path.substr(0, end + 1);
        const std::string text = read(base + ".gitignore");
        const std::vector<std::string_view> lines = split_lines(text);
        for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
            std::string_view pattern = trim(*line);
            const bool negated = pattern.starts_with('!');
            if (negated) pattern.remove_prefix(1);
            if (pattern.starts_with('#') || !matches(pattern, path.substr(base.size()))) continue;
            return !negated;
        }
        if (top || end == 0) return false;
    }
}

bool has(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool is_version_control(std::string_view name) { return contains(kVersionControl, name); }

bool is_output_folder(const std::string& path, const std::vector<std::string>& names, const ReadHead& read) {
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    if (contains(kAlwaysOutput, name)) return true;
    if (has(names, "pyvenv.cfg")) return true;
    if (has(names, "CACHEDIR.TAG") && read(path + "/CACHEDIR.TAG").starts_with(kCacheTag)) return true;
    return contains(kUsuallyOutput, name) && is_ignored(path, read);
}

}  // namespace ec::vcs
