// RAII for libgit2: the library is initialised once per process, every object is freed by its own function.
#pragma once

#include <git2.h>

#include <ec/core/result.hpp>
#include <memory>
#include <string>

namespace ec::vcs {

class GitLibrary {
public:
    GitLibrary() { git_libgit2_init(); }
    ~GitLibrary() { git_libgit2_shutdown(); }
    GitLibrary(const GitLibrary&) = delete;
    GitLibrary& operator=(const GitLibrary&) = delete;
};

template <auto Free>
struct GitFree {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using RepositoryHandle = std::unique_ptr<git_repository, GitFree<git_repository_free>>;
using CommitHandle = std::unique_ptr<git_commit, GitFree<git_commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, GitFree<git_tree_free>>;
using DiffHandle = std::unique_ptr<git_diff, GitFree<git_diff_free>>;
using PatchHandle = std::unique_ptr<git_patch, GitFree<git_patch_free>>;

inline std::unexpected<Error> git_failure(const std::string& what, ErrorCode code = ErrorCode::io) {
    const git_error* last = git_error_last();
    return fail(code,
                what + ": " + (last != nullptr && last->message != nullptr ? last->message : "unknown git error"));
}

}  // namespace ec::vcs
