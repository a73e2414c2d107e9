#include "schemas.hpp"

#include <array>

namespace ec::apps::coordinator {

// Limits of texts are in bytes; `null` counts as absent; what a request holds beyond its schema is passed over.
const std::string_view kSchemas = R"({
"Id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
"IdOrNone": {"type": "string", "pattern": "^[A-Za-z0-9_-]{0,64}$"},
"NodeId": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$", "description": "thumbprint of the node's key"},
"NodeIdOrNone": {"type": "string", "pattern": "^([A-Za-z0-9_-]{43})?$"},
"PublicKey": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Ed25519, hexadecimal"},
"Protocol": {"type": "string", "pattern": "^1\\.[0-9]{1,4}$", "description": "1.0 where it is absent"},
"Milliseconds": {"type": "integer", "minimum": 0, "maximum": 9007199254740992},
"Fence": {"type": "integer", "minimum": 1, "maximum": 9007199254740992},
"Reason": {"type": "string", "pattern": "^[a-z0-9_]{0,64}$"},
"Name": {"type": "string", "pattern": "^[A-Za-z0-9._+#:/@-]{0,64}$"},
"Sealed": {"type": "string", "contentEncoding": "base64"},
"JobKind": {"enum": ["repair", "best_of", "split"]},
"TaskKind": {"enum": ["repair", "attempt", "subtask", "decompose", "merge", "escalate", "verify"]},
"State": {"enum": ["queued", "leased", "running", "verifying", "done", "failed", "cancelled", "dead"]},
"Outcome": {"enum": ["solved", "nothing", "passed", "rejected", "error"]},
"NodeKind": {"enum": ["client", "worker", "inference", "coordinator"]},
"ModelClass": {"enum": ["", "small", "medium", "large"]},
"Done": {"type": "object", "properties": {}},
"Anything": {"description": "not looked at"},
"Frames": {"type": "string", "contentMediaType": "application/octet-stream",
  "description": "of each blob: 4 bytes length of its id, the id, 4 bytes length, the bytes; big-endian"},

"HelloRequest": {"type": "object", "required": ["versions"], "properties": {
  "versions": {"type": "array", "minItems": 1, "maxItems": 16, "items": {"type": "string", "maxLength": 16},
    "examples": [["1.1"]]}}},
"Hello": {"type": "object", "required": ["protocol", "now_ms", "lease_ms", "server"], "properties": {
  "protocol": {"$ref": "#/components/schemas/Protocol"},
  "now_ms": {"$ref": "#/components/schemas/Milliseconds"},
  "lease_ms": {"$ref": "#/components/schemas/Milliseconds"},
  "server": {"type": "string", "description": "verifier key of the log's signed notes"}}},
"Join": {"type": "object", "required": ["token", "key", "kind"], "properties": {
  "token": {"type": "string", "minLength": 1, "maxLength": 128},
  "key": {"$ref": "#/components/schemas/PublicKey"},
  "kind": {"$ref": "#/components/schemas/NodeKind"},
  "label": {"type": "string", "maxLength": 120}}},
"Node": {"type": "object", "required": ["id", "key", "kind", "state", "account", "label", "enrolled_ms"], "properties": {
  "id": {"$ref": "#/components/schemas/NodeId"},
  "key": {"$ref": "#/components/schemas/PublicKey"},
  "kind": {"$ref": "#/components/schemas/NodeKind"},
  "state": {"enum": ["pending", "approved", "suspended", "revoked"]},
  "account": {"type": "string"},
  "label": {"type": "string"},
  "enrolled_ms": {"$ref": "#/components/schemas/Milliseconds"}}},

"Needs": {"type": "object", "properties": {
  "languages": {"type": "array", "maxItems": 16, "items": {"type": "string", "pattern": "^[a-z0-9+#-]{1,32}$"}},
  "memory_mb": {"type": "integer", "minimum": 0, "maximum": 16777216},
  "model_class": {"$ref": "#/components/schemas/ModelClass"},
  "gpu": {"type": "boolean"}}},
"TaskKey": {"type": "string", "pattern": "^(?!verify-)[a-z0-9-]{1,32}$"},
"NewTask": {"type": "object", "required": ["key", "kind"], "properties": {
  "key": {"$ref": "#/components/schemas/TaskKey"},
  "kind": {"enum": ["repair", "attempt", "subtask", "decompose", "merge", "escalate"]},
  "needs": {"$ref": "#/components/schemas/Needs"},
  "payload": {"type": "string", "contentEncoding": "base64", "maxLength": 87384},
  "after": {"type": "array", "maxItems": 256, "items": {"$ref": "#/components/schemas/TaskKey"}, "examples": [[]],
    "description": "keys of tasks of this job"},
  "expected_s": {"type": "integer", "minimum": 1, "maximum": 86400, "default": 60}}},
"NewJob": {"type": "object", "required": ["kind", "spec", "tasks"], "properties": {
  "kind": {"$ref": "#/components/schemas/JobKind"},
  "spec": {"type": "string", "contentEncoding": "base64", "minLength": 4, "maxLength": 349528},
  "blobs": {"type": "array", "maxItems": 65536, "items": {"$ref": "#/components/schemas/Id"}, "examples": [[]],
    "description": "that the account stored before"},
  "snapshot": {"$ref": "#/components/schemas/IdOrNone"},
  "tasks": {"type": "array", "minItems": 1, "maxItems": 256, "items": {"$ref": "#/components/schemas/NewTask"}},
  "priority": {"type": "integer", "minimum": 0, "maximum": 100, "default": 50},
  "verification": {"enum": ["adaptive", "always", "submitter", "none"], "default": "adaptive"},
  "group": {"$ref": "#/components/schemas/IdOrNone"},
  "group_key": {"type": "string", "contentEncoding": "base64", "maxLength": 684, "description": "needs a group"},
  "cache_key": {"$ref": "#/components/schemas/Name"},
  "budget_s": {"type": "integer", "minimum": 1, "maximum": 604800, "default": 600},
  "budget_milli": {"type": "integer", "minimum": 0, "maximum": 9007199254740992,
    "description": "0: what its tasks and their checks may cost"},
  "expected": {"enum": ["solved", "nothing", "passed", "rejected", "error"],
    "description": "a canary; of the coordinator's own account alone"}}},
"NewJobs": {"anyOf": [{"$ref": "#/components/schemas/NewJob"},
  {"type": "object", "required": ["jobs"], "properties": {
    "jobs": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"$ref": "#/components/schemas/NewJob"}}}}]},
