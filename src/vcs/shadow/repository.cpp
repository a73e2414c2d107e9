#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>
#include <ec/core/text.hpp>
#include <ec/vcs/shadow.hpp>

#include "commit_text.hpp"
#include "object_store.hpp"
#include "references.hpp"
#include "stat_cache.hpp"
#include "sweep.hpp"
#include "workspace_scan.hpp"

namespace ec::vcs {
namespace {

namespace fs = std::filesystem;

// From so many new files on, one sync of the system is cheaper than one for each.
constexpr std::size_t kManyFiles = 64;

bool is_mark(std::string_view name) {
    return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Status check(const SnapshotRequest& request, const ShadowLimits& limits) {
    if (!request.mark.empty() && !is_mark(request.mark)) {
        return fail(ErrorCode::invalid_argument, "a mark is of a-z, 0-9 and -");
    }
    if (!request.parent.empty()) EC_TRY(parse_id(request.parent));
    std::uint64_t bytes = 0;
    for (const auto& [name, texts] : request.attached) {
        if (!is_mark(name)) return fail(ErrorCode::invalid_argument, "an attachment's name is of a-z, 0-9 and -");
        for (const std::string& text : texts) bytes += text.size();
    }
    if (bytes > limits.attached_bytes) {
        return fail(ErrorCode::too_large,
                    fmt::format("more than {} bytes beside the files of a checkpoint", limits.attached_bytes));
    }
    return {};
}

// The file that says: objects are being written that are not on the disk yet. Found again, it means that the machine
// died meanwhile, and that an object which nothing names may be there by name only.
fs::path bulk_marker(const fs::path& folder) { return folder / "bulk"; }

Status begin_bulk(const fs::path& folder) {
    EC_TRY(write_file_atomic(bulk_marker(folder), "", 0600));
    return sync_directory(folder);
}

void end_bulk(const fs::path& folder) {
    ::sync();
    ::unlink(bulk_marker(folder).c_str());
}

// What a killed process left behind. Only under the lock for writing.
Status mend(const fs::path& folder, const References& references) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().filename().string().find(".edgecoder-") != std::string::npos) ::unlink(entry.path().c_str());
    }
    if (::access(bulk_marker(folder).c_str(), F_OK) != 0) return {};
    EC_ASSIGN(const ObjectStore store, ObjectStore::open(folder, true, {}));
    Reachable keep(folder, store);
    for (const auto& [sequence, id] : references.snapshots) EC_TRY(keep.add(id));
    sweep(folder, keep);
    ::unlink(bulk_marker(folder).c_str());
    return {};
}

Result<ObjectId> put_attached(const SnapshotRequest& request, ObjectStore& store) {
    std::vector<TreeEntry> groups;
    for (const auto& [name, texts] : request.attached) {
        std::vector<TreeEntry> entries;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            EC_ASSIGN(const ObjectId id, store.put(ObjectKind::blob, texts[i]));
            entries.push_back({fmt::format("{:08}", i), kFileMode, id});
        }
        EC_ASSIGN(const ObjectId group, store.put_tree(std::move(entries)));
        groups.push_back({name, kFolderMode, group});
    }
    return store.put_tree(std::move(groups));
}

Result<Commit> load_commit(const ObjectStore& store, const ObjectId& id) {
    EC_ASSIGN(const std::string text, store.get(ObjectKind::commit, id));
    EC_ASSIGN(Commit commit, read_commit(text));
    commit.info.id = hex(id);
    return commit;
}

}  // namespace

ShadowRepository::ShadowRepository(fs::path workspace, fs::path folder, ShadowOptions options)
    : workspace_(std::move(workspace)), folder_(std::move(folder)), options_(std::move(options)) {}

Result<ShadowRepository> ShadowRepository::open(const fs::path& workspace, ShadowOptions options) {
    if (options.shadow_dir.empty()) {
        return fail(ErrorCode::unavailable, "there is no place to keep checkpoints, and no home directory",
                    "set EDGECODER_DATA_DIR to a folder");
    }
    std::error_code error;
    const fs::path real = fs::canonical(workspace, error);
    if (error || !fs::is_directory(real, error)) {
        return fail(ErrorCode::not_found,
                    fmt::format("there is no directory {}", ellipsize(to_valid_utf8(workspace.native()), 200)));
    }
    const fs::path dir = fs::weakly_canonical(fs::absolute(options.shadow_dir), error);
    if (error || is_inside_relative(dir.lexically_relative(real).string())) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the checkpoints {} lie in the project they are of", dir.string()),
                    "set EDGECODER_DATA_DIR to a folder outside");
    }
    EC_TRY(git_library());
    const fs::path folder = dir / hash128(real.string()).hex();
    EC_TRY(make_repository(dir, folder));
    return ShadowRepository(real, folder, std::move(options));
}

