#include "first_version.hpp"

#include <algorithm>
#include <ec/crypto/base64.hpp>
#include <ec/json/json.hpp>

#include "../sent_json.hpp"

namespace ec::apps::coordinator {
namespace {

constexpr std::int64_t kFar = std::int64_t{1} << 53;

std::unexpected<Error> bad(std::string_view field, std::string_view expected) {
    return fail_field(std::string(field), std::string(field) + " must be " + std::string(expected));
}

Result<json::Value> document(std::string_view body) {
    auto value = json::parse(body);
    if (!value) return fail(ErrorCode::invalid_argument, value.error().message);
    if (!value->is_object()) return fail(ErrorCode::invalid_argument, "the body must be an object");
    return value;
}

bool is_label(std::string_view text) {
    return !text.empty() && text.size() <= 120 &&
           std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<swarm::Telemetry> telemetry(const json::Object& object) {
    json::Reader reader(object, "powerTelemetry");
    swarm::Telemetry out;
    // Only phones speak of their battery so; what else a machine has it says in /v1/heartbeat.
    out.device = swarm::DeviceKind::phone;
    if (object.contains("onExternalPower")) out.external_power = reader.boolean("onExternalPower");
    if (object.contains("batteryLevelPct")) {
        const std::int64_t percent = reader.integer("batteryLevelPct");
        if (percent < 0 || percent > 100) return bad("powerTelemetry.batteryLevelPct", "from 0 to 100");
        out.battery_percent = static_cast<int>(percent);
    }
    out.low_power_mode = reader.boolean("lowPowerMode");
    out.updated_ms = std::clamp<std::int64_t>(reader.integer("updatedAtMs"), 0, kFar);
    EC_TRY(sent_well(reader));
    return out;
}

/// The offer of the newer protocol where it is there, else what such agents could do.
Result<swarm::Offer> offer(const json::Object& object) {
    if (const json::Value* given = object.if_contains("offer")) {
        EC_ASSIGN(auto claim, swarm::read_claim_request(json::write(json::Object{{"offer", *given}})));
        return claim.offer;
    }
    swarm::Offer out;
    out.kinds = {swarm::TaskKind::repair, swarm::TaskKind::attempt, swarm::TaskKind::subtask, swarm::TaskKind::verify};
    out.languages = {"javascript", "python"};
    out.memory_mb = 2048;
    return out;
}

Result<crypto::PublicKey> public_key(const std::string& text) {
    auto key = crypto::PublicKey::parse(text);
    if (!key) return bad("publicKey", "64 hexadecimal digits");
    return key;
}

}  // namespace

Result<OldRegister> read_old_register(std::string_view body) {
    EC_ASSIGN(const json::Value value, document(body));
    json::Reader reader(value);
    OldRegister out;
    out.agent_id = reader.require("agentId").string("agentId");
    out.mode = reader.string("mode", "swarm-only");
    const std::string token = reader.string("registrationToken");
    const std::string key = reader.string("publicKey");
    const std::string kind = reader.string("kind", "worker");
    const std::int64_t slots = reader.integer("maxConcurrentTasks", 1);
    const json::Object& power = reader.object("powerTelemetry");
    EC_TRY(sent_well(reader));
    if (!is_label(out.agent_id)) return bad("agentId", "1 to 120 bytes of plain text");
    if (out.mode != "swarm-only" && out.mode != "ide-enabled") return bad("mode", "swarm-only or ide-enabled");
    if (token.size() > 128) return bad("registrationToken", "a join token");
    if (slots < 1 || slots > 64) return bad("maxConcurrentTasks", "from 1 to 64");
    if (!token.empty()) out.token = Secret(token);
    if (!key.empty()) {
        EC_ASSIGN(out.key, public_key(key));
    }
    if (out.token && !out.key) return bad("publicKey", "there when a registrationToken is");
    auto node_kind = identity::parse_node_kind(kind);
    if (!node_kind) return bad("kind", "client, worker or inference");
    out.kind = *node_kind;
    out.slots = static_cast<int>(slots);
    EC_ASSIGN(out.offer, offer(value.get_object()));
    if (!power.empty()) {
        EC_ASSIGN(out.telemetry, telemetry(power));
    }
    return out;
}

Result<OldHeartbeat> read_old_heartbeat(std::string_view body) {
    EC_ASSIGN(const json::Value value, document(body));
    json::Reader reader(value);
    const json::Object& power = reader.object("powerTelemetry");
    EC_TRY(sent_well(reader));
    OldHeartbeat out;
    if (!power.empty()) {
        EC_ASSIGN(out.telemetry, telemetry(power));
    }
    return out;
}

Result<OldSubmit> read_old_submit(std::string_view body) {
    constexpr std::size_t kMostPrompt = 32U << 10;
    EC_ASSIGN(const json::Value value, document(body));
    json::Reader reader(value);
    OldSubmit out;
    out.task_id = reader.require("taskId").string("taskId");
    out.prompt = reader.string("prompt");
    out.language = reader.string("language", "python");
    out.snapshot = reader.string("snapshotRef");
    const std::int64_t priority = reader.integer("priority", 50);
    out.has_job = value.get_object().contains("job");
    EC_TRY(sent_well(reader));
    if (!swarm::TaskId::parse(out.task_id)) return bad("taskId", "1 to 64 letters, digits, - and _");
    if (out.prompt.size() > kMostPrompt) return bad("prompt", "at most 32768 bytes");
    if (out.language != "python" && out.language != "javascript") return bad("language", "python or javascript");
    if (out.snapshot.size() > 1024) return bad("snapshotRef", "at most 1024 bytes");
    if (priority < 0 || priority > 100) return bad("priority", "from 0 to 100");
    if (out.has_job == !out.prompt.empty())
        return fail(Error{ErrorCode::invalid_argument,
                          "the body must be one with a prompt or with a sealed job",
                          {},
                          {"prompt", "job"}});
    out.priority = static_cast<int>(priority);
    return out;
}

Result<swarm::NewJob> read_old_job(std::string_view body) {
    EC_ASSIGN(const json::Value value, document(body));
    const json::Value* job = value.get_object().if_contains("job");
    if (job == nullptr || !job->is_object()) return bad("job", "a sealed job");
    EC_ASSIGN(auto jobs, swarm::read_new_jobs(json::write(*job)));
    if (jobs.size() != 1) return bad("job", "one job");
    return std::move(jobs.front());
}

Result<OldResult> read_old_result(std::string_view body) {
    EC_ASSIGN(const json::Value value, document(body));
    json::Reader reader(value);
    const std::string subtask = reader.require("subtaskId").string("subtaskId");
    OldResult out;
    out.ok = reader.require("ok").boolean("ok");
    const std::string output = reader.string("output");
    const std::int64_t fence = reader.integer("fence");
    out.duration_ms = reader.integer("durationMs");
    EC_TRY(sent_well(reader));
    auto id = swarm::TaskId::parse(subtask);
    if (!id) return bad("subtaskId", "a subtask's id");
    out.subtask = *std::move(id);
    auto bytes = crypto::from_base64(output);
    if (!bytes || bytes->size() > swarm::kResultBytes) return bad("output", "sealed, as base64");
    out.output = *std::move(bytes);
    if (fence < 0) return bad("fence", "as it came with the subtask");
    if (fence > 0) out.fence = swarm::Fence{fence};
    if (out.duration_ms < 0 || out.duration_ms > kFar) return bad("durationMs", "a number of milliseconds");
    return out;
}

}  // namespace ec::apps::coordinator