"Submitted": {"type": "object", "required": ["jobs"], "properties": {
  "jobs": {"type": "array", "items": {"type": "object", "required": ["id", "same_as"], "properties": {
    "id": {"$ref": "#/components/schemas/Id"},
    "same_as": {"$ref": "#/components/schemas/IdOrNone"}}}}}},
"Task": {"type": "object",
  "required": ["id", "key", "kind", "state", "attempts", "worker", "outcome", "reason", "result", "payload", "after"],
  "properties": {
    "id": {"$ref": "#/components/schemas/Id"},
    "key": {"type": "string"},
    "kind": {"$ref": "#/components/schemas/TaskKind"},
    "state": {"$ref": "#/components/schemas/State"},
    "attempts": {"type": "integer"},
    "worker": {"$ref": "#/components/schemas/NodeIdOrNone"},
    "outcome": {"$ref": "#/components/schemas/Outcome"},
    "reason": {"type": "string"},
    "result": {"$ref": "#/components/schemas/Sealed"},
    "payload": {"$ref": "#/components/schemas/Sealed"},
    "after": {"type": "array", "items": {"type": "string"}}}},
"Job": {"type": "object",
  "required": ["id", "account", "kind", "state", "reason", "spec", "result", "result_task", "same_as", "group",
    "group_key", "submitted_ms", "ended_ms", "paid_milli", "tasks"],
  "properties": {
    "id": {"$ref": "#/components/schemas/Id"},
    "account": {"type": "string"},
    "kind": {"$ref": "#/components/schemas/JobKind"},
    "state": {"$ref": "#/components/schemas/State"},
    "reason": {"type": "string"},
    "spec": {"$ref": "#/components/schemas/Sealed"},
    "result": {"$ref": "#/components/schemas/Sealed"},
    "result_task": {"$ref": "#/components/schemas/IdOrNone"},
    "same_as": {"$ref": "#/components/schemas/IdOrNone"},
    "group": {"$ref": "#/components/schemas/IdOrNone"},
    "group_key": {"$ref": "#/components/schemas/Sealed"},
    "submitted_ms": {"$ref": "#/components/schemas/Milliseconds"},
    "ended_ms": {"$ref": "#/components/schemas/Milliseconds"},
    "paid_milli": {"type": "integer", "minimum": 0},
    "tasks": {"type": "array", "items": {"$ref": "#/components/schemas/Task"}}}},
