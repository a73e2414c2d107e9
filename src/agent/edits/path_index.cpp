#include "edits/path_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <optional>

namespace ec::agent::edits {
namespace {

constexpr std::size_t kMostPath = 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Filing systems that fold case or drop trailing dots and spaces would open the repository's own folder under these
// names as well.
bool is_git_folder(std::string_view part) {
    const std::size_t last = part.find_last_not_of(". ");
    const std::string name = lowered(part.substr(0, last == std::string_view::npos ? 0 : last + 1));
    return name == ".git" || name == "git~1";
}

// The path with "." and empty parts dropped, or why it cannot be one.
std::expected<std::string, std::string> inside(std::string_view path) {
    if (path.empty()) return std::unexpected("is empty");
    if (path.size() > kMostPath) return std::unexpected("is too long");
    if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
        return std::unexpected("has control characters");
    if (path.front() == '/' || path.front() == '~' || (path.size() > 1 && path[1] == ':'))
        return std::unexpected("lies outside the workspace; give the path relative to it");
    std::string out;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..")
            return std::unexpected("leads out of its folder with \"..\"; give the path from the workspace");
        if (is_git_folder(part)) return std::unexpected("lies in .git, which is not yours to edit");
        out += (out.empty() ? "" : "/") + std::string(part);
    }
    if (out.empty() || path.back() == '/') return std::unexpected("names a folder");
    return out;
}

// How many whole parts the ends of the two paths share, without regard to case.
bool ends_with_parts(std::string_view path, std::string_view end) {
    if (path.size() < end.size()) return false;
    if (!std::ranges::equal(path.substr(path.size() - end.size()), end, {}, lower, lower)) return false;
    return path.size() == end.size() || path[path.size() - end.size() - 1] == '/';
}

std::string_view without_words_before(std::string_view text) {
    constexpr std::string_view kWords[] = {"file:", "filename:", "file name:", "path:", "filepath:", "file path:"};
    const std::string low = lowered(text.substr(0, 16));
    for (const std::string_view word : kWords)
        if (low.starts_with(word)) return trim(text.substr(word.size()));
    return text;
}

}  // namespace

std::string bare_name(std::string_view written) {
    std::string_view text = trim(written);
    for (std::size_t before = 0; before != text.size();) {
        before = text.size();
        if (!text.empty() && std::string_view("`'\"*#").contains(text.front())) text.remove_prefix(1);
        if (!text.empty() && std::string_view("`'\"*:,;").contains(text.back())) text.remove_suffix(1);
        // A name may have brackets of its own ("[slug].tsx"); only a pair around the whole is taken off.
        const std::size_t closing = text.find_first_of(")]>");
        if (text.size() > 1 && closing == text.size() - 1 && std::string_view("([<").contains(text.front()))
            text = text.substr(1, text.size() - 2);
        text = without_words_before(trim(text));
    }
    std::string out(text);
    std::ranges::replace(out, '\\', '/');
    return out;
}

bool looks_like_path(std::string_view text) {
    if (text.empty() || text.size() > 200) return false;
    if (text.find_first_of(" \t<>|\"'`*?=(){};,$!") != std::string_view::npos) return false;
    const std::string_view name = last_part(text);
    const std::size_t dot = name.rfind('.');
    if (text.find("://") != std::string_view::npos || name.empty()) return false;
    constexpr std::string_view kWithoutDot[] = {"Makefile", "Dockerfile", "LICENSE", "README", "Rakefile", "Gemfile"};
    if (std::ranges::find(kWithoutDot, name) != std::end(kWithoutDot)) return true;
    if (dot == std::string_view::npos) return text.find('/') != std::string_view::npos;
    const std::string_view ending = name.substr(dot + 1);
    return !ending.empty() && ending.size() <= 12 && std::ranges::all_of(ending, [](char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
    }) && !std::ranges::all_of(ending, [](char c) { return c >= '0' && c <= '9'; });
}

PathIndex::PathIndex(const FileSource& files, std::string workspace) : workspace_(std::move(workspace)) {
    while (workspace_.ends_with('/')) workspace_.pop_back();
    for (std::string& path : files.paths())
        if (inside(path) == path) by_name_[lowered(last_part(path))].push_back(std::move(path));
}

void PathIndex::add(const std::string& path) {
    auto& same_name = by_name_[lowered(last_part(path))];
    if (std::ranges::find(same_name, path) == same_name.end()) same_name.push_back(path);
}

void PathIndex::remove(const std::string& path) {
    const auto place = by_name_.find(lowered(last_part(path)));
    if (place != by_name_.end()) std::erase(place->second, path);
}

// The known paths that are `path` but for case, else those that end with it.
std::vector<std::string> PathIndex::ending_with(const std::string& path) const {
    const auto place = by_name_.find(lowered(last_part(path)));
    if (place == by_name_.end()) return {};
    std::vector<std::string> whole;
    std::vector<std::string> ends;
    for (const std::string& known : place->second) {
        if (!ends_with_parts(known, path)) continue;
        ends.push_back(known);
        if (known.size() == path.size()) whole.push_back(known);
    }
    return whole.empty() ? ends : whole;
}

bool PathIndex::knows(const std::string& path) const {
    const auto place = by_name_.find(lowered(last_part(path)));
    return place != by_name_.end() && std::ranges::find(place->second, path) != place->second.end();
}

// Models make up a folder for the workspace ("/workspace/src/a.py", "/home/user/project/src/a.py"). When what follows
// it is exactly a file that is known, that one is meant; what comes out lies in the workspace whatever went in.
std::string PathIndex::without_invented_root(std::string name) const {
    if (!name.starts_with('/')) return name;
    for (std::size_t at = name.find('/', 1); at != std::string::npos; at = name.find('/', at + 1)) {
        if (std::string rest = name.substr(at + 1); knows(rest)) return rest;
    }
    return name;
}

std::expected<PathIndex::Found, PathIndex::Refused> PathIndex::resolve(std::string_view written,
                                                                       Meaning meaning) const {
    std::string name = bare_name(written);
    if (!workspace_.empty() && name.starts_with(workspace_ + "/")) name.erase(0, workspace_.size() + 1);
    auto path = inside(without_invented_root(name));
    if (!path)
        return std::unexpected(
            Refused{EditProblem::Kind::bad_path,
                    fmt::format("the file name \"{}\" {}", ellipsize(to_valid_utf8(name), 200), path.error())});
    // Models like to begin with the name of the workspace's own folder.
    const std::string folder = std::string(last_part(workspace_)) + "/";
    for (const std::string& candidate :
         {*path, !workspace_.empty() && path->starts_with(folder) ? path->substr(folder.size()) : *path}) {
        if (knows(candidate)) return Found{candidate, true};
        std::vector<std::string> ends = ending_with(candidate);
        if (meaning == Meaning::new_file)
            std::erase_if(ends, [&](const std::string& p) { return p.size() != candidate.size(); });
        if (ends.size() == 1) return Found{ends.front(), true};
        if (ends.size() > 1)
            return std::unexpected(
                Refused{EditProblem::Kind::ambiguous,
                        fmt::format("the file name \"{}\" may mean {} or {}{}; give the whole path", candidate, ends[0],
                                    ends[1], ends.size() > 2 ? fmt::format(" or {} others", ends.size() - 2) : "")});
    }
    return Found{*std::move(path), false};
}

}  // namespace ec::agent::edits
