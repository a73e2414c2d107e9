// What the coordinator's routes share. Built once by the service, in order; the routes hold references.
#pragma once

#include <atomic>
#include <ec/net/http_server.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "event_streams.hpp"
#include "gate.hpp"
#include "heartbeats.hpp"
#include "key_waits.hpp"
#include "matchmaker.hpp"
#include "presence.hpp"
#include "store.hpp"

namespace ec::apps::coordinator {

struct Counters {
    std::atomic<std::uint64_t> submitted = 0;
    std::atomic<std::uint64_t> leased = 0;
    std::atomic<std::uint64_t> completed = 0;
    std::atomic<std::uint64_t> refused_reports = 0;
    std::atomic<std::uint64_t> heartbeats = 0;
    std::atomic<std::uint64_t> swept = 0;
};

/// Seals a task in clear for the group of this machine: wired by `all`, for the first version's /submit from loopback.
struct PlainTask {
    std::string prompt;
    std::string language;
    std::string snapshot;
    int priority = 50;
};
struct PlainJob {
    swarm::NewJob job;
    std::vector<swarm::SealedBlob> blobs;  ///< that it names
};
using SealPlain = std::function<Result<PlainJob>(const PlainTask&)>;

struct Coordinator {
    Store& store;
    NodeCache& nodes;
    Gate& gate;
    Presence& presence;
    EventStreams& streams;
    Matchmaker& matchmaker;
    Heartbeats& heartbeats;
    KeyWaits& keys;
    Counters& counters;
    std::atomic<bool>& draining;
    std::string verifier_key;  ///< of the log's signed notes
    std::string admin_token;
    SealPlain seal_plain = {};
};

/// /v1/hello, /v1/nodes.
std::vector<net::Route> node_routes(Coordinator& with);
/// /v1/jobs…
std::vector<net::Route> job_routes(Coordinator& with);
/// /v1/claim, /v1/heartbeat, /v1/complete, /v1/give-back, /v1/tasks/{id}/key.
std::vector<net::Route> work_routes(Coordinator& with);
/// /v1/blobs…
std::vector<net::Route> blob_routes(Coordinator& with);
/// /log/checkpoint, /log/tile/…
std::vector<net::Route> log_routes(Coordinator& with);
/// Those of the first version.
std::vector<net::Route> first_version_routes(Coordinator& with);
/// All of them, and /healthz, /readyz, /metrics and /openapi.json.
std::vector<net::Route> coordinator_routes(Coordinator& with);

/// The account of this machine's own people: without a floor, for on one machine nobody owes anybody.
inline constexpr const char* kLocalAccount = "local";
/// In the caller's change: opened where it is not, with the floor that it has to have.
Status open_account(Desk& desk, const std::string& account);
/// Enrols a node whose key has signed for itself.
void enrol(Coordinator& with, const swarm::JoinRequest& join, std::shared_ptr<net::Responder> responder,
           std::function<net::ServerResponse(const identity::Node&)> answer);

/// Queues jobs for an account: all or none. `taken` answers, on the writer's thread, when they are on the disk.
using Taken = std::function<void(const std::vector<swarm::Submitted>&, const std::shared_ptr<net::Responder>&)>;
void submit_jobs(Coordinator& with, const std::string& account, const std::string& key, const std::string& hash,
                 std::vector<swarm::NewJob> jobs, std::shared_ptr<net::Responder> responder, Taken taken);
/// Where coordinators that share a database tell one another of new work.
inline constexpr const char* kWorkChannel = "swarm_work";

/// Of signed requests, whoever is behind one address: a hundred workers are.
inline constexpr unsigned kSignedPerMinute = 1'200'000;

/// The id that stands in the path.
template <class Id>
Result<Id> path_id(const net::ServerRequest& request) {
    auto id = Id::parse(request.params.at("id"));
    if (!id) return fail(ErrorCode::not_found, "there is no such thing here");
    return id;
}

}  // namespace ec::apps::coordinator
