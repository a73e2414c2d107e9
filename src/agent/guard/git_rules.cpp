#include "git_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>

namespace ec::agent {
namespace {

using Words = std::span<const CommandWord>;

// Read-only whatever their arguments; those that have exceptions are in judge_subcommand().
constexpr std::array<std::string_view, 23> kReaders = {
    "status",   "log",         "show",          "blame",        "annotate",   "ls-files",     "ls-tree", "rev-parse",
    "rev-list", "describe",    "shortlog",      "grep",         "cat-file",   "help",         "version", "merge-base",
    "name-rev", "whatchanged", "count-objects", "check-ignore", "check-attr", "for-each-ref", "show-ref"};

constexpr std::array<std::string_view, 21> kRewriters = {
    "filter-branch",  "filter-repo",      "update-ref", "symbolic-ref", "gc",           "prune",
    "repack",         "prune-packed",     "replace",    "pack-refs",    "maintenance",  "fast-import",
    "fsck-objects",   "config",           "send-pack",  "receive-pack", "update-index", "unpack-objects",
    "pack-redundant", "multi-pack-index", "reflog"};

// Settings that change how things look and run nothing.
constexpr std::array<std::string_view, 5> kPlainSettings = {"user.", "color.", "core.quotepath=", "advice.",
                                                            "init.defaultbranch="};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
}

GuardVerdict refuse(std::string why) { return {GuardAnswer::refuse, std::move(why)}; }

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

// An option by any of its forms: "-f", "-df" (a bundle), "--force", "--force=…", "--forc" (git takes any beginning).
bool has_option(Words words, char letter, std::string_view name) {
    for (const CommandWord& word : words) {
        const std::string_view text = word.text;
        if (text == "--") return false;
        if (text.starts_with("--")) {
            const std::string_view given =
                text.substr(2, text.find('=') == std::string_view::npos ? text.npos : text.find('=') - 2);
            if (!name.empty() && given.size() >= 2 && (name.starts_with(given) || given.starts_with(name))) return true;
        } else if (letter != '\0' && text.starts_with('-') && text.find(letter) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

bool has_word(Words words, std::string_view wanted) {
    return std::ranges::any_of(words, [&](const CommandWord& word) { return word.text == wanted; });
}

std::string first_operand(Words words) {
    for (const CommandWord& word : words) {
        if (!word.text.starts_with('-')) return word.text;
    }
    return {};
}

GuardVerdict judge_push(Words arguments) {
    const bool forced = has_option(arguments, 'f', "force") || has_option(arguments, 'd', "delete") ||
                        has_option(arguments, '\0', "mirror") || has_option(arguments, '\0', "prune") ||
                        std::ranges::any_of(arguments, [](const CommandWord& word) {
                            return word.text.starts_with('+') || word.text.starts_with(':') || word.expands;
                        });
    if (forced) return refuse("git push with force or a deletion overwrites history where no checkpoint reaches");
    return {GuardAnswer::snapshot_first, "git push changes nothing in the workspace's files"};
}

GuardVerdict judge_branch(std::string_view what, Words arguments) {
    const bool tag = what == "tag";
    const bool deletes = has_option(arguments, 'd', "delete") || has_option(arguments, 'D', "") ||
                         has_option(arguments, 'f', "force") || has_option(arguments, 'M', "") ||
                         has_option(arguments, 'C', "");
    if (deletes) return refuse(fmt::format("git {} deletes or moves names that no checkpoint has", what));
    const bool lists = first_operand(arguments).empty() || has_option(arguments, tag ? 'l' : '\0', "list");
    if (lists) return {GuardAnswer::harmless, fmt::format("git {} lists", what)};
    return {GuardAnswer::snapshot_first, fmt::format("git {} writes in the repository", what)};
}

GuardVerdict judge_subcommand(const std::string& what, Words arguments, std::string_view workspace) {
    if (what == "reflog" && (arguments.empty() || first_operand(arguments) == "show")) {
        return {GuardAnswer::harmless, "git reflog shows"};
    }
    if (what == "config" && (has_option(arguments, 'l', "list") || has_option(arguments, '\0', "get"))) {
        return {GuardAnswer::harmless, "git config reads"};
    }
    if (contains(kRewriters, what)) {
        return refuse(fmt::format("git {} changes the repository's own store, which no checkpoint has", what));
    }
    if (what == "push") return judge_push(arguments);
    if (what == "branch" || what == "tag") return judge_branch(what, arguments);
    if (what == "stash") {
        const std::string verb = first_operand(arguments);
        if (verb == "drop" || verb == "clear") return refuse("git stash " + verb + " destroys work for good");
        if (verb == "list" || verb == "show") return {GuardAnswer::harmless, "git stash " + verb + " reads"};
    }
    if (what == "worktree" &&
        (has_word(arguments, "remove") || has_word(arguments, "prune") || has_word(arguments, "move"))) {
        return refuse("git worktree changes folders outside this one");
    }
    if (what == "remote" && (arguments.empty() || first_operand(arguments).empty()))
        return {GuardAnswer::harmless, "git remote lists"};
    if (what == "rebase" && (has_option(arguments, 'x', "exec")))
        return refuse("git rebase --exec runs other commands");
    if (what == "bisect" && has_word(arguments, "run")) return refuse("git bisect run runs other commands");
    if (what == "submodule" && has_word(arguments, "foreach"))
        return refuse("git submodule foreach runs other commands");
    if (what == "difftool" || what == "mergetool") return refuse("git " + what + " runs other programs");
    const bool writes_file = has_option(arguments, '\0', "output") || has_option(arguments, '\0', "ext-diff") ||
                             has_option(arguments, 'O', "open-files-in-pager") ||
                             has_option(arguments, '\0', "textconv");
    if ((contains(kReaders, what) || what == "diff") && !writes_file)
        return {GuardAnswer::harmless, "git " + what + " reads"};
    for (const CommandWord& word : arguments) {
        if (is_out_of_reach(word, workspace) && (what == "rm" || what == "clean" || what == "mv")) {
            return refuse(fmt::format("git {} reaches outside the workspace", what));
        }
    }
    return {GuardAnswer::snapshot_first, fmt::format("git {} may replace or remove files", what)};
}

}  // namespace

bool is_out_of_reach(const CommandWord& word, std::string_view workspace) {
    std::string text = lower(word.text);
    const std::string root = lower(workspace);
    if (text.starts_with('~')) return true;
    if (text.starts_with('/')) {
        const bool inside =
            !root.empty() && text.starts_with(root) && text.size() > root.size() && text[root.size()] == '/';
        if (!inside) return !(text.starts_with("/tmp/") && text.find("..") == std::string::npos);
        text = text.substr(root.size() + 1);
    }
    int depth = 0;
    for (const std::string_view part : split(text, '/')) {
        if (part.empty() || part == ".") continue;
        depth += part == ".." ? -1 : 1;
        if (depth < 0) return true;
        if (part == ".git") return true;
        // `.g*`, `.*` and `.[g]it` become `.git`.
        if (word.expands && part.starts_with('.') && part.find_first_of("*?[{$") != std::string_view::npos) return true;
    }
    return text == "." || text == "./" || text == ".." || text == "..";
}

GuardVerdict judge_git(Words words, std::string_view workspace) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i].text;
        const bool with_value = word == "-C" || word == "-c" || word == "--git-dir" || word == "--work-tree" ||
                                word == "--namespace" || word == "--config-env" || word == "--exec-path" ||
                                word == "--super-prefix";
        if (word == "-C" && i + 1 < words.size()) {
            CommandWord place = words[i + 1];
            if (place.expands || (place.text != "." && is_out_of_reach(place, workspace) && place.text != workspace)) {
                return refuse("git -C works in a folder outside the workspace");
            }
        } else if (word == "-c" && i + 1 < words.size()) {
            const std::string setting = lower(words[i + 1].text);
            if (!std::ranges::any_of(kPlainSettings,
                                     [&](std::string_view plain) { return setting.starts_with(plain); })) {
                return refuse("git -c can make git run other programs");
            }
        } else if (word.starts_with("--git-dir") || word.starts_with("--work-tree") ||
                   word.starts_with("--exec-path=") || word.starts_with("--config-env")) {
            return refuse("git with another repository, work tree or set of programs is not judged");
        } else if (!word.starts_with('-')) {
            if (words[i].expands) return {GuardAnswer::refuse, "which git command this is cannot be read"};
            return judge_subcommand(word, words.subspan(i + 1), workspace);
        }
        if (with_value) ++i;
    }
    return {GuardAnswer::harmless, "git alone says how it is used"};
}

}  // namespace ec::agent
