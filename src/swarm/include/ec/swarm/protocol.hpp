// The messages between coordinator, workers and submitters as JSON: protocol 1.1, and 1.0 of the version before. Typed
// both ways; hostile bytes become structs here and nowhere else. Pure functions.
//
//   POST /v1/nodes                     join: token, key, kind → node                (signed by the key that joins)
//   POST /v1/hello                     protocol versions → version, server time, rules
//   POST /v1/jobs                      submit, or several in one → ids               Idempotency-Key
//   GET  /v1/jobs?before=&limit=       list
//   GET  /v1/jobs/{id}                 show
//   GET  /v1/jobs/{id}/events?after=   server-sent events; Last-Event-ID
//   GET  /v1/jobs/{id}/explain
//   GET  /v1/jobs/{id}/receipts        of its paid tasks: leaf of the log, its number, its proof
//   POST /v1/jobs/{id}/cancel
//   POST /v1/jobs/{id}/verdict         the submitter's own: task, good
//   POST /v1/jobs/{id}/keys            the job's key sealed to a node that asked for it
//   POST /v1/blobs                     blobs in binary frames; POST /v1/blobs/missing: which of these are not here
//   POST /v1/blobs/fetch               ids → blobs in binary frames
//   POST /v1/claim                     long poll: offer, most, wait_s < 30 → leases
//   POST /v1/heartbeat                 held leases, telemetry, wait_s < 30 → what became of them, next_s, drain
//   POST /v1/complete                  one report or several → what became of each
//   POST /v1/give-back                 task, fence, reason
//   GET  /v1/tasks/{id}/key?fence=     the job's key for this node, once the submitter gave it (long poll)
//
// All but /v1/hello are signed (identity). JSON bytes that are sealed travel as base64. Blob frames: 4 bytes of id
// length, id, 4 bytes of length, bytes, big-endian.
//
// 1.1 has batches: `leases`, `reports`, `jobs` are arrays. 1.0, which a request without `protocol` speaks, has one
// `lease` or null, one report and its answer as objects. Fields that are not known are passed over, so that a newer
// client is understood; it is answered in 1.1.
//
// Who submits, hands in or judges again gets the same answer again, with kReplayed among its headers: there, and not in
// the body, `again` of Submitted and Completion travels.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/core/secret.hpp>
#include <ec/swarm/job.hpp>
#include <ec/swarm/power.hpp>
#include <ec/swarm/queue.hpp>
#include <ec/swarm/snapshot.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::swarm {

struct ProtocolVersion {
    int major = 1;
    int minor = 1;
    auto operator<=>(const ProtocolVersion&) const = default;
};
inline constexpr ProtocolVersion kProtocol{1, 1};
inline constexpr ProtocolVersion kOldestProtocol{1, 0};

/// `1.1`; `invalid_argument` for another major version. A newer minor one is taken as kProtocol.
Result<ProtocolVersion> parse_protocol(std::string_view text);
std::string name(ProtocolVersion version);

struct HelloRequest {
    std::vector<std::string> versions;  ///< that the client speaks: "1.1"; those not understood count for nothing
};
struct Hello {
    ProtocolVersion version;  ///< the newest that both speak
    std::int64_t now_ms = 0;  ///< the server's time
    std::int64_t lease_ms = 0;
    std::string server;  ///< the log's verifier key
};
struct JoinRequest {
    Secret token;
    crypto::PublicKey key;
    identity::NodeKind kind = identity::NodeKind::worker;
    std::string label;
};
struct Verdict {
    TaskId task;
    bool good = false;
};
struct KeyGift {
    identity::NodeId node;
    std::string sealed;  ///< the job's key, to that node
};
/// Where the log tells of a payment.
struct Receipt {
    TaskId task;
    std::optional<std::int64_t> index;  ///< of the leaf; nothing while no checkpoint covers it
    std::string leaf;
    std::string proof;  ///< c2sp.org/tlog-proof@v1, with the checkpoint
};
struct GiveBack {
    TaskId task;
    Fence fence;
    std::string reason;  ///< one of our words: [a-z0-9_]{1,64}
};
struct ClaimRequest {
    Offer offer;
    unsigned most = 1;
    int wait_s = 25;  ///< 0 to 29
    ProtocolVersion protocol;
};
struct HeartbeatRequest {
    std::vector<Held> held;
    Offer offer;
    int slots = 1;
    Telemetry telemetry;
    std::string holding_back;  ///< why it takes no work now, or empty
    /// 0 to 29: the answer may wait so long, until a job of what is held has ended. Nobody waits who holds nothing.
    int wait_s = 0;
    ProtocolVersion protocol;
};
struct HeartbeatReply {
    std::vector<Renewal> held;
    std::int64_t now_ms = 0;  ///< the server's
    int next_s = 30;          ///< 0: at once, for this answer waited
    bool drain = false;       ///< the coordinator goes down: try another
};

