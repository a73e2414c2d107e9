// The commit object of a snapshot: git's form, with our facts as "key: value" lines at the end of its message.
#pragma once

#include <ec/core/result.hpp>
#include <ec/vcs/shadow.hpp>
#include <string>
#include <string_view>

#include "object_store.hpp"

namespace ec::vcs {

/// Fails with `invalid_argument` for a key or a value that would not come back as it is.
Result<std::string> write_commit(const SnapshotInfo& info, const ObjectId& tree);

struct Commit {
    SnapshotInfo info;  ///< without id and sequence
    ObjectId tree{};
};
Result<Commit> read_commit(std::string_view text);

}  // namespace ec::vcs
