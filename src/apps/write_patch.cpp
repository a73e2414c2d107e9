#include "write_patch.hpp"

#include <fmt/format.h>

#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>

#include "data_dir.hpp"

namespace ec::apps {
namespace {

using Kind = executor::Change::Kind;

Result<executor::Change> change_of(const std::filesystem::path& root, const vcs::FileVersion& file) {
    executor::Change change;
    change.path = file.path;
    change.content = file.after;
    EC_ASSIGN(change.before, executor::identify(root, file.path));
    const auto changed = [&] {
        return fail(ErrorCode::conflict, fmt::format("{} was changed meanwhile; nothing was written", file.path),
                    "try again");
    };
    if (!change.before.exists) {
        if (!file.created) return changed();
        change.kind = Kind::created;
        return change;
    }
    if (file.created) return changed();
    EC_ASSIGN(const std::string now, read_file(root / file.path));
    if (now != file.before) return changed();
    change.mode = static_cast<unsigned>(std::filesystem::status(root / file.path).permissions()) & 0777U;
    if (file.removed) change.kind = Kind::deleted;
    return change;
}

}  // namespace

Status write_patch(const std::filesystem::path& root, const std::vector<vcs::FileVersion>& files,
                   const std::vector<std::string>& approved, std::string_view who) {
    std::vector<executor::Change> changes;
    executor::ApplyOptions apply_options;
    EC_ASSIGN(apply_options.undo_dir, undo_dir());
    apply_options.approved = approved;
    for (const vcs::FileVersion& file : files) {
        EC_ASSIGN(executor::Change change, change_of(root, file));
        changes.push_back(std::move(change));
    }
    // Asked first: a patch is written as a whole or not at all.
    for (const executor::Change& change : changes) {
        if (!executor::is_guarded_path(change.path) || executor::is_approved(change.path, approved)) continue;
        return fail(ErrorCode::denied,
                    fmt::format("{} may not be written by {}; nothing was written", change.path, who),
                    fmt::format("to allow it add --approve {}", shell_quote(change.path)));
    }
    EC_ASSIGN(const executor::Applied applied, executor::apply_changes(root, changes, apply_options));
    if (!applied.refused.empty()) {
        return fail(ErrorCode::denied, fmt::format("{} may not be written by {}", applied.refused.front().path, who),
                    "edgecoder undo takes back what was written");
    }
    return {};
}

}  // namespace ec::apps
