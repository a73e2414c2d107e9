// Files from a snapshot into the workspace, through the one place where anything is written there.
#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/checkpoints.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>

namespace ec::agent {
namespace {

using FileMap = std::map<std::string, vcs::ShadowFile>;

Result<FileMap> files_of(vcs::ShadowRepository& repository, const std::string& id) {
    EC_ASSIGN(const std::vector<vcs::ShadowFile> files, repository.files(id));
    FileMap map;
    for (const vcs::ShadowFile& file : files) map[file.path] = file;
    return map;
}

bool is_below_any(const std::string& path, const std::vector<std::string>& places) {
    return std::ranges::any_of(
        places, [&](const std::string& place) { return path == place || path.starts_with(place + "/"); });
}

std::unexpected<Error> not_kept(const std::string& path) {
    return fail(ErrorCode::conflict, fmt::format("{} was too large or of a kind that checkpoints do not keep", path));
}

}  // namespace

Result<std::vector<std::string>> Checkpoints::write_files(const std::set<std::string>& paths,
                                                          const std::string& expected, const std::string& target,
                                                          const RestoreOptions& options) {
    // In this order: what changes after it was identified is a conflict, what changed before is in the snapshot.
    std::map<std::string, executor::FileIdentity> identities;
    for (const std::string& path : paths) {
        EC_ASSIGN(identities[path], executor::identify(repository_.workspace(), path));
    }
    vcs::SnapshotRequest request;
    request.message = "before files were written back";
    request.facts = {{"kind", "kept"}};
    EC_ASSIGN(const vcs::Snapshot now_snapshot, snapshot(request));
    EC_ASSIGN(const FileMap now, files_of(repository_, now_snapshot.info.id));
    EC_ASSIGN(const FileMap before, files_of(repository_, expected.empty() ? now_snapshot.info.id : expected));
    EC_ASSIGN(const FileMap after, files_of(repository_, target));
    EC_ASSIGN(const std::vector<std::string> unknown, repository_.left_out(target));
    const auto at = [](const FileMap& map, const std::string& path) {
        const auto found = map.find(path);
        return found == map.end() ? vcs::ShadowFile{} : found->second;
    };

    std::vector<executor::Change> changes;
    std::vector<std::string> changed;
    for (const std::string& path : paths) {
        const vcs::ShadowFile wanted = at(after, path);
        const vcs::ShadowFile present = at(now, path);
        if (wanted == present) continue;
        if (wanted.object.empty() && is_below_any(path, unknown)) return not_kept(path);
        if (present.object.empty() && identities[path].exists) return not_kept(path);
        if (!options.force && !(present == at(before, path))) changed.push_back(path);
        if (executor::is_guarded_path(path) && !executor::is_approved(path, options.approved)) {
            return fail(ErrorCode::denied, fmt::format("{} may not be written; nothing was", path),
                        fmt::format("to allow it add --approve {}", shell_quote(path)));
        }
        executor::Change change;
        change.path = path;
        change.before = identities[path];
        change.kind = wanted.object.empty()    ? executor::Change::Kind::deleted
                      : present.object.empty() ? executor::Change::Kind::created
                                               : executor::Change::Kind::modified;
        change.mode = wanted.mode;
        change.symlink = wanted.symlink;
        if (!wanted.object.empty()) {
            EC_ASSIGN(change.content, repository_.content(wanted.object));
            if (wanted.symlink) change.symlink_target = std::exchange(change.content, {});
        }
        changes.push_back(std::move(change));
    }
    if (!changed.empty()) {
        return fail(ErrorCode::conflict, fmt::format("{} changed since; nothing was written", join(changed, ", ")));
    }
    if (changes.empty()) return std::vector<std::string>{};
    executor::ApplyOptions apply;
    apply.undo_dir = options_.undo_dir;
    apply.approved = options.approved;
    apply.before_step = options_.before_step;
    EC_ASSIGN(const executor::Applied applied, executor::apply_changes(repository_.workspace(), changes, apply));
    if (!applied.refused.empty()) {
        return fail(ErrorCode::denied, fmt::format("{} may not be written", applied.refused.front().path),
                    "edgecoder undo takes back what was written");
    }
    return applied.written;
}

Result<std::vector<std::string>> Checkpoints::restore(const std::string& snapshot, const std::set<std::string>& paths,
                                                      const RestoreOptions& options) {
    EC_TRY(repository_.find(snapshot));
    RestoreOptions any = options;
    any.force = true;
    return write_files(paths, "", snapshot, any);
}

}  // namespace ec::agent
