#include <git2/merge.h>

#include <algorithm>
#include <cctype>
#include <ec/core/text.hpp>
#include <ec/vcs/patch.hpp>
#include <set>

#include "git_library.hpp"

namespace ec::vcs {
namespace {

bool git_folder(std::string_view part) {
    if (part.size() != 4) return false;
    std::string lower(part);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return lower == ".git";
}

bool safe_path(std::string_view path) {
    if (path.empty() || path.size() > 4096 || path.front() == '/' || path.find('\0') != std::string_view::npos)
        return false;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view part = path.substr(begin, end - begin);
        if (part.empty() || part == "." || part == ".." || git_folder(part)) return false;
        begin = end + 1;
    }
    return true;
}

// Lines with their ends: the last one may have none.
std::vector<std::string_view> whole_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return lines;
}

class Applied {
public:
    Applied(const std::string& path, std::string_view before) : path_(path), lines_(whole_lines(before)) {}

    // Lines up to the hunk stay; a hunk that only adds stands behind its line, any other at it.
    Status begin(const git_diff_hunk& hunk) {
        const auto start = static_cast<std::size_t>(hunk.old_start);
        const std::size_t at = hunk.old_lines == 0 ? start : start - std::min<std::size_t>(start, 1);
        if (at < next_ || at > lines_.size()) return misfit();
        while (next_ < at) after_.append(lines_[next_++]);
        return {};
    }
    Status take(char origin, std::string_view text) {
        switch (origin) {
            case GIT_DIFF_LINE_CONTEXT:
            case GIT_DIFF_LINE_DELETION:
                if (next_ >= lines_.size() || without_end(lines_[next_]) != without_end(text)) return misfit();
                if (origin == GIT_DIFF_LINE_CONTEXT) after_.append(lines_[next_]);
                ++next_;
                return {};
            case GIT_DIFF_LINE_ADDITION:
                after_.append(text);
                return {};
            case GIT_DIFF_LINE_ADD_EOFNL:  // "\\ No newline at end of file" behind an added line
                if (after_.ends_with('\n')) after_.pop_back();
                return {};
            case GIT_DIFF_LINE_DEL_EOFNL:
            case GIT_DIFF_LINE_CONTEXT_EOFNL:
                return {};
            default:
                return fail(ErrorCode::corrupt, "the patch of " + path_ + " has a line that belongs to no hunk");
        }
    }
    std::string finish() {
        while (next_ < lines_.size()) after_.append(lines_[next_++]);
        return std::move(after_);
    }

private:
    static std::string_view without_end(std::string_view line) {
        return line.ends_with('\n') ? line.substr(0, line.size() - 1) : line;
    }
    std::unexpected<Error> misfit() const { return fail(ErrorCode::conflict, "the patch does not fit " + path_); }

    const std::string& path_;
    std::vector<std::string_view> lines_;
    std::size_t next_ = 0;
    std::string after_;
};

Result<std::string> apply_hunks(const GitLibrary& git, git_patch* patch, const std::string& path,
                                std::string_view before) {
    Applied applied(path, before);
    for (std::size_t index = 0; index < git.git_patch_num_hunks(patch); ++index) {
        const git_diff_hunk* hunk = nullptr;
        std::size_t lines = 0;
        if (git.git_patch_get_hunk(&hunk, &lines, patch, index) != 0)
            return git_failure(git, "cannot read the patch of " + path, ErrorCode::corrupt);
        EC_TRY(applied.begin(*hunk));
        for (std::size_t at = 0; at < lines; ++at) {
            const git_diff_line* line = nullptr;
            if (git.git_patch_get_line_in_hunk(&line, patch, index, at) != 0)
                return git_failure(git, "cannot read the patch of " + path, ErrorCode::corrupt);
            EC_TRY(applied.take(line->origin, std::string_view(line->content, line->content_len)));
        }
    }
    return applied.finish();
}

