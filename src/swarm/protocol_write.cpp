#include <fmt/format.h>

#include <ec/swarm/protocol.hpp>

#include "protocol_text.hpp"
#include "protocol_words.hpp"

namespace ec::swarm {
namespace {

template <class Ids>
void put_ids(JsonText& out, std::string_view key, const Ids& ids) {
    out.key(key).open('[');
    for (const auto& id : ids) out.put(id.text());
    out.close(']');
}

void put_texts(JsonText& out, std::string_view key, const std::vector<std::string>& texts) {
    out.key(key).open('[');
    for (const std::string& text : texts) out.put(text);
    out.close(']');
}

void put(JsonText& out, const Needs& needs) {
    out.open('{');
    put_texts(out, "languages", needs.languages);
    out.field("memory_mb", needs.memory_mb).field("model_class", needs.model_class).field("gpu", needs.gpu).close('}');
}

void put(JsonText& out, const Offer& offer) {
    out.open('{').key("kinds").open('[');
    for (const TaskKind kind : offer.kinds) out.put(name(kind));
    out.close(']');
    put_texts(out, "languages", offer.languages);
    out.field("memory_mb", offer.memory_mb).field("model_class", offer.model_class).field("gpu", offer.gpu);
    put_ids(out, "groups", offer.groups);
    put_ids(out, "snapshots", offer.snapshots);
    out.field("model", offer.model).close('}');
}

void put(JsonText& out, const NewTask& task) {
    out.open('{').field("key", task.key).field("kind", name(task.kind));
    put(out.key("needs"), task.needs);
    out.sealed("payload", task.payload);
    put_texts(out, "after", task.after);
    out.field("expected_s", task.expected_s).close('}');
}

void put(JsonText& out, const NewJob& job) {
    out.open('{').field("kind", name(job.kind)).sealed("spec", job.spec);
    put_ids(out, "blobs", job.blobs);
    out.field("snapshot", job.snapshot.text()).key("tasks").open('[');
    for (const NewTask& task : job.tasks) put(out, task);
    out.close(']');
    out.field("priority", job.priority).field("verification", name(job.verification));
    out.field("group", job.group.text()).sealed("group_key", job.group_key).field("cache_key", job.cache_key);
    out.field("budget_s", job.budget_s).field("budget_milli", job.budget.milli());
    if (job.expected) out.field("expected", name(*job.expected));
    out.close('}');
}

void put(JsonText& out, const Lease& lease) {
    out.open('{').field("task", lease.task.text()).field("job", lease.job.text()).field("key", lease.key);
    out.field("kind", name(lease.kind)).field("fence", lease.fence.value).field("attempt", lease.attempt);
    out.field("until_ms", lease.until_ms).field("expected_s", lease.expected_s);
    out.field("shard", lease.shard).field("shards", lease.shards);
    put(out.key("needs"), lease.needs);
    out.sealed("spec", lease.spec).sealed("payload", lease.payload).key("inputs").open('[');
    for (const Input& input : lease.inputs)
        out.open('{').field("key", input.key).sealed("result", input.result).close('}');
    out.close(']').field("group", lease.group.text()).sealed("group_key", lease.group_key).close('}');
}

void put(JsonText& out, const Telemetry& telemetry) {
    out.open('{').field("device", word_of(kDevices, telemetry.device));
    if (telemetry.external_power) out.field("external_power", *telemetry.external_power);
    if (telemetry.battery_percent) out.field("battery_percent", *telemetry.battery_percent);
    out.field("low_power_mode", telemetry.low_power_mode);
    if (telemetry.thermal) out.field("thermal", word_of(kThermals, *telemetry.thermal));
    if (telemetry.cpu_percent) out.field("cpu_percent", *telemetry.cpu_percent);
    if (telemetry.idle_s) out.field("idle_s", *telemetry.idle_s);
    out.field("updated_ms", telemetry.updated_ms).close('}');
}

void put(JsonText& out, const Report& report) {
    out.open('{').field("task", report.task.text()).field("fence", report.fence.value);
    out.field("outcome", name(report.outcome)).sealed("result", report.result);
    put_ids(out, "blobs", report.blobs);
    out.key("children").open('[');
    for (const NewTask& child : report.children) put(out, child);
    out.close(']').field("reason", report.reason).field("wall_ms", report.wall_ms).close('}');
}

void put(JsonText& out, const Completion& completion) {
    out.open('{').field("task", name(completion.task)).field("job", name(completion.job)).close('}');
}

void put(JsonText& out, const TaskStatus& task) {
    out.open('{').field("id", task.id.text()).field("key", task.key).field("kind", name(task.kind));
    out.field("state", name(task.state)).field("attempts", task.attempts).field("worker", task.worker.text());
    out.field("outcome", name(task.outcome)).field("reason", task.reason).sealed("result", task.result);
    out.sealed("payload", task.payload);
    put_texts(out, "after", task.after);
    out.close('}');
}

void put(JsonText& out, const JobStatus& job) {
    out.open('{').field("id", job.id.text()).field("account", job.account).field("kind", name(job.kind));
    out.field("state", name(job.state)).field("reason", job.reason).sealed("spec", job.spec);
    out.sealed("result", job.result).field("result_task", job.result_task.text()).field("same_as", job.same_as.text());
    out.field("group", job.group.text()).sealed("group_key", job.group_key);
    out.field("submitted_ms", job.submitted_ms).field("ended_ms", job.ended_ms).field("paid_milli", job.paid.milli());
    out.key("tasks").open('[');
    for (const TaskStatus& task : job.tasks) put(out, task);
    out.close(']').close('}');
}

}  // namespace

std::string name(ProtocolVersion version) { return fmt::format("{}.{}", version.major, version.minor); }

std::string write(const HelloRequest& request) {
    JsonText out;
    put_texts(out.open('{'), "versions", request.versions);
    return out.close('}').take();
}

std::string write(const Hello& hello) {
    JsonText out;
    out.open('{').field("protocol", name(hello.version)).field("now_ms", hello.now_ms);
    return out.field("lease_ms", hello.lease_ms).field("server", hello.server).close('}').take();
}

std::string write(const JoinRequest& request) {
    JsonText out;
    out.open('{').field("token", request.token.reveal()).field("key", request.key.hex());
    return out.field("kind", identity::name(request.kind)).field("label", request.label).close('}').take();
}

std::string write(const identity::Node& node) {
    JsonText out;
    out.open('{').field("id", node.id.text()).field("key", node.key.hex()).field("kind", identity::name(node.kind));
    out.field("state", identity::name(node.state)).field("account", node.account).field("label", node.label);
    return out.field("enrolled_ms", node.enrolled_ms).close('}').take();
}

std::string write(const NewJob& job) {
    JsonText out;
    put(out, job);
    return out.take();
}

std::string write(const std::vector<NewJob>& jobs) {
    JsonText out;
    out.open('{').field("protocol", name(kProtocol)).key("jobs").open('[');
    for (const NewJob& job : jobs) put(out, job);
    return out.close(']').close('}').take();
}

std::string write(const std::vector<Submitted>& jobs) {
    JsonText out;
    out.open('{').key("jobs").open('[');
    for (const Submitted& job : jobs) {
        out.open('{').field("id", job.job.text()).field("same_as", job.same_as.text()).close('}');
    }
    return out.close(']').close('}').take();
}

std::string write(const Verdict& verdict) {
    JsonText out;
    return out.open('{').field("task", verdict.task.text()).field("good", verdict.good).close('}').take();
}

std::string write(const KeyGift& gift) {
    JsonText out;
    return out.open('{').field("node", gift.node.text()).sealed("sealed", gift.sealed).close('}').take();
}

std::string write(const GiveBack& back) {
    JsonText out;
    out.open('{').field("task", back.task.text()).field("fence", back.fence.value);
    return out.field("reason", back.reason).close('}').take();
}

std::string write(const ClaimRequest& request) {
    JsonText out;
    put(out.open('{').field("protocol", name(request.protocol)).key("offer"), request.offer);
    return out.field("most", request.most).field("wait_s", request.wait_s).close('}').take();
}

std::string write(const std::vector<Lease>& leases, ProtocolVersion version) {
    JsonText out;
    out.open('{');
    if (version < ProtocolVersion{1, 1}) {
        out.key("lease");
        if (leases.empty())
            out.null();
        else
            put(out, leases.front());
        return out.close('}').take();
    }
    out.key("leases").open('[');
    for (const Lease& lease : leases) put(out, lease);
    return out.close(']').close('}').take();
}

std::string write(const HeartbeatRequest& request) {
    JsonText out;
    out.open('{').field("protocol", name(request.protocol)).key("held").open('[');
    for (const Held& held : request.held) {
        out.open('{').field("task", held.task.text()).field("fence", held.fence.value);
        out.sealed("progress", held.progress).field("percent", held.percent).close('}');
    }
    put(out.close(']').key("offer"), request.offer);
    put(out.field("slots", request.slots).key("telemetry"), request.telemetry);
    out.field("holding_back", request.holding_back);
    return out.field("wait_s", request.wait_s).close('}').take();
}

std::string write(const HeartbeatReply& reply) {
    JsonText out;
    out.open('{').key("held").open('[');
    for (const Renewal& renewal : reply.held) {
        out.open('{').field("task", renewal.task.text()).field("holding", word_of(kHoldings, renewal.holding));
        out.field("until_ms", renewal.until_ms).close('}');
    }
    out.close(']').field("now_ms", reply.now_ms).field("next_s", reply.next_s).field("drain", reply.drain);
    return out.close('}').take();
}

std::string write(const std::vector<Report>& reports) {
    JsonText out;
    out.open('{').field("protocol", name(kProtocol)).key("reports").open('[');
    for (const Report& report : reports) put(out, report);
    return out.close(']').close('}').take();
}

std::string write(const std::vector<Result<Completion>>& completions, ProtocolVersion version) {
    JsonText out;
    if (version < ProtocolVersion{1, 1}) {
        put(out, completions.empty() || !completions.front() ? Completion{} : *completions.front());
        return out.take();
    }
    out.open('{').key("reports").open('[');
    for (const Result<Completion>& completion : completions) {
        if (completion)
            put(out, *completion);
        else
            out.open('{')
                .field("code", name(completion.error().code))
                .field("detail", completion.error().message)
                .close('}');
    }
    return out.close(']').close('}').take();
}

std::string write(const JobStatus& job) {
    JsonText out;
    put(out, job);
    return out.take();
}

std::string write(const std::vector<JobStatus>& jobs) {
    JsonText out;
    out.open('{').key("jobs").open('[');
    for (const JobStatus& job : jobs) put(out, job);
    return out.close(']').close('}').take();
}

std::string write(const Event& event) {
    JsonText out;
    out.open('{').field("sequence", event.sequence).field("job", event.job.text()).field("task", event.task.text());
    out.field("type", event.type).field("state", name(event.state)).field("reason", event.reason);
    out.field("node", event.node.text()).sealed("data", event.data).field("at_ms", event.at_ms);
    return out.close('}').take();
}

std::string write(const Explanation& explanation) {
    JsonText out;
    put_texts(out.open('{').field("summary", explanation.summary), "reasons", explanation.reasons);
    put_texts(out, "unchecked", explanation.unchecked);
    return out.close('}').take();
}

std::string write(const std::vector<Receipt>& receipts) {
    JsonText out;
    out.open('{').key("receipts").open('[');
    for (const Receipt& receipt : receipts) {
        out.open('{').field("task", receipt.task.text());
        if (receipt.index) out.field("index", *receipt.index).field("leaf", receipt.leaf).field("proof", receipt.proof);
        out.close('}');
    }
    return out.close(']').close('}').take();
}

std::string write(const std::vector<BlobId>& ids) {
    JsonText out;
    put_ids(out.open('{'), "ids", ids);
    return out.close('}').take();
}

std::string write_key(const std::string& sealed) {
    JsonText out;
    return out.open('{').sealed("key", sealed).close('}').take();
}

}  // namespace ec::swarm
