#include "export_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

namespace ec::executor {
namespace {

constexpr std::size_t kLongestPart = 255;
constexpr std::size_t kLongestPath = 3800;
constexpr int kMostHops = 40;
constexpr int kMostRounds = 8;
// Over all links of a run; whoever needs more is playing.
constexpr std::size_t kMostLookups = 1'000'000;

// Why a place is guarded: what it does.
constexpr std::string_view kGit = "holds the history, or is run by the next git command";
constexpr std::string_view kHooks = "is run by the next commit";
constexpr std::string_view kServers = "is run elsewhere with secrets, or decides who must review";
constexpr std::string_view kEditors = "is run when an editor or a debugger opens the folder";
constexpr std::string_view kShells = "is run when a shell enters the folder";
constexpr std::string_view kAgents = "starts programs for other agents, or gives them orders";
constexpr std::string_view kPackages = "names programs or registries for the next install";
constexpr std::string_view kToolchains = "chooses or fetches the tools of the next build";
constexpr std::string_view kPython = "is run by every Python that finds it";

struct Guarded {
    std::string_view name;
    std::string_view why;
};

// Names as folded() gives them, or a folder's and one in it, each with at most one '*' for any run of characters. They
// guard what is called so and all below it, at any depth. docs/sandbox.md shows this table to people.
constexpr Guarded kGuarded[] = {
    {".git", kGit},
    {".hg", kGit},
    {".svn", kGit},
    {".bzr", kGit},
    {".jj", kGit},
    {".sl", kGit},
    {"_darcs", kGit},
    {".gitmodules", kGit},
    {".gitattributes", kGit},
    {".husky", kHooks},
    {".githooks", kHooks},
    {".pre-commit-config.yaml", kHooks},
    {".overcommit.yml", kHooks},
    {".simple-git-hooks.json", kHooks},
    {".simple-git-hooks.*", kHooks},
    {"simple-git-hooks.json", kHooks},
    {"simple-git-hooks.*", kHooks},
    {".huskyrc", kHooks},
    {".huskyrc.*", kHooks},
    {"lefthook*.yml", kHooks},
    {"lefthook*.yaml", kHooks},
    {"lefthook*.toml", kHooks},
    {"lefthook*.json", kHooks},
    {".lefthook*", kHooks},
    {".gitlab", kServers},
    {".gitlab-ci.yml", kServers},
    {".circleci", kServers},
    {"jenkinsfile", kServers},
    {"azure-pipelines.yml", kServers},
    {"azure-pipelines.yaml", kServers},
    {".azure-pipelines", kServers},
    {".travis.yml", kServers},
    {".drone.yml", kServers},
    {"bitbucket-pipelines.yml", kServers},
    {".buildkite", kServers},
    {".appveyor.yml", kServers},
    {"appveyor.yml", kServers},
    {".cirrus.yml", kServers},
    {".teamcity", kServers},
    {".woodpecker*", kServers},
    {".semaphore", kServers},
    {".builds", kServers},
    {"codeowners", kServers},
    {".vscode", kEditors},
    {".idea", kEditors},
    {".zed", kEditors},
    {".fleet", kEditors},
    {".devcontainer", kEditors},
    {".devcontainer.json", kEditors},
    {"*.code-workspace", kEditors},
    {".nvimrc", kEditors},
    {".exrc", kEditors},
    {".vimrc", kEditors},
    {".vim", kEditors},
    {".lvimrc", kEditors},
    {".gvimrc", kEditors},
    {"session.vim", kEditors},
    {".ycm_extra_conf.py", kEditors},
    {".helix", kEditors},
    {".vs", kEditors},
    {".nvim.*lua", kEditors},
    {".dir-locals.el", kEditors},
    {".dir-locals-2.el", kEditors},
    {".gdbinit", kEditors},
    {".lldbinit", kEditors},
    {".pdbrc", kEditors},
    {".envrc", kShells},
    {".direnv", kShells},
    {"mise.toml", kShells},
    {"mise.*.toml", kShells},
    {".mise.toml", kShells},
    {".mise", kShells},
    {".rtx.toml", kShells},
    {".autoenv.zsh", kShells},
    {".autoenv", kShells},
    {".config/mise", kShells},
    {".config/mise.toml", kShells},
    {".config/mise.*.toml", kShells},
    {"devbox.json", kShells},
    {"flake.nix", kShells},
    {"shell.nix", kShells},
    {"default.nix", kShells},
    {".claude", kAgents},
    {".codex", kAgents},
    {".cursor", kAgents},
    {".cursorrules", kAgents},
    {".windsurf", kAgents},
    {".windsurfrules", kAgents},
    {".gemini", kAgents},
    {".continue", kAgents},
    {".kiro", kAgents},
    {".clinerules", kAgents},
    {".roo", kAgents},
    {".amazonq", kAgents},
    {".crush.json", kAgents},
    {".agents", kAgents},
    {".mcp.json", kAgents},
    {".aider*", kAgents},
    {"opencode.json", kAgents},
    {"opencode.jsonc", kAgents},
    {".opencode", kAgents},
    {".edgecoder", kAgents},
    {"agents.md", kAgents},
    {"claude.md", kAgents},
    {"claude.local.md", kAgents},
    {"gemini.md", kAgents},
    {".npmrc", kPackages},
    {".yarnrc", kPackages},
    {".yarnrc.yml", kPackages},
    {".yarn", kPackages},
    {".pnp.cjs", kPackages},
    {".pnpmfile.cjs", kPackages},
    {".pnpmfile.mjs", kPackages},
    {"pnpm-workspace.yaml", kPackages},
    {"uv.toml", kPackages},
    {"nuget.config", kPackages},
    {".condarc", kPackages},
    {"bunfig.toml", kPackages},
    {".pypirc", kPackages},
    {"pip.conf", kPackages},
    {"pip.ini", kPackages},
    {".cargo", kPackages},
    {".bundle", kPackages},
    {".mvn", kToolchains},
    {"mvnw", kToolchains},
    {"mvnw.cmd", kToolchains},
    {"gradlew", kToolchains},
    {"gradlew.bat", kToolchains},
    {"gradle-wrapper.properties", kToolchains},
    {"gradle-wrapper.jar", kToolchains},
    {"rust-toolchain", kToolchains},
    {"rust-toolchain.toml", kToolchains},
    {".bazelrc", kToolchains},
    {".bazeliskrc", kToolchains},
    {"tools/bazel", kToolchains},
    {"gradle-daemon-jvm.properties", kToolchains},
    {"sitecustomize", kPython},
    {"sitecustomize.*", kPython},
    {"usercustomize", kPython},
    {"usercustomize.*", kPython},
    {"*.pth", kPython},
};

// Guarded below a forge's folder; the rest of it (issue forms, funding) is text.
constexpr std::string_view kForges[] = {".github", ".gitea", ".forgejo"};
constexpr Guarded kGuardedInForges[] = {
    {"workflows", kServers},
    {"actions", kServers},
    {"dependabot.yml", kServers},
    {"dependabot.yaml", kServers},
    {"copilot-instructions.md", kAgents},
    {"instructions", kAgents},
    {"hooks", kAgents},
    {"agents", kAgents},
    {"prompts", kAgents},
};

// Code points that file systems ignore in names (HFS+) or fold to an ASCII letter.
struct Fold {
    std::string_view from;
    std::string_view to;
};
constexpr Fold kFolds[] = {{"\u200c", ""}, {"\u200d", ""},  {"\u200e", ""},  {"\u200f", ""},  {"\u202a", ""},
                           {"\u202b", ""}, {"\u202c", ""},  {"\u202d", ""},  {"\u202e", ""},  {"\u206a", ""},
                           {"\u206b", ""}, {"\u206c", ""},  {"\u206d", ""},  {"\u206e", ""},  {"\u206f", ""},
                           {"\ufeff", ""}, {"\u0130", "i"}, {"\u0131", "i"}, {"\u017f", "s"}, {"\u212a", "k"}};

// One part of a path as the most careless file system would compare it: ASCII case, ignored and look-alike code points,
// an alternate data stream after a colon, dots and spaces at the end.
std::string folded(std::string_view part) {
    std::string name;
    for (std::size_t i = 0; i < part.size();) {
        const auto* fold = std::find_if(std::begin(kFolds), std::end(kFolds),
                                        [&](const Fold& f) { return part.substr(i).starts_with(f.from); });
        if (fold != std::end(kFolds)) {
            name += fold->to;
            i += fold->from.size();
            continue;
        }
        const char c = part[i++];
        name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    name.resize(std::min(name.size(), name.find(':')));
    const std::size_t last = name.find_last_not_of(". ");
    name.resize(last == std::string::npos ? 0 : last + 1);
    return name;
}

// `git~1`: the name that FAT and NTFS give to a long one beside it.
bool is_short_name_of(std::string_view name, std::string_view guarded) {
    const std::size_t tilde = name.find('~');
    if (tilde == std::string_view::npos || tilde == 0 || tilde + 2 > name.size()) return false;
    const char digit = name[tilde + 1];
    if (digit < '1' || digit > '9' || (tilde + 2 < name.size() && name[tilde + 2] != '.')) return false;
    while (guarded.starts_with('.')) guarded.remove_prefix(1);
    std::string stem(guarded.substr(0, guarded.find('.')));
    std::erase_if(stem, [](char c) { return c == ' ' || c == '-'; });
    return name.substr(0, tilde) == std::string_view(stem).substr(0, 6);
}

bool matches(std::string_view name, std::string_view guarded) {
    const std::size_t star = guarded.find('*');
    if (star == std::string_view::npos) return name == guarded || is_short_name_of(name, guarded);
    return name.size() + 1 >= guarded.size() && name.starts_with(guarded.substr(0, star)) &&
           name.ends_with(guarded.substr(star + 1));
}

bool is_forge(std::string_view name) {
    return std::ranges::any_of(kForges, [&](std::string_view forge) { return matches(name, forge); });
}

/// What the name does that stands between `above` and, in most cases, more; empty for one that is not guarded.
std::string_view reason_of(std::string_view above, std::string_view name) {
    for (const Guarded& guarded : kGuarded) {
        const std::size_t slash = guarded.name.find('/');
        const bool folder = slash == std::string_view::npos || matches(above, guarded.name.substr(0, slash));
        if (folder && matches(name, guarded.name.substr(slash + 1))) return guarded.why;
    }
    if (!is_forge(above)) return {};
    for (const Guarded& guarded : kGuardedInForges) {
        if (matches(name, guarded.name)) return guarded.why;
    }
    return {};
}

/// Folders of which only some names are guarded.
bool has_guarded_below(std::string_view name) {
    return is_forge(name) || std::ranges::any_of(kGuarded, [&](const Guarded& guarded) {
               const std::size_t slash = guarded.name.find('/');
               return slash != std::string_view::npos && matches(name, guarded.name.substr(0, slash));
           });
}

/// The parts of a path, folded. A backslash separates as well where such a workspace is shared with Windows.
std::vector<std::string> folded_parts(std::string_view path) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= path.size(); ++i) {
        if (i < path.size() && path[i] != '/' && path[i] != '\\') continue;
        parts.push_back(folded(path.substr(start, i - start)));
        start = i + 1;
    }
    return parts;
}

// A link of the workspace as it will be, or nullopt.
class LinkView {
public:
    LinkView(std::span<const Change> changes, const std::vector<std::optional<Refusal::Why>>& refused,
             const ReadLink& read_link, std::size_t& lookups)
        : read_link_(read_link), lookups_(lookups) {
        for (std::size_t i = 0; i < changes.size(); ++i) {
            if (!refused[i]) changed_.insert_or_assign(changes[i].path, &changes[i]);
        }
    }

