// Bundles: the blobs that a job names, kept once however many jobs name the same ones. A blob that is in a bundle is
// not removed. Threads: as the Database.
#pragma once

#include <ec/sql/sql.hpp>
#include <ec/swarm/job.hpp>
#include <span>
#include <string>

namespace ec::swarm {

/// One more job names these; the bundle's id, empty when there are none. `not_found` when the account lacks one.
Result<std::string> keep_bundle(sql::Database& database, const std::string& account, std::span<const BlobId> blobs);
/// One job fewer.
Status leave_bundle(sql::Database& database, const std::string& account, const std::string& bundle);

}  // namespace ec::swarm
