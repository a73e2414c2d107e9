// Reading a tree that other programs write to at the same time: by descriptor, no link followed, nothing waited for.
// Private to the module.
#pragma once

#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <ec/crypto/sha256.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ec::swarm {

enum class EntryKind { absent, file, link, folder, special };

struct TreeEntry {
    EntryKind kind = EntryKind::absent;
    unsigned mode = 0644;  ///< 0755 when its owner may run it
    std::string content;   ///< of a link its target
};

/// A folder that is only read.
class TreeReader {
public:
    static Result<TreeReader> open(const std::filesystem::path& root);
    /// Absent also when a folder on the way is a link or gone.
    [[nodiscard]] EntryKind kind(const std::string& path) const;
    /// The entry with its content, as it was at one moment: read again while it changes, `conflict` when that does not
    /// end. `too_large` for a file above `most` bytes.
    [[nodiscard]] Result<TreeEntry> read(const std::string& path, std::uint64_t most) const;
    /// The names in a folder ("" is the root), sorted.
    [[nodiscard]] Result<std::vector<std::string>> names(const std::string& folder) const;

private:
    explicit TreeReader(UniqueFd root) : root_(std::move(root)) {}
    /// The folder of `path`, opened name by name; not valid when there is no such folder.
    [[nodiscard]] UniqueFd parent_of(const std::string& path) const;
    UniqueFd root_;
};

/// A tree's digest, of its entries in the order of their paths: kind, mode, path and the digest of the content.
class TreeDigest {
public:
    void add(std::string_view path, unsigned mode, bool symlink, const crypto::Sha256Digest& content);
    std::string finish() { return hash_.finish().hex(); }

private:
    crypto::Sha256 hash_;
};

}  // namespace ec::swarm
