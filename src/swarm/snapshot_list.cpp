#include "snapshot_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ec/core/fs.hpp>
#include <ec/vcs/working_tree.hpp>
#include <optional>
#include <set>

namespace ec::swarm {
namespace {

constexpr std::size_t kDepth = 64;
constexpr std::size_t kMostUntracked = 100;  // that are named
/// Folders that tools fill from elsewhere: large, and made again where they are needed.
constexpr std::array<std::string_view, 14> kHeavy{
    "node_modules", ".venv", "venv",   "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache",
    ".tox",         ".nox",  ".cache", ".gradle",     ".hypothesis",   ".next",       ".terraform"};
constexpr std::array<std::string_view, 5> kVersionControl{".git", ".hg", ".svn", ".bzr", ".jj"};

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

class Lister {
public:
    Lister(const SnapshotWish& wish, const TreeReader& tree) : wish_(wish), tree_(tree) {}

    Result<SnapshotList> list() {
        auto git = vcs::WorkingTree::open(wish_.root);
        if (git) {
            EC_ASSIGN(list_.paths, git->tracked());
            git_.emplace(*std::move(git));
        } else if (git.error().code == ErrorCode::not_found) {
            EC_TRY(walk({}));
        } else {
            return fail(git.error());
        }
        for (const std::string& wanted : wish_.also) EC_TRY(add_wanted(wanted));
        EC_TRY(check_count());
        std::ranges::sort(list_.paths);
        const auto [first, last] = std::ranges::unique(list_.paths);
        list_.paths.erase(first, last);
        if (git_) name_untracked();
        return std::move(list_);
    }

private:
    Status check_count() const {
        if (list_.paths.size() <= wish_.limits.files) return {};
        return fail(ErrorCode::too_large, fmt::format("the snapshot has more than {} files", wish_.limits.files),
                    git_ ? "submit a folder of the project with --dir"
                         : "make the folder a git repository, so that only what git tracks is taken");
    }

    Status add_wanted(std::string wanted) {
        while (wanted.size() > 1 && wanted.ends_with('/')) wanted.pop_back();
        if (!is_inside_relative(wanted) || !check_path(wanted)) {
            return fail(ErrorCode::invalid_argument, fmt::format("{} is no file or folder of the project", wanted));
        }
        switch (tree_.kind(wanted)) {
            case EntryKind::file:
            case EntryKind::link:
                list_.paths.push_back(wanted);
                return {};
            case EntryKind::folder:
                return walk(wanted);
            case EntryKind::absent:
                return fail(ErrorCode::not_found, fmt::format("there is no {}", wanted));
            case EntryKind::special:
                break;
        }
        return fail(ErrorCode::invalid_argument, fmt::format("{} is neither a file nor a folder", wanted));
    }

    /// All below a folder, without what is ignored, heavy or version control's own.
    Status walk(const std::string& start) {
        std::vector<std::string> waiting{start};
        while (!waiting.empty()) {
            const std::string folder = std::move(waiting.back());
            waiting.pop_back();
            EC_ASSIGN(const std::vector<std::string> names, tree_.names(folder));
            for (const std::string& name : names) {
                const std::string path = folder.empty() ? name : folder + "/" + name;
                const EntryKind kind = tree_.kind(path);
                if (kind == EntryKind::folder) {
                    if (enter(path, name)) waiting.push_back(path);
                } else if (kind == EntryKind::special) {
                    list_.left_out.emplace_back(path, "neither a file nor a folder");
                } else if (kind != EntryKind::absent && !is_one_of(kVersionControl, name) &&
                           !(git_ && git_->ignored(path))) {
                    list_.paths.push_back(path);
                    EC_TRY(check_count());
                }
            }
        }
        return {};
    }

    /// A new file that nobody added would be missed in silence. A folder of which nothing is taken is named alone.
    void name_untracked() {
        const std::set<std::string_view> taken(list_.paths.begin(), list_.paths.end());
        std::set<std::string_view> folders{std::string_view()};
        for (const std::string_view path : taken) {
            for (std::size_t end = path.rfind('/'); end != std::string_view::npos; end = path.rfind('/', end - 1)) {
                if (!folders.insert(path.substr(0, end)).second || end == 0) break;
            }
        }
        std::size_t named = 0;
        for (const std::string_view folder : folders) {
            const auto names = tree_.names(std::string(folder));
            if (!names) continue;
            for (const std::string& name : *names) {
                const std::string path = folder.empty() ? name : fmt::format("{}/{}", folder, name);
                if (taken.contains(path) || folders.contains(path) || is_one_of(kVersionControl, name) ||
                    is_one_of(kHeavy, name))
                    continue;
                const EntryKind kind = tree_.kind(path);
                const std::string shown = kind == EntryKind::folder ? path + "/" : path;
                if (kind == EntryKind::special || kind == EntryKind::absent || git_->ignored(shown)) continue;
                if (++named > kMostUntracked) return;
                list_.left_out.emplace_back(shown, fmt::format("git does not track it (--include {} sends it)", path));
            }
        }
    }

    bool enter(const std::string& path, const std::string& name) {
        if (is_one_of(kVersionControl, name) || (git_ && git_->ignored(path + "/"))) return false;
        if (is_one_of(kHeavy, name)) {
            list_.left_out.emplace_back(path + "/", "a folder of packages or a cache");
            return false;
        }
        if (static_cast<std::size_t>(std::ranges::count(path, '/')) >= kDepth) {
            list_.left_out.emplace_back(path + "/", "too deep");
            return false;
        }
        return true;
    }

    const SnapshotWish& wish_;
    const TreeReader& tree_;
    std::optional<vcs::WorkingTree> git_;
    SnapshotList list_;
};

}  // namespace

Result<SnapshotList> list_snapshot(const SnapshotWish& wish, const TreeReader& tree) {
    return Lister(wish, tree).list();
}

}  // namespace ec::swarm
