// What of a shadow repository's objects is still reached, and the removal of the rest.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <set>

#include "object_store.hpp"

namespace ec::vcs {

class Reachable {
public:
    Reachable(const std::filesystem::path& folder, const ObjectStore& store) : folder_(folder), store_(store) {}
    /// Adds a snapshot with all it holds; returns the bytes on the disk that nothing added before holds.
    Result<std::uint64_t> add(const ObjectId& commit);
    [[nodiscard]] bool contains(const ObjectId& id) const { return found_.contains(id); }

private:
    Result<std::uint64_t> add_tree(const ObjectId& tree, unsigned depth);
    [[nodiscard]] std::uint64_t size_of(const ObjectId& id) const;

    const std::filesystem::path& folder_;
    const ObjectStore& store_;
    std::set<ObjectId> found_;
};

/// Removes every object that is not in `keep`, and what a killed process left half written.
void sweep(const std::filesystem::path& folder, const Reachable& keep);

/// Bytes of all objects on the disk, rounded up to blocks as the file system does.
std::uint64_t stored_bytes(const std::filesystem::path& folder);

}  // namespace ec::vcs
