#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ec/swarm/snapshot.hpp>
#include <unordered_set>

#include "snapshot_blobs.hpp"
#include "snapshot_files.hpp"
#include "snapshot_list.hpp"

namespace ec::swarm {
namespace {

class Packer {
public:
    Packer(const SnapshotWish& wish, const GroupKey& group, const std::function<Status(SealedBlob)>& sink)
        : wish_(wish), group_(group), sink_(sink) {}

    Result<PackedSnapshot> pack(std::stop_token stop) {
        EC_ASSIGN(const TreeReader tree, TreeReader::open(wish_.root));
        EC_ASSIGN(SnapshotList list, list_snapshot(wish_, tree));
        packed_.withheld = std::move(list.left_out);
        for (const std::string& path : list.paths) {
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
            auto entry = tree.read(path, wish_.limits.file_bytes);
            if (!entry && entry.error().code == ErrorCode::too_large) {
                packed_.withheld.emplace_back(path, entry.error().message);
                continue;
            }
            if (!entry) return fail(entry.error());
            EC_TRY(add(path, *entry));
        }
        packed_.digest = digest_.finish();
        packed_.name = group_.blob_id(packed_.digest);
        EC_TRY(seal(write(packed_.files), packed_.manifest, packed_.manifest_keys));
        return std::move(packed_);
    }

private:
    Status add(const std::string& path, const TreeEntry& entry) {
        if (entry.kind == EntryKind::absent || entry.kind == EntryKind::folder) return {};
        if (const std::string why = reason_against(path, entry); !why.empty()) {
            packed_.withheld.emplace_back(path, why);
            return {};
        }
        bytes_ += entry.content.size();
        if (bytes_ > wish_.limits.bytes) {
            return fail(ErrorCode::too_large, fmt::format("the snapshot is larger than {} bytes", wish_.limits.bytes),
                        "submit a folder of the project with --dir");
        }
        ManifestFile file;
        file.path = path;
        file.mode = entry.mode;
        file.symlink = entry.kind == EntryKind::link;
        file.bytes = entry.content.size();
        EC_TRY(seal(entry.content, file.blobs, file.keys));
        digest_.add(path, file.mode, file.symlink, crypto::sha256(entry.content));
        packed_.files.push_back(std::move(file));
        return {};
    }

    std::string reason_against(const std::string& path, const TreeEntry& entry) const {
        if (entry.kind == EntryKind::special) return "neither a file nor a folder";
        if (const Status good = check_path(path); !good) return good.error().message;
        if (entry.kind == EntryKind::link) {
            if (const Status good = check_link(path, entry.content); !good) return good.error().message;
        }
        return wish_.withheld ? wish_.withheld(path, entry.content) : std::string();
    }

    Status seal(std::string_view content, std::vector<BlobId>& ids, std::vector<std::string>& keys) {
        while (!content.empty()) {
            const std::string_view piece = content.substr(0, kBlobPlainBytes);
            content.remove_prefix(piece.size());
            const BlobId id = group_.blob_id(piece);
            const crypto::SealKey key = group_.blob_key(piece);
            ids.push_back(id);
            keys.emplace_back(key.reveal());
            if (!seen_.insert(id.text()).second) continue;
            packed_.blobs.push_back(id);
            EC_TRY(sink_(SealedBlob{id, key.seal(piece, blob_context(id))}));
        }
        return {};
    }

    const SnapshotWish& wish_;
    const GroupKey& group_;
    const std::function<Status(SealedBlob)>& sink_;
    PackedSnapshot packed_;
    TreeDigest digest_;
    std::unordered_set<std::string> seen_;
    std::uint64_t bytes_ = 0;
};

}  // namespace

Result<PackedSnapshot> pack(const SnapshotWish& wish, const GroupKey& group,
                            const std::function<Status(SealedBlob)>& sink, std::stop_token stop) {
    EC_ASSIGN(PackedSnapshot packed, Packer(wish, group, sink).pack(std::move(stop)));
    if (packed.files.empty()) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} has no files to send", wish.root.string()),
                    "git add the files, or name them with --include");
    }
    return packed;
}

}  // namespace ec::swarm