    [[nodiscard]] bool exhausted() const { return lookups_ >= kMostLookups; }

    std::optional<std::string> at(const std::string& path) const {
        ++lookups_;
        const auto changed = changed_.find(path);
        if (changed == changed_.end()) return read_link_(path);
        const Change& change = *changed->second;
        if (!change.symlink || change.kind == Change::Kind::deleted) return std::nullopt;
        return change.symlink_target;
    }

private:
    std::map<std::string, const Change*> changed_;
    const ReadLink& read_link_;
    std::size_t& lookups_;
};

// ".." anywhere but in front would mean something else once a folder on the way becomes a link.
bool climbs_only_in_front(std::string_view target) {
    bool down = false;
    for (const std::string_view part : split(target, '/')) {
        if (part == "..") {
            if (down) return false;
        } else if (!part.empty() && part != ".") {
            down = true;
        }
    }
    return true;
}

std::string folder_above(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

bool stays_inside(const Change& link, const LinkView& view) {
    if (link.symlink_target.empty() || !climbs_only_in_front(link.symlink_target)) return false;
    return resolve_inside(folder_above(link.path), link.symlink_target,
                          [&](const std::string& path) {
                              // Exhausted: an absolute target is believed by nobody.
                              return view.exhausted() ? std::optional<std::string>("/") : view.at(path);
                          })
        .has_value();
}

std::optional<Refusal::Why> judge_alone(const Change& change, std::span<const std::string> approved) {
    if (!is_plain_name(change.path)) return Refusal::Why::name;
    const bool guarded = is_guarded_path(change.path) || (change.symlink && leads_to_guarded(change.path));
    if (guarded && !is_approved(change.path, approved)) return Refusal::Why::guarded;
    if (change.content_missing) return Refusal::Why::too_large;
    return std::nullopt;
}

}  // namespace

std::string_view guarded_because(std::string_view path) {
    std::string above;
    for (std::string& part : folded_parts(path)) {
        if (const std::string_view why = reason_of(above, part); !why.empty()) return why;
        above = std::move(part);
    }
    return {};
}

bool is_guarded_path(std::string_view path) { return !guarded_because(path).empty(); }

bool leads_to_guarded(std::string_view path) {
    const std::vector<std::string> parts = folded_parts(path);
    const std::string above = parts.size() < 2 ? std::string() : parts[parts.size() - 2];
    return !reason_of(above, parts.back()).empty() || has_guarded_below(parts.back());
}

std::optional<std::string> resolve_inside(const std::string& folder, std::string_view first,
                                          const ReadLink& read_link) {
    std::string at = folder;
    std::vector<std::string> rest;  // parts to walk, last first
    int hops = 0;
    const auto follow = [&](std::string_view target) {
        if (target.empty() || target.front() == '/' || ++hops > kMostHops) return false;
        const std::vector<std::string_view> parts = split(target, '/');
        rest.insert(rest.end(), parts.rbegin(), parts.rend());
        return true;
    };
    if (!follow(first)) return std::nullopt;
    while (!rest.empty()) {
        const std::string part = std::move(rest.back());
        rest.pop_back();
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (at.empty()) return std::nullopt;
            at = folder_above(at);
            continue;
        }
        at += (at.empty() ? "" : "/") + part;
        if (const auto target = read_link(at)) {
            at = folder_above(at);
            if (!follow(*target)) return std::nullopt;
        }
    }
    return at;
}