std::uint64_t ShadowRepository::now_ns() const {
    if (options_.now_ns) return options_.now_ns();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count());
}

Result<Snapshot> ShadowRepository::snapshot(const SnapshotRequest& request) {
    EC_TRY(check(request, options_.limits));
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::write));
    step();
    EC_ASSIGN(References references, References::load(folder_));
    EC_TRY(mend(folder_, references));
    StatCache cache = StatCache::load(folder_);
    if (!cache.valid || references.sequence_of(cache.snapshot) == 0) cache = {};

    const std::uint64_t started_ns = now_ns();
    EC_ASSIGN(WorkspaceScan scan, WorkspaceScan::walk(workspace_, cache.root, options_.limits, started_ns));
    const bool bulk = scan.pending() >= kManyFiles;
    if (bulk) EC_TRY(begin_bulk(folder_));
    EC_ASSIGN(ObjectStore store, ObjectStore::open(folder_, !bulk, options_.before_step));
    EC_TRY(scan.store(store));
    Snapshot made;
    made.files = scan.files();
    made.files_read = scan.files_read();
    made.left_out = scan.take_left_out();
    made.info.files = hex(scan.root().tree);
    if (made.info.files == request.unless_files) {
        if (bulk) end_bulk(folder_);
        return made;
    }
    std::string left_out;
    for (const LeftOut& one : made.left_out) left_out.append(one.path).push_back('\0');
    EC_ASSIGN(const ObjectId left_out_names, store.put(ObjectKind::blob, left_out));
    EC_ASSIGN(const ObjectId modes, store.put(ObjectKind::blob, scan.modes()));
    EC_ASSIGN(const ObjectId attached, put_attached(request, store));
    EC_ASSIGN(const ObjectId tree, store.put_tree({{"attached", kFolderMode, attached},
                                                   {"files", kFolderMode, scan.root().tree},
                                                   {"left-out", kFileMode, left_out_names},
                                                   {"modes", kFileMode, modes}}));
    made.info.sequence = references.snapshots.empty() ? 1 : references.snapshots.rbegin()->first + 1;
    made.info.time_s = static_cast<std::int64_t>(started_ns / 1'000'000'000U);
    made.info.message = request.message;
    made.info.parent = request.parent;
    made.info.facts = request.facts;
    // Two snapshots of the same second and content are two all the same.
    made.info.facts["sequence"] = fmt::format("{}", made.info.sequence);
    EC_ASSIGN(const std::string text, write_commit(made.info, tree));
    EC_ASSIGN(const ObjectId commit, store.put(ObjectKind::commit, text));
    step();
    if (bulk) end_bulk(folder_);
    step();
    references.snapshots[made.info.sequence] = commit;
    if (!request.mark.empty()) references.marks[request.mark] = commit;
    EC_TRY(references.save(folder_));
    step();
    // A cache that cannot be written costs time, nothing else.
    if (scan.differs() || !cache.valid) static_cast<void>(StatCache::save(folder_, commit, scan.root()));
    made.info.id = hex(commit);
    return made;
}

Result<std::vector<SnapshotInfo>> ShadowRepository::list() {
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::read));
    EC_ASSIGN(const References references, References::load(folder_));
    EC_ASSIGN(const ObjectStore store, ObjectStore::open(folder_, true, {}));
    std::vector<SnapshotInfo> found;
    for (const auto& [sequence, id] : references.snapshots) {
        EC_ASSIGN(Commit commit, load_commit(store, id));
        commit.info.sequence = sequence;
        found.push_back(std::move(commit.info));
    }
    return found;
}

Result<SnapshotInfo> ShadowRepository::find(const std::string& id) {
    EC_ASSIGN(const ObjectId wanted, parse_id(id));
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::read));
    EC_ASSIGN(const References references, References::load(folder_));
    const std::uint64_t sequence = references.sequence_of(wanted);
    if (sequence == 0) return fail(ErrorCode::not_found, "there is no such checkpoint");
    EC_ASSIGN(const ObjectStore store, ObjectStore::open(folder_, true, {}));
    EC_ASSIGN(Commit commit, load_commit(store, wanted));
    commit.info.sequence = sequence;
    return std::move(commit.info);
}

