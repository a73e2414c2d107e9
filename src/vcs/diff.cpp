#include <ec/core/text.hpp>
#include <ec/vcs/diff.hpp>

#include "git_library.hpp"

namespace ec::vcs {

Result<std::string> unified_patch(const std::vector<FileVersion>& files) {
    EC_ASSIGN(const GitLibrary* const git, git_library());
    std::string out;
    for (const FileVersion& file : files) {
        if (file.created == file.removed && file.before == file.after) continue;
        git_diff_options options = GIT_DIFF_OPTIONS_INIT;
        git_patch* raw = nullptr;
        // No buffer at all is how libgit2 is told that a side has no file; an empty one is an empty file.
        const char* const before = file.created ? nullptr : file.before.data();
        const char* const after = file.removed ? nullptr : file.after.data();
        if (git->git_patch_from_buffers(&raw, before, file.before.size(), file.path.c_str(), after, file.after.size(),
                                        file.path.c_str(), &options) != 0) {
            return git_failure(*git, "cannot compare " + file.path);
        }
        const PatchHandle patch(raw);
        if ((git->git_patch_get_delta(patch.get())->flags & GIT_DIFF_FLAG_BINARY) != 0) {
            return fail(ErrorCode::invalid_argument, file.path + " is a binary file");
        }
        git_buf text = GIT_BUF_INIT;
        if (git->git_patch_to_buf(&text, patch.get()) != 0)
            return git_failure(*git, "cannot write the patch of " + file.path);
        out.append(text.ptr, text.size);
        git->git_buf_dispose(&text);
    }
    return out;
}

std::size_t changed_lines(std::string_view patch) {
    std::size_t count = 0;
    bool in_hunk = false;
    for (const std::string_view line : split_lines(patch)) {
        if (line.starts_with("diff ")) in_hunk = false;
        if (line.starts_with("@@"))
            in_hunk = true;
        else if (in_hunk && (line.starts_with('+') || line.starts_with('-')))
            ++count;
    }
    return count;
}

}  // namespace ec::vcs
