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
//   POST /v1/jobs/{id}/cancel
//   POST /v1/jobs/{id}/verdict         the submitter's own: task, good
//   POST /v1/jobs/{id}/keys            the job's key sealed to a node that asked for it
//   POST /v1/blobs                     blobs in binary frames; POST /v1/blobs/missing: which of these are not here
//   POST /v1/blobs/fetch               ids → blobs in binary frames
//   POST /v1/claim                     long poll: offer, most, wait_s < 30 → leases
//   POST /v1/heartbeat                 held leases, telemetry → what became of them, next_s, drain
//   POST /v1/complete                  one report or several → what became of each
//   POST /v1/give-back                 task, fence, reason
//   GET  /v1/tasks/{id}/key?fence=     the job's key for this node, once the submitter gave it (long poll)
//
// All but /v1/hello are signed (identity). JSON bytes that are sealed travel as base64. Blob frames: 4 bytes of id
// length, id, 4 bytes of length, bytes, big-endian.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/swarm/job.hpp>
#include <ec/swarm/power.hpp>
#include <ec/swarm/queue.hpp>
#include <ec/swarm/snapshot.hpp>
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
    ProtocolVersion protocol;
};
struct HeartbeatReply {
    std::vector<Renewal> held;
    std::int64_t now_ms = 0;  ///< the server's
    int next_s = 30;
    bool drain = false;  ///< the coordinator goes down: try another
};

std::string write(const NewJob& job);
std::string write(const ClaimRequest& request);
std::string write(const std::vector<Lease>& leases, ProtocolVersion version);
std::string write(const HeartbeatRequest& request);
std::string write(const HeartbeatReply& reply);
std::string write(const std::vector<Report>& reports);
std::string write(const std::vector<Result<Completion>>& completions);
std::string write(const JobStatus& job);
std::string write(const std::vector<JobStatus>& jobs);
std::string write(const Event& event);
std::string write(const Explanation& explanation);

/// `invalid_argument` with the names of fields at fault, before anything is looked up.
Result<std::vector<NewJob>> read_new_jobs(std::string_view body);
Result<ClaimRequest> read_claim_request(std::string_view body);
Result<std::vector<Lease>> read_leases(std::string_view body);
Result<HeartbeatRequest> read_heartbeat(std::string_view body);
Result<HeartbeatReply> read_heartbeat_reply(std::string_view body);
Result<std::vector<Report>> read_reports(std::string_view body);
Result<std::vector<Result<Completion>>> read_completions(std::string_view body);
Result<JobStatus> read_job(std::string_view body);
Result<std::vector<JobStatus>> read_jobs(std::string_view body);
Result<Event> read_event(std::string_view body);
Result<Explanation> read_explanation(std::string_view body);

std::string write_frames(const std::vector<SealedBlob>& blobs);
Result<std::vector<SealedBlob>> read_frames(std::string_view bytes);

}  // namespace ec::swarm
