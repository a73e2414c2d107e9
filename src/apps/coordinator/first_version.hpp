// The messages of the first version's endpoints: typed, read from hostile bytes here and nowhere else. Pure functions.
// What they meant is in docs/coordinator.md.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/swarm/protocol.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace ec::apps::coordinator {

struct OldRegister {
    std::string agent_id;  ///< a label
    std::string mode = "swarm-only";
    std::optional<Secret> token;
    std::optional<crypto::PublicKey> key;
    identity::NodeKind kind = identity::NodeKind::worker;
    int slots = 1;
    swarm::Offer offer;
    swarm::Telemetry telemetry;
};
struct OldHeartbeat {
    std::optional<swarm::Telemetry> telemetry;
};
struct OldSubmit {
    std::string task_id;  ///< the caller's name for it: the same again is the same job
    std::string prompt;   ///< in clear, or empty
    std::string language = "python";
    std::string snapshot;
    int priority = 50;
    bool has_job = false;  ///< `job`: a sealed one, as /v1/jobs takes it
};
struct OldResult {
    swarm::TaskId subtask;
    bool ok = false;
    std::string output;                 ///< sealed
    std::optional<swarm::Fence> fence;  ///< as it came with the subtask
    std::int64_t duration_ms = 0;
};

/// `invalid_argument` with the name of the field at fault.
Result<OldRegister> read_old_register(std::string_view body);
Result<OldHeartbeat> read_old_heartbeat(std::string_view body);
Result<OldSubmit> read_old_submit(std::string_view body);
/// The sealed job of a submit.
Result<swarm::NewJob> read_old_job(std::string_view body);
Result<OldResult> read_old_result(std::string_view body);

}  // namespace ec::apps::coordinator
