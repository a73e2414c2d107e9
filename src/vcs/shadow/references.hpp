// The names in a shadow repository: one `packed-refs` file as git reads it, replaced as a whole, so that any set of
// names changes in one step. And the folder with its lock.
#pragma once

#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <map>
#include <string>

#include "object_store.hpp"

namespace ec::vcs {

struct References {
    std::map<std::uint64_t, ObjectId> snapshots;  ///< refs/checkpoints/<sequence, ten digits>
    std::map<std::string, ObjectId> marks;        ///< refs/marks/<name>

    static Result<References> load(const std::filesystem::path& folder);
    /// On the disk when it returns.
    [[nodiscard]] Status save(const std::filesystem::path& folder) const;
    /// The sequence number of a snapshot; 0 when it is not named.
    [[nodiscard]] std::uint64_t sequence_of(const ObjectId& id) const;
};

/// Makes an empty bare repository where there is none. `denied` for a folder of somebody else.
Status make_repository(const std::filesystem::path& shadow_dir, const std::filesystem::path& folder);

/// Waits at most ten seconds (`conflict`). Released with the descriptor.
enum class Access { read, write };
Result<UniqueFd> lock_repository(const std::filesystem::path& folder, Access access);

/// Puts a folder's own entries on the disk.
Status sync_directory(const std::filesystem::path& folder);

}  // namespace ec::vcs
