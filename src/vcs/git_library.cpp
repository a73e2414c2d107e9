#include "git_library.hpp"

#include <dlfcn.h>

namespace ec::vcs {
namespace {

Result<GitLibrary> load() {
    void* handle = ::dlopen(EC_LIBGIT2_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        return fail(ErrorCode::unavailable, "cannot load " EC_LIBGIT2_SONAME, "install the package that brings it");
    }
    GitLibrary git;
#define EC_GIT_BIND(name)                                                    \
    git.name = reinterpret_cast<decltype(git.name)>(::dlsym(handle, #name)); \
    if (git.name == nullptr) return fail(ErrorCode::unavailable, EC_LIBGIT2_SONAME " lacks " #name);
    EC_GIT_FUNCTIONS(EC_GIT_BIND)
#undef EC_GIT_BIND
    git.git_libgit2_init();
    return git;
}

}  // namespace

Result<const GitLibrary*> git_library() {
    static const Result<GitLibrary> kLibrary = load();
    if (!kLibrary) return fail(kLibrary.error());
    return &*kLibrary;
}

std::unexpected<Error> git_failure(const GitLibrary& git, const std::string& what, ErrorCode code) {
    const git_error* last = git.git_error_last();
    return fail(code,
                what + ": " + (last != nullptr && last->message != nullptr ? last->message : "unknown git error"));
}

}  // namespace ec::vcs