Result<std::map<std::string, std::string>> ShadowRepository::marks() {
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::read));
    EC_ASSIGN(const References references, References::load(folder_));
    std::map<std::string, std::string> found;
    for (const auto& [name, id] : references.marks) found[name] = hex(id);
    return found;
}

Status ShadowRepository::set_mark(const std::string& name, const std::string& id) {
    if (!is_mark(name)) return fail(ErrorCode::invalid_argument, "a mark is of a-z, 0-9 and -");
    EC_ASSIGN(const ObjectId wanted, parse_id(id));
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::write));
    EC_ASSIGN(References references, References::load(folder_));
    if (references.sequence_of(wanted) == 0) return fail(ErrorCode::not_found, "there is no such checkpoint");
    references.marks[name] = wanted;
    step();
    return references.save(folder_);
}

Result<std::vector<std::string>> ShadowRepository::attached(const std::string& id, const std::string& name) {
    EC_ASSIGN(const ObjectId wanted, parse_id(id));
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::read));
    EC_ASSIGN(const ObjectStore store, ObjectStore::open(folder_, true, {}));
    EC_ASSIGN(const Commit commit, load_commit(store, wanted));
    EC_ASSIGN(const ObjectId all, store.entry(commit.tree, "attached"));
    EC_ASSIGN(const std::vector<TreeEntry> groups, store.get_tree(all));
    const auto group = std::ranges::find_if(groups, [&](const TreeEntry& entry) { return entry.name == name; });
    if (group == groups.end()) return fail(ErrorCode::not_found, fmt::format("the checkpoint has no {}", name));
    EC_ASSIGN(const std::vector<TreeEntry> entries, store.get_tree(group->id));
    std::vector<std::string> texts;
    for (const TreeEntry& entry : entries) {
        EC_ASSIGN(std::string text, store.get(ObjectKind::blob, entry.id));
        texts.push_back(std::move(text));
    }
    return texts;
}

Result<bool> ShadowRepository::wants_pruning() {
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::read));
    EC_ASSIGN(const References references, References::load(folder_));
    const std::size_t most = options_.limits.snapshots;
    if (references.snapshots.size() > most + most / 10) return true;
    // Counting bytes means looking at every object: now and then is enough.
    const std::uint64_t newest = references.snapshots.empty() ? 0 : references.snapshots.rbegin()->first;
    return newest % 16 == 0 && stored_bytes(folder_) > options_.limits.store_bytes;
}

Result<std::size_t> ShadowRepository::prune(const std::function<bool(const SnapshotInfo&)>& keep) {
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::write));
    EC_ASSIGN(References references, References::load(folder_));
    EC_ASSIGN(const ObjectStore store, ObjectStore::open(folder_, true, {}));
    Reachable reached(folder_, store);
    std::uint64_t bytes = 0;
    std::vector<std::uint64_t> others;  // newest first
    for (auto at = references.snapshots.rbegin(); at != references.snapshots.rend(); ++at) {
        EC_ASSIGN(Commit commit, load_commit(store, at->second));
        commit.info.sequence = at->first;
        if (!keep || !keep(commit.info)) {
            others.push_back(at->first);
            continue;
        }
        EC_ASSIGN(const std::uint64_t more, reached.add(at->second));
        bytes += more;
    }
    std::size_t kept = references.snapshots.size() - others.size();
    std::size_t dropped = 0;
    for (const std::uint64_t sequence : others) {
        const bool newest = sequence == references.snapshots.rbegin()->first;
        if (newest || (dropped == 0 && kept < options_.limits.snapshots && bytes < options_.limits.store_bytes)) {
            EC_ASSIGN(const std::uint64_t more, reached.add(references.snapshots.at(sequence)));
            bytes += more;
            ++kept;
            continue;
        }
        references.snapshots.erase(sequence);
        ++dropped;
    }
    if (dropped == 0) return 0;
    std::erase_if(references.marks, [&](const auto& mark) { return references.sequence_of(mark.second) == 0; });
    step();
    EC_TRY(references.save(folder_));
    step();
    sweep(folder_, reached);
    return dropped;
}

}  // namespace ec::vcs
