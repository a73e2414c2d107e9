#include <ec/vcs/history.hpp>

#include "git_library.hpp"
#include "open_repository.hpp"

namespace ec::vcs {
namespace {

struct Collector {
    ChangedLines lines;
    std::string prefix;  // path of root inside the repository, "" or "sub/dir/"
};

int on_line(const git_diff_delta* delta, const git_diff_hunk*, const git_diff_line* line, void* payload) {
    auto& collector = *static_cast<Collector*>(payload);
    const std::string_view path = delta->new_file.path;
    if (line->origin == GIT_DIFF_LINE_ADDITION && path.starts_with(collector.prefix)) {
        collector.lines[std::string(path.substr(collector.prefix.size()))].insert(line->new_lineno);
    }
    return 0;
}

Result<TreeHandle> ancestor_tree(const GitLibrary& git, git_repository* repository, int commits) {
    git_oid head{};
    if (git.git_reference_name_to_id(&head, repository, "HEAD") != 0) {
        return git_failure(git, "the repository has no commit", ErrorCode::not_found);
    }
    git_commit* raw = nullptr;
    if (git.git_commit_lookup(&raw, repository, &head) != 0) return git_failure(git, "cannot read HEAD");
    CommitHandle commit(raw);
    for (; commits > 0 && git.git_commit_parentcount(commit.get()) > 0; --commits) {
        if (git.git_commit_parent(&raw, commit.get(), 0) != 0) break;  // a shallow clone ends here
        commit.reset(raw);
    }
    git_tree* tree = nullptr;
    if (git.git_commit_tree(&tree, commit.get()) != 0) return git_failure(git, "cannot read a commit's tree");
    return TreeHandle(tree);
}

}  // namespace

Result<ChangedLines> recently_changed_lines(const std::filesystem::path& root, int commits) {
    EC_ASSIGN(const GitLibrary* const git, git_library());
    EC_ASSIGN(const RepositoryHandle repository, open_repository(*git, root));
    const char* workdir = git->git_repository_workdir(repository.get());
    if (workdir == nullptr) return fail(ErrorCode::not_found, "the repository has no working tree");
    EC_TRY(check_rule_files(workdir));
    EC_ASSIGN(const TreeHandle tree, ancestor_tree(*git, repository.get(), commits));

    Collector collector;
    std::error_code ignored;
    const std::string relative = std::filesystem::relative(root, workdir, ignored).string();
    if (!relative.empty() && relative != ".") collector.prefix = relative + "/";

    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    options.context_lines = 0;
    options.flags = GIT_DIFF_SKIP_BINARY_CHECK | GIT_DIFF_DISABLE_PATHSPEC_MATCH;
    options.ignore_submodules = GIT_SUBMODULE_IGNORE_ALL;
    git_diff* diff_raw = nullptr;
    if (git->git_diff_tree_to_workdir(&diff_raw, repository.get(), tree.get(), &options) != 0) {
        return git_failure(*git, "cannot compare the working tree");
    }
    const DiffHandle diff(diff_raw);
    if (git->git_diff_foreach(diff.get(), nullptr, nullptr, nullptr, on_line, &collector) != 0) {
        return git_failure(*git, "cannot read the changes");
    }
    return std::move(collector.lines);
}

}  // namespace ec::vcs
