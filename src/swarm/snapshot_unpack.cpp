#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ec/core/fd.hpp>
#include <ec/core/text.hpp>
#include <ec/swarm/snapshot.hpp>
#include <map>
#include <set>
#include <span>

#include "snapshot_blobs.hpp"
#include "snapshot_files.hpp"

namespace ec::swarm {
namespace {

constexpr std::size_t kBlobsAtOnce = 16;

/// Opened blobs by name, fetched in parts.
class Blobs {
public:
    explicit Blobs(const BlobSource& source) : source_(source) {}

    /// Has these at hand instead of those before.
    Status fetch(const std::vector<BlobId>& wanted) {
        std::map<std::string, std::string> next;
        std::vector<BlobId> missing;
        for (const BlobId& id : wanted) {
            if (next.contains(id.text())) continue;
            auto old = sealed_.find(id.text());
            if (old == sealed_.end()) missing.push_back(id);
            next.emplace(id.text(), old == sealed_.end() ? std::string() : std::move(old->second));
        }
        sealed_ = std::move(next);
        if (missing.empty()) return {};
        EC_ASSIGN(std::vector<SealedBlob> blobs, source_(missing));
        for (SealedBlob& blob : blobs) {
            const auto place = sealed_.find(blob.id.text());
            if (place == sealed_.end() || blob.bytes.size() > kBlobBytes) {
                return fail(ErrorCode::corrupt, "a blob came that was not asked for, or is too large");
            }
            place->second = std::move(blob.bytes);
        }
        return {};
    }

    [[nodiscard]] Result<std::string> open(const BlobId& id, const std::string& key_bytes) const {
        EC_ASSIGN(const crypto::SealKey key, crypto::SealKey::from_bytes(key_bytes));
        const auto place = sealed_.find(id.text());
        if (place == sealed_.end() || place->second.empty()) {
            return fail(ErrorCode::corrupt, fmt::format("blob {} did not come", id.text()));
        }
        auto plain = key.open(place->second, blob_context(id));
        if (!plain) return fail(ErrorCode::corrupt, fmt::format("blob {} is not what was sealed", id.text()));
        return plain;
    }

private:
    const BlobSource& source_;
    std::map<std::string, std::string> sealed_;
};

Result<std::vector<ManifestFile>> fetch_manifest(const JobSpec& spec, Blobs& blobs) {
    if (spec.manifest.size() != spec.manifest_keys.size() ||
        spec.manifest.size() > kManifestBytes / kBlobPlainBytes + 1) {
        return fail(ErrorCode::corrupt, "the spec's manifest is malformed");
    }
    std::string text;
    for (std::size_t i = 0; i < spec.manifest.size(); ++i) {
        EC_TRY(blobs.fetch({spec.manifest[i]}));
        EC_ASSIGN(const std::string part, blobs.open(spec.manifest[i], spec.manifest_keys[i]));
        text += part;
    }
    EC_ASSIGN(std::vector<ManifestFile> files, read_manifest(text));
    std::ranges::sort(files, {}, &ManifestFile::path);
    return files;
}

Status check_limits(const std::vector<ManifestFile>& files, const SnapshotLimits& limits) {
    if (files.size() > limits.files) {
        return fail(ErrorCode::too_large,
                    fmt::format("the snapshot has {} files, more than {}", files.size(), limits.files));
    }
    std::uint64_t sum = 0;
    for (const ManifestFile& file : files) {
        if (file.bytes > limits.file_bytes || file.bytes > limits.bytes - sum) {
            return fail(ErrorCode::too_large, "the snapshot is larger than this machine takes");
        }
        sum += file.bytes;
    }
    return {};
}

/// An empty folder that is filled: names that are there already are refused, links are made last, so that nothing is
/// ever written through one.
class TreeWriter {
public:
    static Result<TreeWriter> open(const std::filesystem::path& folder) {
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
            return fail(from_errno(fmt::format("cannot make {}", folder.string()), errno));
        }
        UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!fd.valid()) return fail(from_errno(fmt::format("cannot open {}", folder.string()), errno));
        std::error_code error;
        if (!std::filesystem::is_empty(folder, error) || error) {
            return fail(ErrorCode::conflict, fmt::format("{} is not empty", folder.string()));
        }
        return TreeWriter(std::move(fd));
    }

