#include "scratch.hpp"

#include <cstdint>
#include <optional>

namespace ec::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = 256ULL << 20;
constexpr std::uint64_t kMostFiles = 50'000;

Status copy_tree(const fs::path& from, const fs::path& to) {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
    std::error_code error;
    fs::recursive_directory_iterator walk(from, fs::directory_options::skip_permission_denied, error);
    for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
        const fs::directory_entry& entry = *walk;
        if (entry.path().filename() == ".git") {
            if (entry.is_directory(error)) walk.disable_recursion_pending();
            continue;
        }
        const fs::path target = to / entry.path().lexically_relative(from);
        if (++files > kMostFiles) return fail(ErrorCode::too_large, "the project has too many files to be copied");
        if (entry.is_symlink(error)) {
            fs::copy_symlink(entry.path(), target, error);
        } else if (entry.is_directory(error)) {
            fs::create_directories(target, error);
        } else if (entry.is_regular_file(error)) {
            bytes += entry.file_size(error);
            if (bytes > kMostBytes) return fail(ErrorCode::too_large, "the project is too large to be copied");
            fs::copy_file(entry.path(), target, error);
        }
        error.clear();  // a file that cannot be read is one that the tests cannot read either
    }
    return {};
}

Status put(const fs::path& root, const std::string& path, const std::optional<std::string>& content) {
    if (!is_inside_relative(path)) return fail(ErrorCode::invalid_argument, path + " leaves the project");
    const fs::path target = root / path;
    std::error_code error;
    // A link at the file's place or above it would lead out of the copy.
    if (fs::weakly_canonical(target.parent_path(), error)
            .lexically_relative(fs::canonical(root, error))
            .native()
            .starts_with("..")) {
        return fail(ErrorCode::denied, path + " leads out of the project");
    }
    fs::remove(target, error);
    if (!content) return {};
    fs::create_directories(target.parent_path(), error);
    return write_file_atomic(target, *content);
}

}  // namespace

Result<Scratch> Scratch::make(const fs::path& workspace, const Draft& draft) {
    EC_ASSIGN(TempDir dir, TempDir::create("edgecoder-scratch-"));
    // The last part of the name stays: some projects look at it.
    const fs::path root = dir.path() / workspace.filename();
    std::error_code error;
    fs::create_directories(root, error);
    EC_TRY(copy_tree(workspace, root));
    for (const executor::FileEdit& edit : draft.edits()) EC_TRY(put(root, edit.path, edit.content));
    for (const vcs::FileVersion& file : draft.versions()) {
        if (file.removed) EC_TRY(put(root, file.path, std::nullopt));
    }
    return Scratch(std::move(dir), root);
}

}  // namespace ec::agent