bool is_plain_name(std::string_view path) {
    if (!is_inside_relative(path) || path.size() > kLongestPath || !is_valid_utf8(path)) return false;
    const bool control = std::any_of(path.begin(), path.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    // U+0080 to U+009F, of which terminals obey some.
    const bool c1 = [&] {
        for (std::size_t at = path.find('\xc2'); at != std::string_view::npos; at = path.find('\xc2', at + 1)) {
            if (static_cast<unsigned char>(path[at + 1]) < 0xa0) return true;
        }
        return false;
    }();
    if (control || c1) return false;
    const std::vector<std::string_view> parts = split(path, '/');
    return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
        return !part.empty() && part != "." && part.size() <= kLongestPart;
    });
}

bool is_approved(std::string_view path, std::span<const std::string> approved) {
    return std::any_of(approved.begin(), approved.end(), [&](std::string_view place) {
        if (path == place) return true;
        return path.size() > place.size() && path.starts_with(place) && path[place.size()] == '/' &&
               is_guarded_path(place) && !is_guarded_path(path.substr(place.size() + 1));
    });
}

Status check_approvals(std::span<const std::string> approved) {
    for (const std::string& place : approved) {
        const bool pattern = place.find_first_of("*?[") != std::string::npos;
        // `.github` by itself stands for a link of that name, not for what lies in a folder.
        if (is_plain_name(place) && (is_guarded_path(place) || leads_to_guarded(place)) && !pattern) continue;
        return fail(ErrorCode::invalid_argument,
                    fmt::format("--approve {} names no guarded place", ellipsize(to_valid_utf8(place), 200)),
                    "name one file or folder, relative to the project, as the refusal shows it");
    }
    return {};
}

std::vector<std::optional<Refusal::Why>> judge_export(std::span<const Change> changes,
                                                      std::span<const std::string> approved,
                                                      const ReadLink& read_link) {
    std::vector<std::optional<Refusal::Why>> verdicts;
    std::vector<std::size_t> links;
    for (const Change& change : changes) {
        if (change.symlink && change.kind != Change::Kind::deleted) links.push_back(verdicts.size());
        verdicts.push_back(judge_alone(change, approved));
    }
    // A refused link leaves what stood there before, through which another may lead out: again until nothing changes.
    std::size_t lookups = 0;
    for (int round = 0; round <= kMostRounds; ++round) {
        const LinkView view(changes, verdicts, read_link, lookups);
        std::vector<std::size_t> refused;
        for (const std::size_t i : links) {
            if (!verdicts[i] && (round == kMostRounds || !stays_inside(changes[i], view))) refused.push_back(i);
        }
        for (const std::size_t i : refused) verdicts[i] = Refusal::Why::leads_out;
        if (refused.empty()) break;
    }
    return verdicts;
}

}  // namespace ec::executor
