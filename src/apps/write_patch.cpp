#include "write_patch.hpp"

#include <fmt/format.h>

#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>

#include "data_dir.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;

Result<executor::Change> change_of(const fs::path& root, const vcs::FileVersion& file) {
    executor::Change change;
    change.path = file.path;
    change.content = file.after;
    change.kind = file.created   ? executor::Change::Kind::created
                  : file.removed ? executor::Change::Kind::deleted
                                 : executor::Change::Kind::modified;
    EC_ASSIGN(change.before, executor::identify(root, file.path));
    const auto changed_meanwhile = [&] {
        return fail(ErrorCode::conflict, fmt::format("{} was changed meanwhile; nothing was written", file.path),
                    "run it again");
    };
    if (file.created != !change.before.exists) return changed_meanwhile();
    if (file.created) return change;
    EC_ASSIGN(const std::string now, read_file(root / file.path));
    if (now != file.before) return changed_meanwhile();
    change.mode = static_cast<unsigned>(fs::status(root / file.path).permissions()) & 0777U;
    return change;
}

}  // namespace

Result<executor::ApplyOptions> apply_options(const std::vector<std::string>& approved) {
    executor::ApplyOptions options;
    EC_ASSIGN(options.undo_dir, undo_dir());
    options.approved = approved;
    return options;
}

Status may_write(const std::vector<vcs::FileVersion>& files, const std::vector<std::string>& approved,
                 std::string_view who) {
    for (const vcs::FileVersion& file : files) {
        if (!executor::is_guarded_path(file.path) || executor::is_approved(file.path, approved)) continue;
        return fail(ErrorCode::denied, fmt::format("{} may not be written by {}; nothing was written", file.path, who),
                    fmt::format("to allow it add --approve {}", shell_quote(file.path)));
    }
    return {};
}

Result<executor::Applied> write_patch(const fs::path& root, const std::vector<vcs::FileVersion>& files,
                                      const std::vector<std::string>& approved, std::string_view who) {
    EC_ASSIGN(const executor::ApplyOptions options, apply_options(approved));
    std::vector<executor::Change> changes;
    for (const vcs::FileVersion& file : files) {
        EC_ASSIGN(executor::Change change, change_of(root, file));
        changes.push_back(std::move(change));
    }
    // Asked first: a change is written as a whole or not at all.
    EC_TRY(may_write(files, approved, who));
    EC_ASSIGN(executor::Applied applied, executor::apply_changes(root, changes, options));
    if (!applied.refused.empty()) {
        return fail(ErrorCode::denied, fmt::format("{} may not be written by {}", applied.refused.front().path, who),
                    "edgecoder undo takes back what was written");
    }
    return applied;
}

}  // namespace ec::apps
