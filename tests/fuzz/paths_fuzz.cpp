// The names by which a run's changes come out. Lines "path\ttarget" make links: whatever subset of them the rule
// accepts, no way through the accepted ones leaves the workspace. Every line is also asked for as a path to write.
#include <algorithm>
#include <cctype>
#include <ec/box/protocol.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>
#include <map>
#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

using ec::fuzzing::require;
using Links = std::map<std::string, std::string, std::less<>>;

// Walks as the kernel does; a name that is no link counts as a folder, which allows the most. False: out of the tree.
bool stays_inside(const Links& links, const std::string& path) {
    std::vector<std::string> at;
    std::vector<std::string> rest;
    const auto push = [&](std::string_view text) {
        const auto parts = ec::split(text, '/');
        for (auto part = parts.rbegin(); part != parts.rend(); ++part) rest.emplace_back(*part);
    };
    push(path);
    for (int steps = 0; !rest.empty() && steps < 2000 && rest.size() < 4000; ++steps) {
        const std::string part = std::move(rest.back());
        rest.pop_back();
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (at.empty()) return false;
            at.pop_back();
            continue;
        }
        at.push_back(part);
        const auto link = links.find(ec::join(at, "/"));
        if (link == links.end()) continue;
        if (link->second.starts_with('/')) return false;
        at.pop_back();
        push(link->second);
    }
    return true;
}

bool fits_into(const Links& links, const std::string& path) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        if (links.contains(path.substr(0, slash))) return false;
    }
    const auto below = links.lower_bound(path + "/");
    return below == links.end() || !below->first.starts_with(path + "/");
}

bool is_plain(const std::string& path) {
    const auto parts = ec::split(path, '/');
    return ec::is_inside_relative(path) &&
           std::ranges::none_of(parts, [](std::string_view part) { return part.empty() || part == "."; });
}

void check_guard(const std::string& path) {
    std::string upper = path;
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) {
        return c < 128 ? static_cast<char>(std::toupper(c)) : static_cast<char>(c);
    });
    require(ec::executor::is_guarded_path(path) == ec::executor::is_guarded_path(upper));
    require(ec::executor::is_guarded_path(path + "/.git/hooks/pre-commit"));
    require(ec::executor::is_guarded_path("a/.GIT/" + path));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 2000) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Links links;
    for (const std::string_view line : ec::split(text, '\n')) {
        const std::size_t tab = line.find('\t');
        const std::string path(line.substr(0, tab));
        check_guard(path);
        if (tab == std::string_view::npos || !is_plain(path) || !fits_into(links, path)) continue;
        const std::string_view target = line.substr(tab + 1);
        if (ec::box::link_stays_inside(path, target)) links.emplace(path, target);
    }
    for (const auto& [path, target] : links) require(stays_inside(links, path));
    return 0;
}
