#include "tree_patch.hpp"

#include <fmt/format.h>

#include <ec/agent/judging_files.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>

namespace ec::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFileBytes = 8ULL << 20;

// Every folder on the way is one, and what stands at the end is a file or nothing: no link leads anywhere else.
Status check_place(const fs::path& root, const std::string& path) {
    if (!is_inside_relative(path)) return fail(ErrorCode::corrupt, "a path of the patch leaves the tree");
    fs::path at = root;
    std::error_code error;
    for (const fs::path& part : fs::path(path)) {
        at /= part;
        if (fs::symlink_status(at, error).type() == fs::file_type::symlink)
            return fail(ErrorCode::conflict, fmt::format("{} is a link, or lies behind one", path));
    }
    return {};
}

}  // namespace

vcs::ReadText reader_of(const fs::path& root) {
    return [root](const std::string& path) -> Result<std::optional<std::string>> {
        EC_TRY(check_place(root, path));
        std::error_code error;
        const fs::file_type type = fs::symlink_status(root / path, error).type();
        if (type == fs::file_type::not_found) return std::nullopt;
        if (type != fs::file_type::regular) return fail(ErrorCode::conflict, fmt::format("{} is no file", path));
        return read_file(root / path, kFileBytes);
    };
}

Result<std::vector<vcs::FileVersion>> files_of_patch(std::string_view patch, const fs::path& root) {
    if (patch.empty()) return std::vector<vcs::FileVersion>{};
    return vcs::apply_patch(patch, reader_of(root));
}

Status write_files(const std::vector<vcs::FileVersion>& files, const fs::path& root) {
    for (const vcs::FileVersion& file : files) {
        EC_TRY(check_place(root, file.path));
        const fs::path place = root / file.path;
        std::error_code error;
        if (file.removed) {
            fs::remove(place, error);
        } else {
            fs::create_directories(place.parent_path(), error);
            if (!error) EC_TRY(write_file_atomic(place, file.after));
        }
        if (error) return fail(ErrorCode::io, fmt::format("cannot write {}: {}", file.path, error.message()));
    }
    return {};
}

std::string forbidden_change(const std::vector<vcs::FileVersion>& files, const executor::TestCommand& command,
                             const agent::FileSource& tree) {
    for (const vcs::FileVersion& file : files) {
        if (executor::is_guarded_path(file.path))
            return fmt::format("it changes {}, which is run or obeyed without being asked for", file.path);
    }
    if (const auto judging = agent::judging_files(files, command, tree); !judging.empty())
        return fmt::format("it changes {}, which say when a change is right", join(judging, ", "));
    return {};
}

}  // namespace ec::apps