    Status write(const ManifestFile& file, std::string_view content) {
        EC_ASSIGN(const UniqueFd folder, parent_of(file.path));
        const std::string name = file.path.substr(file.path.rfind('/') + 1);
        const UniqueFd out(
            ::openat(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file.mode));
        if (!out.valid()) return fail(from_errno(fmt::format("cannot make {}", file.path), errno));
        if (::fchmod(out.get(), file.mode) != 0) return fail(from_errno("cannot set a mode", errno));
        while (!content.empty()) {
            const ssize_t n = ::write(out.get(), content.data(), content.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail(from_errno(fmt::format("cannot write {}", file.path), errno));
            content.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }

    Status link(const std::string& path, const std::string& target) {
        EC_TRY(check_link(path, target));
        EC_ASSIGN(const UniqueFd folder, parent_of(path));
        const std::string name = path.substr(path.rfind('/') + 1);
        if (::symlinkat(target.c_str(), folder.get(), name.c_str()) == 0) return {};
        return fail(from_errno(fmt::format("cannot make {}", path), errno));
    }

private:
    explicit TreeWriter(UniqueFd root) : root_(std::move(root)) {}

    /// Made where it is missing.
    Result<UniqueFd> parent_of(const std::string& path) {
        UniqueFd folder(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        std::vector<std::string_view> names = split(path, '/');
        names.pop_back();
        for (const std::string_view part : names) {
            const std::string name(part);
            if (::mkdirat(folder.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
                return fail(from_errno(fmt::format("cannot make the folder of {}", path), errno));
            }
            folder = UniqueFd(::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!folder.valid()) return fail(from_errno(fmt::format("cannot open the folder of {}", path), errno));
        }
        return folder;
    }

    UniqueFd root_;
};

class Unpacker {
public:
    Unpacker(Blobs& blobs, TreeWriter& writer) : blobs_(blobs), writer_(writer) {}

    Result<std::string> run(const std::vector<ManifestFile>& files, const std::stop_token& stop) {
        std::size_t at = 0;
        while (at < files.size()) {
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
            const std::size_t begin = at;
            std::vector<BlobId> wanted;
            while (at < files.size() && (at == begin || wanted.size() + files[at].blobs.size() <= kBlobsAtOnce)) {
                wanted.insert(wanted.end(), files[at].blobs.begin(), files[at].blobs.end());
                ++at;
            }
            EC_TRY(blobs_.fetch(wanted));
            for (std::size_t i = begin; i < at; ++i) EC_TRY(place(files[i]));
        }
        for (const auto& [path, target] : links_) EC_TRY(writer_.link(path, target));
        return digest_.finish();
    }

private:
    Status place(const ManifestFile& file) {
        std::string content;
        for (std::size_t i = 0; i < file.blobs.size(); ++i) {
            EC_ASSIGN(const std::string part, blobs_.open(file.blobs[i], file.keys[i]));
            content += part;
        }
        if (content.size() != file.bytes) {
            return fail(ErrorCode::corrupt, fmt::format("{} is not as long as the manifest says", file.path));
        }
        digest_.add(file.path, file.mode, file.symlink, crypto::sha256(content));
        if (!file.symlink) return writer_.write(file, content);
        links_.emplace_back(file.path, std::move(content));
        return {};
    }

    Blobs& blobs_;
    TreeWriter& writer_;
    TreeDigest digest_;
    std::vector<std::pair<std::string, std::string>> links_;
};

void clear_folder(const std::filesystem::path& folder) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        std::filesystem::remove_all(entry.path(), error);
    }
}

}  // namespace

Status unpack(const JobSpec& spec, const BlobSource& source, const std::filesystem::path& folder,
              const SnapshotLimits& limits, std::stop_token stop) {
    Blobs blobs(source);
    EC_ASSIGN(const std::vector<ManifestFile> files, fetch_manifest(spec, blobs));
    EC_TRY(check_limits(files, limits));
    EC_ASSIGN(TreeWriter writer, TreeWriter::open(folder));
    auto digest = Unpacker(blobs, writer).run(files, stop);
    if (digest && *digest != spec.snapshot) digest = fail(ErrorCode::corrupt, "the tree is not the one that was sent");
    if (digest) return {};
    clear_folder(folder);
    return fail(digest.error());
}

}  // namespace ec::swarm
