#include "open_repository.hpp"

#include <sys/stat.h>

#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

#include "settings_check.hpp"

namespace ec::vcs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostEntries = 1'000'000;
constexpr std::uint64_t kLargestPointer = 4096;  // ".git" and "commondir" hold one path
constexpr std::uint64_t kLargestAlternates = 1 << 20;
constexpr int kDeepestAlternate = 5;

bool is_null_device(const struct stat& info) {
    struct stat null{};
    return S_ISCHR(info.st_mode) && ::stat("/dev/null", &null) == 0 && info.st_rdev == null.st_rdev;
}

Status too_many(const fs::path& folder) {
    return fail(ErrorCode::denied, folder.string() + " has more entries than are looked through");
}

/// The files below `folder` that `wanted` names, in the folders that `enter` lets in. Links to folders are not
/// followed.
template <class Enter, class Wanted>
Status check_below(const fs::path& folder, Enter enter, Wanted wanted) {
    std::error_code error;
    fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
    for (std::size_t entries = 0; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (++entries > kMostEntries) return too_many(folder);
        std::error_code ignored;
        const fs::file_type type = at->symlink_status(ignored).type();  // what the folder says of its entry
        if (type == fs::file_type::regular || type == fs::file_type::directory) {
            if (type == fs::file_type::directory && !enter(at->path())) at.disable_recursion_pending();
            continue;
        }
        if (wanted(at->path().filename().native())) EC_TRY(refuse_special(at->path()));
    }
    return {};
}

/// The one path that a file holds, after `prefix`.
fs::path pointer(const fs::path& file, std::string_view prefix) {
    const auto text = read_file(file, kLargestPointer);
    if (!text || !text->starts_with(prefix)) return {};
    return file.parent_path() / trim(std::string_view(*text).substr(prefix.size()));
}

Status check_all_below(const fs::path& folder) {
    return check_below(folder, [](const fs::path&) { return true; }, [](const std::string&) { return true; });
}

/// The stores that one of objects borrows from.
Status check_alternates(const fs::path& objects, int depth) {
    const auto alternates = read_file(objects / "info/alternates", kLargestAlternates);
    if (!alternates || depth == kDeepestAlternate) return {};
    for (const std::string_view line : split_lines(*alternates)) {
        if (!line.empty() && !line.starts_with('#')) {
            EC_TRY(check_all_below(objects / line));
            EC_TRY(check_alternates(objects / line, depth + 1));
        }
    }
    return {};
}

Status check_git_folder(const GitLibrary& git, const fs::path& folder) {
    EC_TRY(check_all_below(folder));
    EC_TRY(check_settings(git, folder / "config"));
    EC_TRY(check_settings(git, folder / "config.worktree"));
    return check_alternates(folder / "objects", 0);
}

/// What libgit2 takes for a repository on its way up from `root`.
Status check_around(const GitLibrary& git, const fs::path& root) {
    std::error_code error;
    for (fs::path at = fs::absolute(root, error).lexically_normal(); !error; at = at.parent_path()) {
        fs::path folder = at / ".git";
        if (fs::is_regular_file(folder, error)) folder = pointer(folder, "gitdir:");
        if (!fs::is_directory(folder, error) && fs::exists(at / "objects", error)) folder = at;  // bare, or inside .git
        if (!folder.empty() && fs::is_directory(folder, error)) {
            EC_TRY(refuse_special(folder / "commondir"));
            EC_TRY(check_git_folder(git, folder));
            const fs::path common = pointer(folder / "commondir", "");
            if (!common.empty()) EC_TRY(check_git_folder(git, common));
            // Whole, so libgit2 looks no further up.
            if (!common.empty() || (fs::exists(folder / "HEAD", error) && fs::exists(folder / "objects", error) &&
                                    fs::exists(folder / "refs", error)))
                return {};
        }
        error.clear();
        if (at == at.parent_path()) break;
    }
    return {};
}

}  // namespace

Status refuse_special(const fs::path& file) {
    struct stat info{};
    if (::stat(file.c_str(), &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || is_null_device(info))
        return {};
    return fail(ErrorCode::denied, file.string() + " is a pipe, a socket or a device where git has a file",
                "remove it; git itself would wait for it for ever");
}

Result<RepositoryHandle> open_repository(const GitLibrary& git, const fs::path& root) {
    EC_TRY(check_settings_of_user(git));
    EC_TRY(check_around(git, root));
    git_repository* raw = nullptr;
    if (git.git_repository_open_ext(&raw, root.c_str(), 0, nullptr) != 0) {
        return git_failure(git, "no git repository", ErrorCode::not_found);
    }
    RepositoryHandle repository(raw);
    EC_TRY(check_named_rules(git, *repository));
    return repository;
}

Status check_rule_files(const fs::path& worktree) {
    return check_below(
        worktree, [](const fs::path& folder) { return folder.filename() != ".git"; },
        [](const std::string& name) { return name == ".gitignore" || name == ".gitattributes"; });
}

}  // namespace ec::vcs
