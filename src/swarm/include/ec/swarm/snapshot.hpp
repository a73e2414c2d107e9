// A frozen snapshot of a repository: what git tracks plus chosen files, less what is ignored or looks like a secret, in
// sealed blobs named by their content.
//
// The tree outside is only read, without following a link. A folder that is no git repository is taken whole, but for
// folders of packages and caches. Unpacking takes hostile manifests: no path outside the folder, no link out of it, no
// devices, bounded files and bytes. Files go where nothing is yet, and none are left when it fails.
//
// Threads: none of its own; calls share nothing. Errors: `invalid_argument` and `not_found` for wishes, `too_large`,
// `conflict` for a file that does not stop changing, `corrupt` for what was fetched, `cancelled`, `io`.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/swarm/payload.hpp>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::swarm {

struct SnapshotLimits {
    std::size_t files = 50'000;
    std::uint64_t file_bytes = 8ULL << 20;
    std::uint64_t bytes = 256ULL << 20;
};

struct SnapshotWish {
    std::filesystem::path root;
    std::vector<std::string> also;  ///< untracked files or folders to take; below a folder nothing that is ignored
    /// Whether a file must not leave: says why, or nothing. Asked with the path and the content, of a link its target.
    std::function<std::string(const std::string& path, std::string_view content)> withheld = {};
    SnapshotLimits limits;
};

struct SealedBlob {
    BlobId id;
    std::string bytes;
};

struct PackedSnapshot {
    std::vector<ManifestFile> files;
    std::string digest;            ///< of paths, modes and contents
    BlobId name;                   ///< of the tree, within the group
    std::vector<BlobId> manifest;  ///< blobs of the manifest
    std::vector<std::string> manifest_keys;
    std::vector<BlobId> blobs;                                  ///< all, the manifest's too, each once
    std::vector<std::pair<std::string, std::string>> withheld;  ///< path ("folder/") and why
};

/// Reads the tree and hands out each sealed blob once. `withheld` files are told, never sent.
Result<PackedSnapshot> pack(const SnapshotWish& wish, const GroupKey& group,
                            const std::function<Status(SealedBlob)>& sink, std::stop_token stop);

/// Fetches these blobs, each once; some megabytes are asked for at a time.
using BlobSource = std::function<Result<std::vector<SealedBlob>>(const std::vector<BlobId>& ids)>;
/// `folder` is not there yet, or empty.
Status unpack(const JobSpec& spec, const BlobSource& source, const std::filesystem::path& folder,
              const SnapshotLimits& limits, std::stop_token stop);

}  // namespace ec::swarm
