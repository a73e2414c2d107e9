// The coordinator as its workers and submitters see it: typed calls over signed HTTPS, with a list of coordinators to
// fall back on and the server's clock in place of one's own.
//
// Every call is signed over the server's time, which is asked for before the first one and when a call is refused. A
// coordinator that cannot be reached, or says that it is down, is passed over; what nobody knows the outcome of is sent
// to the next one only where doing it twice is doing it once.
//
// One call at a time per object; several objects may share a key. Errors: those of net::HttpClient, and the problem
// that the coordinator answered (its code and detail; never more of its text than 300 characters).
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/core/secret.hpp>
#include <ec/identity/signed_requests.hpp>
#include <ec/net/http_client.hpp>
#include <ec/swarm/protocol.hpp>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::swarm {

struct CoordinatorAddress {
    std::vector<std::string> urls;  ///< tried in order; https, or http on loopback
    std::string ca_file;            ///< empty: the system's
};

/// The server's time by its last answer: `off_s` is how far this machine's clock is from it.
struct ServerTime {
    std::int64_t now_s = 0;
    std::int64_t off_s = 0;
};

class CoordinatorClient {
public:
    virtual ~CoordinatorClient() = default;
    virtual Result<ServerTime> hello(std::stop_token stop) = 0;
    virtual Result<identity::Node> join(const Secret& token, identity::NodeKind kind, const std::string& label,
                                        std::stop_token stop) = 0;
    /// `key` makes it safe to ask again.
    virtual Result<std::vector<Submitted>> submit(const std::vector<NewJob>& jobs, const std::string& key,
                                                  std::stop_token stop) = 0;
    virtual Result<JobStatus> job(const JobId& id, std::stop_token stop) = 0;
    virtual Result<std::vector<JobStatus>> jobs(const JobId& before, unsigned most, std::stop_token stop) = 0;
    /// Calls `sink` for each event after `after`, once, until the job ends or `sink` returns false. A connection that
    /// breaks is made again where the last one ended; after eight in vain within half a minute, its error.
    virtual Status watch(const JobId& id, std::int64_t after, const std::function<bool(const Event&)>& sink,
                         std::stop_token stop) = 0;
    virtual Result<Explanation> explain(const JobId& id, std::stop_token stop) = 0;
    /// Of the job's tasks that were paid.
    virtual Result<std::vector<Receipt>> receipts(const JobId& id, std::stop_token stop) = 0;
    /// How many workers are here that search, and say that they have this group's key.
    virtual Result<std::int64_t> searchers(const GroupId& group, std::stop_token stop) = 0;
    virtual Status cancel(const JobId& id, std::stop_token stop) = 0;
    virtual Result<Completion> verdict(const JobId& id, const TaskId& task, bool good, std::stop_token stop) = 0;
    virtual Status give_key(const JobId& id, const identity::NodeId& node, const std::string& sealed,
                            std::stop_token stop) = 0;

    virtual Result<std::vector<BlobId>> missing(const std::vector<BlobId>& ids, std::stop_token stop) = 0;
    virtual Status put(const std::vector<SealedBlob>& blobs, std::stop_token stop) = 0;
    virtual Result<std::vector<SealedBlob>> fetch(const std::vector<BlobId>& ids, std::stop_token stop) = 0;

    virtual Result<std::vector<Lease>> claim(const ClaimRequest& request, std::stop_token stop) = 0;
    virtual Result<HeartbeatReply> heartbeat(const HeartbeatRequest& request, std::stop_token stop) = 0;
    virtual Result<std::vector<Result<Completion>>> complete(const std::vector<Report>& reports,
                                                             std::stop_token stop) = 0;
    virtual Status give_back(const TaskId& task, Fence fence, const std::string& reason, std::stop_token stop) = 0;
    /// The job's key sealed to this node; empty: not given yet.
    virtual Result<std::string> key(const TaskId& task, Fence fence, int wait_s, std::stop_token stop) = 0;
};

std::unique_ptr<CoordinatorClient> make_coordinator_client(CoordinatorAddress address, crypto::SecretKey key,
                                                           net::EgressSink& sink, std::function<std::int64_t()> now_s);

}  // namespace ec::swarm