Result<FileVersion> apply_one(const GitLibrary& git, git_patch* patch, const ReadText& read) {
    const git_diff_delta* delta = git.git_patch_get_delta(patch);
    FileVersion file;
    file.created = delta->status == GIT_DELTA_ADDED;
    file.removed = delta->status == GIT_DELTA_DELETED;
    const char* const name = file.created ? delta->new_file.path : delta->old_file.path;
    file.path = name == nullptr ? "" : name;
    if (!safe_path(file.path)) return fail(ErrorCode::corrupt, "the patch names a path that no project has");
    if ((delta->flags & GIT_DIFF_FLAG_BINARY) != 0)
        return fail(ErrorCode::corrupt, "the patch of " + file.path + " is binary");
    if (!file.created && !file.removed && (delta->new_file.path == nullptr || file.path != delta->new_file.path))
        return fail(ErrorCode::corrupt, "the patch renames " + file.path);
    EC_ASSIGN(const std::optional<std::string> before, read(file.path));
    if (before.has_value() == file.created) {
        return fail(ErrorCode::conflict, file.created ? file.path + " is there already" : "there is no " + file.path);
    }
    file.before = before.value_or("");
    EC_ASSIGN(file.after, apply_hunks(git, patch, file.path, file.before));
    if (file.removed && !file.after.empty())
        return fail(ErrorCode::conflict, "the patch removes " + file.path + ", which holds more");
    return file;
}

}  // namespace

Result<std::vector<FileVersion>> apply_patch(std::string_view patch, const ReadText& read) {
    if (patch.size() > kMaxPatch) return fail(ErrorCode::too_large, "the patch is larger than 8 MiB");
    std::vector<FileVersion> files;
    if (trim(patch).empty()) return files;
    EC_ASSIGN(const GitLibrary* const git, git_library());
    git_diff* raw = nullptr;
    if (git->git_diff_from_buffer(&raw, patch.data(), patch.size()) != 0)
        return git_failure(*git, "this is no patch", ErrorCode::corrupt);
    const DiffHandle diff(raw);
    std::set<std::string> seen;
    for (std::size_t index = 0; index < git->git_diff_num_deltas(diff.get()); ++index) {
        git_patch* one = nullptr;
        if (git->git_patch_from_diff(&one, diff.get(), index) != 0 || one == nullptr)
            return git_failure(*git, "the patch cannot be read", ErrorCode::corrupt);
        const PatchHandle handle(one);
        EC_ASSIGN(FileVersion file, apply_one(*git, one, read));
        if (!seen.insert(file.path).second)
            return fail(ErrorCode::corrupt, "the patch changes " + file.path + " twice");
        files.push_back(std::move(file));
    }
    if (files.empty()) return fail(ErrorCode::corrupt, "the patch changes no file");
    return files;
}

Result<MergedText> merge_texts(std::string_view base, std::string_view ours, std::string_view theirs,
                               const std::string& our_label, const std::string& their_label) {
    EC_ASSIGN(const GitLibrary* const git, git_library());
    const auto input = [](std::string_view text) {
        git_merge_file_input side = GIT_MERGE_FILE_INPUT_INIT;
        side.ptr = text.data() == nullptr ? "" : text.data();
        side.size = text.size();
        return side;
    };
    const git_merge_file_input ancestor = input(base);
    const git_merge_file_input our_side = input(ours);
    const git_merge_file_input their_side = input(theirs);
    git_merge_file_options options = GIT_MERGE_FILE_OPTIONS_INIT;
    options.our_label = our_label.c_str();
    options.their_label = their_label.c_str();
    git_merge_file_result result{};
    if (git->git_merge_file(&result, &ancestor, &our_side, &their_side, &options) != 0)
        return git_failure(*git, "the texts cannot be merged");
    MergedText merged{result.ptr == nullptr ? "" : std::string(result.ptr, result.len), result.automergeable != 0};
    git->git_merge_file_result_free(&result);
    return merged;
}

}  // namespace ec::vcs