/// Header with the value "true": nothing of this request was new.
inline constexpr std::string_view kReplayed = "Idempotency-Replayed";

inline constexpr unsigned kMostLeases = 64;    ///< of one claim
inline constexpr unsigned kMostHeld = 256;     ///< of one heartbeat
inline constexpr unsigned kMostReports = 64;   ///< of one request
inline constexpr unsigned kMostJobs = 100;     ///< of one request
inline constexpr unsigned kMostIds = 1024;     ///< blobs asked for at once
inline constexpr unsigned kMostBlobs = 65536;  ///< of one job
inline constexpr int kLongestWait = 29;        ///< seconds

std::string write(const HelloRequest& request);
std::string write(const Hello& hello);
std::string write(const JoinRequest& request);
std::string write(const identity::Node& node);
std::string write(const NewJob& job);
std::string write(const std::vector<NewJob>& jobs);
std::string write(const std::vector<Submitted>& jobs);
std::string write(const Verdict& verdict);
std::string write(const KeyGift& gift);
std::string write(const GiveBack& back);
std::string write(const ClaimRequest& request);
std::string write(const std::vector<Lease>& leases, ProtocolVersion version);
std::string write(const HeartbeatRequest& request);
std::string write(const HeartbeatReply& reply);
std::string write(const std::vector<Report>& reports);
/// In 1.0: the first alone, which is no error.
std::string write(const std::vector<Result<Completion>>& completions, ProtocolVersion version = kProtocol);
std::string write(const JobStatus& job);
std::string write(const std::vector<JobStatus>& jobs);
std::string write(const Event& event);
std::string write(const Explanation& explanation);
std::string write(const std::vector<Receipt>& receipts);
std::string write(const std::vector<BlobId>& ids);
std::string write_key(const std::string& sealed);

/// `invalid_argument` with the names of fields at fault, before anything is looked up.
Result<HelloRequest> read_hello_request(std::string_view body);
Result<Hello> read_hello(std::string_view body);
Result<JoinRequest> read_join(std::string_view body);
Result<identity::Node> read_node(std::string_view body);
/// One job, or `jobs`.
Result<std::vector<NewJob>> read_new_jobs(std::string_view body);
Result<std::vector<Submitted>> read_submitted(std::string_view body);
Result<Verdict> read_verdict(std::string_view body);
Result<KeyGift> read_key_gift(std::string_view body);
Result<GiveBack> read_give_back(std::string_view body);
Result<ClaimRequest> read_claim_request(std::string_view body);
Result<std::vector<Lease>> read_leases(std::string_view body);
Result<HeartbeatRequest> read_heartbeat(std::string_view body);
Result<HeartbeatReply> read_heartbeat_reply(std::string_view body);
struct Reports {
    std::vector<Report> reports;
    ProtocolVersion protocol;
};
Result<Reports> read_reports(std::string_view body);
Result<std::vector<Result<Completion>>> read_completions(std::string_view body);
Result<JobStatus> read_job(std::string_view body);
Result<std::vector<JobStatus>> read_jobs(std::string_view body);
Result<Event> read_event(std::string_view body);
Result<Explanation> read_explanation(std::string_view body);
Result<std::vector<Receipt>> read_receipts(std::string_view body);
/// Of what /capacity says.
Result<std::int64_t> read_searchers(std::string_view body);
Result<std::vector<BlobId>> read_ids(std::string_view body);
/// Empty: not given yet.
Result<std::string> read_key(std::string_view body);
/// What a problem document says, as the Error that it was; of its text no more than 300 characters.
Error read_problem(int status, std::string_view body);

std::string write_frames(const std::vector<SealedBlob>& blobs);
Result<std::vector<SealedBlob>> read_frames(std::string_view bytes);

}  // namespace ec::swarm
