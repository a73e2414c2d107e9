// libgit2, loaded at its first use. With all that it stands on (OpenSSL, Kerberos, SSH, Mbed TLS) loading it takes 4
// ms, more than the rest of the program's start, and most commands never look at a repository.
//
// The library is loaded and initialised once and stays for the life of the process. Any thread may ask for it.
#pragma once

#include <git2.h>

#include <ec/core/result.hpp>
#include <memory>
#include <string>

namespace ec::vcs {

#define EC_GIT_FUNCTIONS(X)           \
    X(git_libgit2_init)               \
    X(git_libgit2_opts)               \
    X(git_error_last)                 \
    X(git_buf_dispose)                \
    X(git_commit_free)                \
    X(git_commit_lookup)              \
    X(git_commit_parent)              \
    X(git_commit_parentcount)         \
    X(git_commit_tree)                \
    X(git_config_add_file_ondisk)     \
    X(git_config_foreach)             \
    X(git_config_free)                \
    X(git_config_get_path)            \
    X(git_config_new)                 \
    X(git_diff_foreach)               \
    X(git_diff_free)                  \
    X(git_diff_from_buffer)           \
    X(git_diff_num_deltas)            \
    X(git_diff_tree_to_workdir)       \
    X(git_ignore_path_is_ignored)     \
    X(git_index_entrycount)           \
    X(git_index_free)                 \
    X(git_index_get_byindex)          \
    X(git_merge_file)                 \
    X(git_merge_file_result_free)     \
    X(git_odb_add_backend)            \
    X(git_odb_backend_loose)          \
    X(git_odb_free)                   \
    X(git_odb_new)                    \
    X(git_odb_object_data)            \
    X(git_odb_object_free)            \
    X(git_odb_object_size)            \
    X(git_odb_object_type)            \
    X(git_odb_read)                   \
    X(git_odb_write)                  \
    X(git_patch_free)                 \
    X(git_patch_from_buffers)         \
    X(git_patch_from_diff)            \
    X(git_patch_get_delta)            \
    X(git_patch_get_hunk)             \
    X(git_patch_get_line_in_hunk)     \
    X(git_patch_num_hunks)            \
    X(git_patch_to_buf)               \
    X(git_reference_name_to_id)       \
    X(git_repository_config_snapshot) \
    X(git_repository_free)            \
    X(git_repository_index)           \
    X(git_repository_open_ext)        \
    X(git_repository_workdir)         \
    X(git_tree_free)

/// The functions of libgit2 that we call, under their own names.
struct GitLibrary {
#define EC_GIT_MEMBER(name) decltype(&::name) name = nullptr;
    EC_GIT_FUNCTIONS(EC_GIT_MEMBER)
#undef EC_GIT_MEMBER
};

/// Fails with `unavailable` where the shared library is not installed.
Result<const GitLibrary*> git_library();

/// Frees what a member function of the library frees. A handle exists only where the library was loaded.
template <auto Free>
struct GitFree {
    template <class T>
    void operator()(T* object) const {
        ((*git_library())->*Free)(object);
    }
};

using RepositoryHandle = std::unique_ptr<git_repository, GitFree<&GitLibrary::git_repository_free>>;
using ConfigHandle = std::unique_ptr<git_config, GitFree<&GitLibrary::git_config_free>>;
using CommitHandle = std::unique_ptr<git_commit, GitFree<&GitLibrary::git_commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, GitFree<&GitLibrary::git_tree_free>>;
using DiffHandle = std::unique_ptr<git_diff, GitFree<&GitLibrary::git_diff_free>>;
using IndexHandle = std::unique_ptr<git_index, GitFree<&GitLibrary::git_index_free>>;
using OdbHandle = std::unique_ptr<git_odb, GitFree<&GitLibrary::git_odb_free>>;
using OdbObjectHandle = std::unique_ptr<git_odb_object, GitFree<&GitLibrary::git_odb_object_free>>;
using PatchHandle = std::unique_ptr<git_patch, GitFree<&GitLibrary::git_patch_free>>;

/// An error that ends with libgit2's own words.
std::unexpected<Error> git_failure(const GitLibrary& git, const std::string& what, ErrorCode code = ErrorCode::io);

}  // namespace ec::vcs
