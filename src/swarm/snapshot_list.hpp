// Which files of a tree go into a snapshot. Private to the module.
#pragma once

#include <ec/core/result.hpp>
#include <ec/swarm/snapshot.hpp>
#include <string>
#include <utility>
#include <vector>

#include "snapshot_files.hpp"

namespace ec::swarm {

struct SnapshotList {
    std::vector<std::string> paths;  ///< sorted, each once; some may be gone by now
    std::vector<std::pair<std::string, std::string>> left_out;
};

Result<SnapshotList> list_snapshot(const SnapshotWish& wish, const TreeReader& tree);

}  // namespace ec::swarm