"Jobs": {"type": "object", "required": ["jobs"], "properties": {
  "jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}}},
"Event": {"type": "object",
  "required": ["sequence", "job", "task", "type", "state", "reason", "node", "data", "at_ms"],
  "properties": {
    "sequence": {"type": "integer", "minimum": 0},
    "job": {"$ref": "#/components/schemas/Id"},
    "task": {"$ref": "#/components/schemas/IdOrNone"},
    "type": {"type": "string"},
    "state": {"$ref": "#/components/schemas/State"},
    "reason": {"type": "string"},
    "node": {"$ref": "#/components/schemas/NodeIdOrNone"},
    "data": {"$ref": "#/components/schemas/Sealed"},
    "at_ms": {"$ref": "#/components/schemas/Milliseconds"}}},
"Events": {"type": "string", "contentMediaType": "text/event-stream",
  "description": "the `data` of each is an Event, its `id` the sequence"},
"Explanation": {"type": "object", "required": ["summary", "reasons", "unchecked"], "properties": {
  "summary": {"type": "string"},
  "reasons": {"type": "array", "items": {"type": "string"}},
  "unchecked": {"type": "array", "items": {"type": "string"}}}},
"Receipts": {"type": "object", "required": ["receipts"], "properties": {
  "receipts": {"type": "array", "items": {"type": "object", "required": ["task"], "properties": {
    "task": {"$ref": "#/components/schemas/Id"},
    "index": {"type": "integer", "minimum": 0},
    "leaf": {"type": "string"},
    "proof": {"type": "string", "description": "c2sp.org/tlog-proof@v1"}}}}}},
"Verdict": {"type": "object", "required": ["task", "good"], "properties": {
  "task": {"$ref": "#/components/schemas/Id"},
  "good": {"type": "boolean"}}},
"KeyGift": {"type": "object", "required": ["node", "sealed"], "properties": {
  "node": {"$ref": "#/components/schemas/NodeId"},
  "sealed": {"type": "string", "contentEncoding": "base64", "minLength": 4, "maxLength": 684}}},
"Key": {"type": "object", "required": ["key"], "properties": {
  "key": {"type": "string", "contentEncoding": "base64", "description": "empty: not given yet"}}},
"BlobIds": {"type": "object", "properties": {
  "ids": {"type": "array", "maxItems": 1024, "items": {"$ref": "#/components/schemas/Id"}}}},

"Offer": {"type": "object", "properties": {
  "kinds": {"type": "array", "maxItems": 16, "items": {"$ref": "#/components/schemas/TaskKind"}},
  "languages": {"type": "array", "maxItems": 32, "items": {"type": "string", "pattern": "^[a-z0-9+#-]{1,32}$"}},
  "memory_mb": {"type": "integer", "minimum": 0, "maximum": 16777216},
  "model_class": {"$ref": "#/components/schemas/ModelClass"},
  "gpu": {"type": "boolean"},
  "groups": {"type": "array", "maxItems": 64, "items": {"$ref": "#/components/schemas/Id"}},
  "snapshots": {"type": "array", "maxItems": 32, "items": {"$ref": "#/components/schemas/Id"}},
  "model": {"$ref": "#/components/schemas/Name"}}},
"Claim": {"type": "object", "properties": {
  "protocol": {"$ref": "#/components/schemas/Protocol"},
  "offer": {"$ref": "#/components/schemas/Offer"},
  "most": {"type": "integer", "minimum": 1, "maximum": 64, "default": 1},
  "wait_s": {"type": "integer", "minimum": 0, "maximum": 29, "default": 25, "examples": [0]}}},
"Lease": {"type": "object",
  "required": ["task", "job", "key", "kind", "fence", "attempt", "until_ms", "expected_s", "shard", "shards", "needs",
    "spec", "payload", "inputs", "group", "group_key"],
  "properties": {
    "task": {"$ref": "#/components/schemas/Id"},
    "job": {"$ref": "#/components/schemas/Id"},
    "key": {"type": "string"},
    "kind": {"$ref": "#/components/schemas/TaskKind"},
    "fence": {"$ref": "#/components/schemas/Fence"},
    "attempt": {"type": "integer", "minimum": 1},
    "until_ms": {"$ref": "#/components/schemas/Milliseconds"},
    "expected_s": {"type": "integer", "minimum": 1},
    "shard": {"type": "integer", "minimum": 0},
    "shards": {"type": "integer", "minimum": 1},
    "needs": {"$ref": "#/components/schemas/Needs"},
    "spec": {"$ref": "#/components/schemas/Sealed"},
    "payload": {"$ref": "#/components/schemas/Sealed"},
    "inputs": {"type": "array", "items": {"type": "object", "required": ["key", "result"], "properties": {
      "key": {"type": "string"},
      "result": {"$ref": "#/components/schemas/Sealed"}}}},
    "group": {"$ref": "#/components/schemas/IdOrNone"},
    "group_key": {"$ref": "#/components/schemas/Sealed"}}},
"Leases": {"anyOf": [
  {"type": "object", "required": ["leases"], "properties": {
    "leases": {"type": "array", "maxItems": 64, "items": {"$ref": "#/components/schemas/Lease"}}}},
  {"type": "object", "required": ["lease"], "description": "protocol 1.0", "properties": {
    "lease": {"anyOf": [{"$ref": "#/components/schemas/Lease"}, {"type": "null"}]}}}]},
"Telemetry": {"type": "object", "properties": {
  "device": {"enum": ["server", "desktop", "laptop", "phone"]},
  "external_power": {"type": "boolean"},
  "battery_percent": {"type": "integer", "minimum": 0, "maximum": 100},
  "low_power_mode": {"type": "boolean"},
  "thermal": {"enum": ["nominal", "fair", "serious", "critical"]},
  "cpu_percent": {"type": "integer", "minimum": 0, "maximum": 100},
  "idle_s": {"type": "integer", "minimum": 0, "maximum": 9007199254740992},
  "updated_ms": {"$ref": "#/components/schemas/Milliseconds"}}},
"Heartbeat": {"type": "object", "properties": {
  "protocol": {"$ref": "#/components/schemas/Protocol"},
  "held": {"type": "array", "maxItems": 256, "items": {"type": "object", "required": ["task", "fence"], "properties": {
    "task": {"$ref": "#/components/schemas/Id"},
    "fence": {"$ref": "#/components/schemas/Fence"},
    "progress": {"type": "string", "contentEncoding": "base64", "maxLength": 10924},
    "percent": {"type": "integer", "minimum": -1, "maximum": 100}}}},
  "offer": {"$ref": "#/components/schemas/Offer"},
  "slots": {"type": "integer", "minimum": 0, "maximum": 1024, "default": 1},
  "telemetry": {"$ref": "#/components/schemas/Telemetry"},
  "holding_back": {"$ref": "#/components/schemas/Reason"},
  "wait_s": {"type": "integer", "minimum": 0, "maximum": 29, "default": 0}}},
"HeartbeatReply": {"type": "object", "required": ["held", "now_ms", "next_s", "drain"], "properties": {
  "held": {"type": "array", "items": {"type": "object", "required": ["task", "holding", "until_ms"], "properties": {
    "task": {"$ref": "#/components/schemas/Id"},
    "holding": {"enum": ["kept", "lost", "cancelled"]},
    "until_ms": {"$ref": "#/components/schemas/Milliseconds"}}}},
  "now_ms": {"$ref": "#/components/schemas/Milliseconds"},
  "next_s": {"type": "integer", "minimum": 0},
  "drain": {"type": "boolean"}}},
"Report": {"type": "object", "required": ["task", "fence", "outcome"], "properties": {
  "task": {"$ref": "#/components/schemas/Id"},
  "fence": {"$ref": "#/components/schemas/Fence"},
  "outcome": {"$ref": "#/components/schemas/Outcome"},
  "result": {"type": "string", "contentEncoding": "base64", "maxLength": 349528},
  "blobs": {"type": "array", "maxItems": 256, "items": {"$ref": "#/components/schemas/Id"}},
  "children": {"type": "array", "maxItems": 64, "items": {"$ref": "#/components/schemas/NewTask"}},
  "reason": {"$ref": "#/components/schemas/Reason"},
  "wall_ms": {"$ref": "#/components/schemas/Milliseconds"}}},
"Reports": {"anyOf": [
  {"type": "object", "required": ["reports"], "properties": {
    "protocol": {"$ref": "#/components/schemas/Protocol"},
    "reports": {"type": "array", "minItems": 1, "maxItems": 64, "items": {"$ref": "#/components/schemas/Report"}}}},
  {"$ref": "#/components/schemas/Report"}]},
"Completion": {"type": "object", "required": ["task", "job"], "properties": {
  "task": {"$ref": "#/components/schemas/State"},
  "job": {"$ref": "#/components/schemas/State"}}},
"Completions": {"anyOf": [
  {"type": "object", "required": ["reports"], "properties": {
    "reports": {"type": "array", "items": {"anyOf": [{"$ref": "#/components/schemas/Completion"},
      {"type": "object", "required": ["code", "detail"], "properties": {
        "code": {"type": "string"},
        "detail": {"type": "string"}}}]}}}},
  {"$ref": "#/components/schemas/Completion"}]},
"GiveBack": {"type": "object", "required": ["task", "fence"], "properties": {
  "task": {"$ref": "#/components/schemas/Id"},
  "fence": {"$ref": "#/components/schemas/Fence"},
  "reason": {"$ref": "#/components/schemas/Reason"}}},

"OldPower": {"type": "object", "properties": {
  "onExternalPower": {"type": "boolean"},
  "batteryLevelPct": {"type": "integer", "minimum": 0, "maximum": 100},
  "lowPowerMode": {"type": "boolean"},
  "updatedAtMs": {"type": "integer"}}},
"OldRegister": {"type": "object", "required": ["agentId"], "properties": {
  "agentId": {"type": "string", "minLength": 1, "maxLength": 120},
  "mode": {"enum": ["swarm-only", "ide-enabled"], "default": "swarm-only"},
  "registrationToken": {"type": "string", "maxLength": 128, "description": "needs a publicKey"},
  "publicKey": {"$ref": "#/components/schemas/PublicKey"},
  "kind": {"$ref": "#/components/schemas/NodeKind"},
  "maxConcurrentTasks": {"type": "integer", "minimum": 1, "maximum": 64, "default": 1},
  "offer": {"$ref": "#/components/schemas/Offer"},
  "powerTelemetry": {"$ref": "#/components/schemas/OldPower"}}},
"OldPolicy": {"type": "object", "required": ["maxConcurrentTasks", "leaseMs"], "properties": {
  "maxConcurrentTasks": {"type": "integer"},
  "leaseMs": {"type": "integer"}}},
"OldRegistered": {"type": "object", "required": ["accepted", "nodeId", "mode", "policy"], "properties": {
  "accepted": {"type": "boolean"},
  "nodeId": {"$ref": "#/components/schemas/NodeId"},
  "mode": {"enum": ["swarm-only", "ide-enabled"]},
  "policy": {"$ref": "#/components/schemas/OldPolicy"}}},
"OldHeartbeat": {"type": "object", "properties": {
  "powerTelemetry": {"$ref": "#/components/schemas/OldPower"}}},
"OldHeartbeatReply": {"type": "object",
  "required": ["ok", "requeued", "policy", "orchestration", "tunnelInvites", "tunnelCloseNotices", "directWorkOffers",
    "blacklist"],
  "properties": {
    "ok": {"type": "boolean"},
    "requeued": {"type": "integer", "minimum": 0},
    "policy": {"$ref": "#/components/schemas/OldPolicy"},
    "orchestration": {"type": "null"},
    "tunnelInvites": {"type": "array", "maxItems": 0},
    "tunnelCloseNotices": {"type": "array", "maxItems": 0},
    "directWorkOffers": {"type": "array", "maxItems": 0},
    "blacklist": {"type": "object", "required": ["version", "agents"], "properties": {
      "version": {"type": "integer"},
      "agents": {"type": "array", "maxItems": 0}}}}},
"OldSubmit": {"anyOf": [
  {"type": "object", "required": ["taskId", "job"], "properties": {
    "taskId": {"$ref": "#/components/schemas/Id"},
    "job": {"$ref": "#/components/schemas/NewJob"}}},
  {"type": "object", "required": ["taskId", "prompt"], "description": "only on the coordinator's machine",
    "properties": {
      "taskId": {"$ref": "#/components/schemas/Id"},
      "prompt": {"type": "string", "minLength": 1, "maxLength": 32768},
      "language": {"enum": ["python", "javascript"], "default": "python"},
      "snapshotRef": {"type": "string", "maxLength": 1024},
      "priority": {"type": "integer", "minimum": 0, "maximum": 100, "default": 50}}}]},
"OldSubmitted": {"type": "object", "required": ["taskId", "subtasks"], "properties": {
  "taskId": {"$ref": "#/components/schemas/Id"},
  "subtasks": {"type": "array", "items": {"$ref": "#/components/schemas/Id"}}}},
"OldPulled": {"type": "object", "required": ["subtask"], "properties": {
  "powerDeferred": {"type": "boolean"},
  "reason": {"type": "string"},
  "subtask": {"anyOf": [{"type": "null"}, {"type": "object",
    "required": ["id", "taskId", "kind", "language", "timeoutMs", "fence", "envelope"],
    "properties": {
      "id": {"$ref": "#/components/schemas/Id"},
      "taskId": {"$ref": "#/components/schemas/Id"},
      "kind": {"$ref": "#/components/schemas/TaskKind"},
      "language": {"type": "string"},
      "timeoutMs": {"type": "integer"},
      "fence": {"$ref": "#/components/schemas/Fence"},
      "envelope": {"$ref": "#/components/schemas/Lease"}}}]}}},
"OldResult": {"type": "object", "required": ["subtaskId", "ok"], "properties": {
  "subtaskId": {"$ref": "#/components/schemas/Id"},
  "ok": {"type": "boolean"},
  "output": {"type": "string", "contentEncoding": "base64", "maxLength": 349528},
  "fence": {"type": "integer", "minimum": 0},
  "durationMs": {"$ref": "#/components/schemas/Milliseconds"}}},
"OldOk": {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}},
"OldStatus": {"anyOf": [
  {"type": "object", "required": ["queued", "agents", "results"], "properties": {
    "queued": {"type": "integer"},
    "agents": {"type": "integer"},
    "results": {"type": "integer"}}},
  {"type": "object", "required": ["taskId", "state", "job"], "properties": {
    "taskId": {"$ref": "#/components/schemas/Id"},
    "state": {"$ref": "#/components/schemas/State"},
    "job": {"$ref": "#/components/schemas/Job"}}}]},
"OldCapacity": {"type": "object", "required": ["totals", "agents"], "properties": {
  "totals": {"type": "object", "required": [
    "agentsConnected", "totalCapacity", "swarmEnabledCount", "searchers"], "properties": {
    "agentsConnected": {"type": "integer"},
    "searchers": {"type": "integer", "description": "workers of all accounts that take repairs of the group"},
    "totalCapacity": {"type": "integer"},
    "swarmEnabledCount": {"type": "integer"}}},
  "agents": {"type": "array", "items": {"type": "object",
    "required": ["agentId", "nodeId", "mode", "swarmEnabled", "maxConcurrentTasks", "busy", "powerTelemetry"],
    "properties": {
      "agentId": {"type": "string"},
      "nodeId": {"$ref": "#/components/schemas/NodeId"},
      "mode": {"type": "string"},
      "swarmEnabled": {"type": "boolean"},
      "maxConcurrentTasks": {"type": "integer"},
      "busy": {"type": "integer"},
      "powerTelemetry": {"$ref": "#/components/schemas/OldPower"}}}}}},
"OldFeatures": {"type": "object", "required": ["public_mesh", "enterprise_overlay"], "properties": {
  "public_mesh": {"type": "boolean"},
  "enterprise_overlay": {"type": "boolean"}}},
"OldRuntime": {"type": "object", "required": ["ok", "coordinator", "ollama"], "properties": {
  "ok": {"type": "boolean"},
  "coordinator": {"type": "object", "required": ["provider", "queued", "agents", "results"], "properties": {
    "provider": {"type": "string"},
    "queued": {"type": "integer"},
    "agents": {"type": "integer"},
    "results": {"type": "integer"}}},
  "ollama": {"type": "object", "required": ["expectedProvider", "reachable"], "properties": {
    "expectedProvider": {"type": "null"},
    "reachable": {"type": "boolean"}}}}}
})";

