#include <algorithm>
#include <ec/vcs/working_tree.hpp>
#include <map>

#include "git_library.hpp"
#include "open_repository.hpp"

namespace ec::vcs {

struct WorkingTree::State {
    const GitLibrary* git = nullptr;
    RepositoryHandle repository;
    std::string prefix;  // of the folder inside the working tree, "" or "sub/dir/"
    std::filesystem::path top;
    std::map<std::string, bool, std::less<>> readable;  // folder of the working tree, whether its rules can be read

    bool rules_readable(std::string_view folder);
};

/// Whether no .gitignore from the top down to `folder` is a pipe or the like.
bool WorkingTree::State::rules_readable(std::string_view folder) {
    if (const auto known = readable.find(folder); known != readable.end()) return known->second;
    const std::size_t slash = folder.rfind('/');
    const bool above = folder.empty() ||
                       rules_readable(slash == std::string_view::npos ? std::string_view() : folder.substr(0, slash));
    const bool here = above && refuse_special(top / folder / ".gitignore").has_value();
    readable.emplace(folder, here);
    return here;
}

WorkingTree::WorkingTree(std::unique_ptr<State> state) : state_(std::move(state)) {}
WorkingTree::WorkingTree(WorkingTree&&) noexcept = default;
WorkingTree& WorkingTree::operator=(WorkingTree&&) noexcept = default;
WorkingTree::~WorkingTree() = default;

Result<WorkingTree> WorkingTree::open(const std::filesystem::path& root) {
    EC_ASSIGN(const GitLibrary* const git, git_library());
    auto state = std::make_unique<State>();
    state->git = git;
    EC_ASSIGN(state->repository, open_repository(*git, root));
    const char* workdir = git->git_repository_workdir(state->repository.get());
    if (workdir == nullptr) return fail(ErrorCode::not_found, "the repository has no working tree");
    std::error_code error;
    const std::string relative = std::filesystem::relative(root, workdir, error).generic_string();
    // A repository's own settings may name a working tree elsewhere, which says nothing about this folder.
    if (error || relative.starts_with("..")) return fail(ErrorCode::not_found, "the working tree lies elsewhere");
    if (!relative.empty() && relative != ".") state->prefix = relative + "/";
    state->top = workdir;
    for (std::filesystem::path above = root; !state->prefix.empty() && above != above.parent_path();) {
        above = above.parent_path();
        EC_TRY(refuse_special(above / ".gitignore"));
        if (std::filesystem::equivalent(above, state->top, error) || error) break;
    }
    return WorkingTree(std::move(state));
}

Result<std::vector<std::string>> WorkingTree::tracked() const {
    const GitLibrary& git = *state_->git;
    git_index* raw = nullptr;
    if (git.git_repository_index(&raw, state_->repository.get()) != 0) return git_failure(git, "cannot read the index");
    const IndexHandle index(raw);
    std::vector<std::string> paths;
    const std::size_t count = git.git_index_entrycount(raw);
    for (std::size_t i = 0; i < count; ++i) {
        const git_index_entry* entry = git.git_index_get_byindex(raw, i);
        const std::string_view path = entry->path;
        if (entry->mode == GIT_FILEMODE_COMMIT || !path.starts_with(state_->prefix)) continue;
        paths.emplace_back(path.substr(state_->prefix.size()));
    }
    std::ranges::sort(paths);
    const auto [first, last] = std::ranges::unique(paths);  // a conflict has one entry a side
    paths.erase(first, last);
    return paths;
}

bool WorkingTree::ignored(std::string_view path) const {
    int ignored = 0;
    const std::string full = state_->prefix + std::string(path);
    const std::string folder = std::filesystem::path(full.ends_with('/') ? full.substr(0, full.size() - 1) : full)
                                   .parent_path()
                                   .generic_string();
    if (!state_->rules_readable(folder)) return true;
    return state_->git->git_ignore_path_is_ignored(&ignored, state_->repository.get(), full.c_str()) == 0 &&
           ignored != 0;
}

}  // namespace ec::vcs
