// What the coordinator keeps beside the queue: sealed blobs, and jobs' keys on their way to single nodes.
//
// Tables of the coordinator's database (swarm_migrations()); every method works inside the transaction that the caller
// has open. Blobs are named within the account that stored them, so nobody can put bytes under a name that another
// will ask for. They stay as long as a job names them, and for a while after they were last asked for.
//
// Threads: as the Database. Errors: `not_found` also for what one may not see, `too_large`, `over_quota` when the
// account has stored as much as it may, `conflict` ("stale_lease").
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/identity/node.hpp>
#include <ec/sql/sql.hpp>
#include <ec/swarm/job.hpp>
#include <ec/swarm/snapshot.hpp>
#include <span>
#include <string>
#include <vector>

namespace ec::swarm {

struct BlobRules {
    std::int64_t account_bytes = 4LL << 30;
    std::int64_t keep_ms = 86'400'000;  ///< of a blob that no job names
};

class Blobs {
public:
    explicit Blobs(sql::Database& database, BlobRules rules = {}) : database_(database), rules_(rules) {}

    /// Those of `ids` that the account still has to put; the others are kept for a while longer.
    Result<std::vector<BlobId>> missing(const std::string& account, std::span<const BlobId> ids, std::int64_t now_ms);
    /// A name that is there already keeps its bytes.
    Status put(const std::string& account, std::span<const SealedBlob> blobs, std::int64_t now_ms);
    /// For the account's own node: what it stored, and what results of its jobs name. For a worker: also what jobs name
    /// of which it holds a lease. Those that are not there, or not for it, are left out.
    Result<std::vector<SealedBlob>> fetch(const identity::Node& node, std::span<const BlobId> ids);
    /// Removes blobs that no job names and nobody asked for lately; how many.
    Result<std::size_t> sweep(unsigned most, std::int64_t now_ms);

private:
    sql::Database& database_;
    BlobRules rules_;
};

class Keys {
public:
    explicit Keys(sql::Database& database) : database_(database) {}

    /// From the submitter: the job's key, sealed to the node. Giving it again changes nothing.
    Status give(const std::string& account, const JobId& job, const identity::NodeId& node, std::string_view sealed);
    /// For the worker that holds this lease; empty while the submitter has not given it. The first time it is asked
    /// for, the job gets an event "key_wanted" whose data is the node's public key.
    Result<std::string> key_of(const identity::Node& worker, const TaskId& task, Fence fence, std::int64_t now_ms);

private:
    sql::Database& database_;
};

}  // namespace ec::swarm