std::span<const BodySchema> body_schemas() {
    static constexpr std::string_view kText = "text/plain";
    static constexpr std::string_view kBytes = "application/octet-stream";
    static constexpr auto kBodies = std::to_array<BodySchema>({
        {"/healthz", "get", "", "", kText},
        {"/readyz", "get", "", "", kText},
        {"/metrics", "get", "", "", kText},
        {"/openapi.json", "get", "", "Anything"},
        {"/v1/hello", "post", "HelloRequest", "Hello"},
        {"/v1/nodes", "post", "Join", "Node"},
        {"/v1/jobs", "post", "NewJobs", "Submitted"},
        {"/v1/jobs", "get", "", "Jobs"},
        {"/v1/jobs/{id}", "get", "", "Job"},
        {"/v1/jobs/{id}/events", "get", "", "Events", "text/event-stream"},
        {"/v1/jobs/{id}/explain", "get", "", "Explanation"},
        {"/v1/jobs/{id}/receipts", "get", "", "Receipts"},
        {"/v1/jobs/{id}/cancel", "post", "Anything", "Done"},
        {"/v1/jobs/{id}/verdict", "post", "Verdict", "Completion"},
        {"/v1/jobs/{id}/keys", "post", "KeyGift", "Done"},
        {"/v1/blobs", "post", "Frames", "Done"},
        {"/v1/blobs/missing", "post", "BlobIds", "BlobIds"},
        {"/v1/blobs/fetch", "post", "BlobIds", "Frames", kBytes},
        {"/v1/claim", "post", "Claim", "Leases"},
        {"/v1/heartbeat", "post", "Heartbeat", "HeartbeatReply"},
        {"/v1/complete", "post", "Reports", "Completions"},
        {"/v1/give-back", "post", "GiveBack", "Done"},
        {"/v1/tasks/{id}/key", "get", "", "Key"},
        {"/log/checkpoint", "get", "", "", kText},
        {"/register", "post", "OldRegister", "OldRegistered"},
        {"/heartbeat", "post", "OldHeartbeat", "OldHeartbeatReply"},
        {"/submit", "post", "OldSubmit", "OldSubmitted"},
        {"/pull", "post", "Anything", "OldPulled"},
        {"/result", "post", "OldResult", "OldOk"},
        {"/status", "get", "", "OldStatus"},
        {"/capacity", "get", "", "OldCapacity"},
        {"/features", "get", "", "OldFeatures"},
        {"/health/runtime", "get", "", "OldRuntime"},
    });
    return kBodies;
}

}  // namespace ec::apps::coordinator
