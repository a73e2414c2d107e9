#include <algorithm>
#include <charconv>
#include <ec/swarm/protocol.hpp>

#include "protocol_fields.hpp"
#include "protocol_job.hpp"
#include "protocol_words.hpp"

namespace ec::swarm {
namespace {

constexpr std::int64_t kFar = std::int64_t{1} << 53;  ///< what every JSON library can say exactly
constexpr std::size_t kLabel = 120;
constexpr std::size_t kToken = 128;
constexpr std::size_t kProgress = 8192;

/// Parses, reads, and tells all faults at once.
template <class Make>
auto read(std::string_view body, Make make) -> Result<std::remove_cvref_t<decltype(make(std::declval<Fields&>()))>> {
    auto value = json::parse(body);
    if (!value) return fail(ErrorCode::invalid_argument, value.error().message);
    Faults faults;
    Fields fields(*value, faults);
    auto made = make(fields);
    EC_TRY(faults.status());
    return made;
}

/// A request without it speaks the oldest.
ProtocolVersion protocol_of(Fields& fields) {
    const std::string text = fields.text("protocol", 16);
    if (text.empty()) return kOldestProtocol;
    const auto version = parse_protocol(text);
    if (!version) fields.fault("protocol", "1.0 or 1.1");
    return version.value_or(kOldestProtocol);
}

crypto::PublicKey public_key(Fields& fields) {
    const auto key = crypto::PublicKey::parse(fields.needed_text("key", 64));
    if (!key) fields.fault("key", "64 hexadecimal digits");
    return key.value_or(crypto::PublicKey());
}

identity::NodeId node_id(Fields& fields, std::string_view key) {
    const std::string text = fields.text(key, 64);
    if (text.empty()) return {};
    const auto id = identity::NodeId::parse(text);
    if (!id) fields.fault(key, "a node's id");
    return id.value_or(identity::NodeId());
}

Telemetry telemetry(Fields& fields) {
    Telemetry out;
    out.device = fields.word<DeviceKind>("device", in_table(kDevices), DeviceKind::server);
    out.external_power = fields.maybe_boolean("external_power");
    if (const auto percent = fields.maybe_integer("battery_percent", 0, 100))
        out.battery_percent = static_cast<int>(*percent);
    out.low_power_mode = fields.boolean("low_power_mode", false);
    out.thermal = fields.maybe_word<Thermal>("thermal", in_table(kThermals));
    if (const auto percent = fields.maybe_integer("cpu_percent", 0, 100)) out.cpu_percent = static_cast<int>(*percent);
    out.idle_s = fields.maybe_integer("idle_s", 0, kFar);
    out.updated_ms = fields.integer("updated_ms", 0, kFar, 0);
    return out;
}

HelloRequest hello_request(Fields& fields) { return {.versions = fields.texts("versions", 16, 16)}; }

Hello hello(Fields& fields) {
    Hello out;
    const auto version = parse_protocol(fields.needed_text("protocol", 16));
    if (!version) fields.fault("protocol", "1.0 or 1.1");
    out.version = version.value_or(kOldestProtocol);
    out.now_ms = fields.needed_integer("now_ms", 0, kFar);
    out.lease_ms = fields.integer("lease_ms", 0, kFar, 0);
    out.server = fields.text("server", 512);
    return out;
}

JoinRequest join_request(Fields& fields) {
    JoinRequest out;
    out.token = Secret(fields.needed_text("token", kToken));
    out.key = public_key(fields);
    out.kind = fields.word<identity::NodeKind>("kind", identity::parse_node_kind);
    out.label = fields.text("label", kLabel);
    return out;
}

identity::Node node(Fields& fields) {
    identity::Node out;
    out.id = node_id(fields, "id");
    out.key = public_key(fields);
    out.kind = fields.word<identity::NodeKind>("kind", identity::parse_node_kind);
    out.state = fields.word<identity::NodeState>("state", in_table(kNodeStates));
    out.account = fields.text("account", 128);
    out.label = fields.text("label", kLabel);
    out.enrolled_ms = fields.integer("enrolled_ms", 0, kFar, 0);
    return out;
}

Submitted submitted(Fields& fields) {
    Submitted out;
    out.job = fields.needed_id<JobId>("id");
    out.again = fields.boolean("again", false);
    out.same_as = fields.id<JobId>("same_as");
    return out;
}

Held held(Fields& fields) {
    Held out;
    out.task = fields.needed_id<TaskId>("task");
    out.fence.value = fields.needed_integer("fence", 1, kFar);
    out.progress = fields.sealed("progress", kProgress);
    out.percent = fields.integer("percent", -1, 100, -1);
    return out;
}

Renewal renewal(Fields& fields) {
    Renewal out;
    out.task = fields.needed_id<TaskId>("task");
    out.holding = fields.word<Holding>("holding", in_table(kHoldings));
    out.until_ms = fields.integer("until_ms", 0, kFar, 0);
    return out;
}

ClaimRequest claim_request(Fields& fields) {
    ClaimRequest out;
    out.protocol = protocol_of(fields);
    out.offer = fields.nested("offer", read_offer);
    out.most = static_cast<unsigned>(fields.integer("most", 1, kMostLeases, 1));
    out.wait_s = static_cast<int>(fields.integer("wait_s", 0, kLongestWait, 25));
    return out;
}

HeartbeatRequest heartbeat(Fields& fields) {
    HeartbeatRequest out;
    out.protocol = protocol_of(fields);
    out.held = fields.each<Held>("held", kMostHeld, held);
    out.offer = fields.nested("offer", read_offer);
    out.slots = static_cast<int>(fields.integer("slots", 0, 1024, 1));
    out.telemetry = fields.nested("telemetry", telemetry);
    out.holding_back = reason_word(fields, "holding_back");
    out.wait_s = static_cast<int>(fields.integer("wait_s", 0, kLongestWait, 0));
    return out;
}

HeartbeatReply heartbeat_reply(Fields& fields) {
    HeartbeatReply out;
    out.held = fields.each<Renewal>("held", kMostHeld, renewal);
    out.now_ms = fields.integer("now_ms", 0, kFar, 0);
    out.next_s = static_cast<int>(fields.integer("next_s", 0, 3600, 30));
    out.drain = fields.boolean("drain", false);
    return out;
}

Result<Completion> completion(Fields& fields) {
    if (fields.has("code")) {
        const auto code = fields.word<ErrorCode>("code", in_table(kCodes));
        return fail(code, fields.text("detail", 2000));
    }
    Completion out;
    out.task = fields.word<State>("task", parse_state);
    out.job = fields.word<State>("job", parse_state);
    out.again = fields.boolean("again", false);
    return out;
}

}  // namespace

Result<ProtocolVersion> parse_protocol(std::string_view text) {
    ProtocolVersion version{0, 0};
    const char* const end = text.data() + text.size();
    const auto [dot, bad_major] = std::from_chars(text.data(), end, version.major);
    bool good = bad_major == std::errc() && dot != end && *dot == '.';
    if (good) {
        const auto [rest, bad_minor] = std::from_chars(dot + 1, end, version.minor);
        good = bad_minor == std::errc() && rest == end;
    }
    if (!good || version < kOldestProtocol || version.major != kProtocol.major)
        return fail(ErrorCode::invalid_argument, "this protocol is not spoken here", "speak 1.0 or 1.1");
    return std::min(version, kProtocol);
}

Result<HelloRequest> read_hello_request(std::string_view body) { return read(body, hello_request); }
Result<Hello> read_hello(std::string_view body) { return read(body, hello); }
Result<JoinRequest> read_join(std::string_view body) { return read(body, join_request); }
Result<identity::Node> read_node(std::string_view body) { return read(body, node); }

Result<std::vector<Submitted>> read_submitted(std::string_view body) {
    return read(body, [](Fields& fields) { return fields.each<Submitted>("jobs", kMostJobs, submitted); });
}

Result<Verdict> read_verdict(std::string_view body) {
    return read(body, [](Fields& fields) {
        return Verdict{.task = fields.needed_id<TaskId>("task"), .good = fields.needed_boolean("good")};
    });
}

Result<KeyGift> read_key_gift(std::string_view body) {
    return read(body, [](Fields& fields) {
        KeyGift out{.node = node_id(fields, "node"), .sealed = fields.sealed("sealed", 512)};
        if (out.node.text().empty()) fields.fault("node", "a node's id");
        if (out.sealed.empty()) fields.fault("sealed", "there");
        return out;
    });
}

Result<GiveBack> read_give_back(std::string_view body) {
    return read(body, [](Fields& fields) {
        return GiveBack{.task = fields.needed_id<TaskId>("task"),
                        .fence = {fields.needed_integer("fence", 1, kFar)},
                        .reason = reason_word(fields, "reason")};
    });
}

Result<ClaimRequest> read_claim_request(std::string_view body) { return read(body, claim_request); }

Result<std::vector<Lease>> read_leases(std::string_view body) {
    return read(body, [](Fields& fields) {
        if (!fields.has("lease")) return fields.each<Lease>("leases", kMostLeases, read_lease);
        return std::vector<Lease>{fields.nested("lease", read_lease)};
    });
}

Result<HeartbeatRequest> read_heartbeat(std::string_view body) { return read(body, heartbeat); }
Result<HeartbeatReply> read_heartbeat_reply(std::string_view body) { return read(body, heartbeat_reply); }

Result<Reports> read_reports(std::string_view body) {
    return read(body, [](Fields& fields) {
        static_cast<void>(protocol_of(fields));  // its faults: which form it is, `reports` tells
        if (!fields.has("reports")) return Reports{{read_report(fields)}, kOldestProtocol};
        Reports out{fields.each<Report>("reports", kMostReports, read_report), kProtocol};
        if (out.reports.empty()) fields.fault("reports", "at least one");
        return out;
    });
}

Result<std::vector<Result<Completion>>> read_completions(std::string_view body) {
    return read(body, [](Fields& fields) {
        if (fields.has("reports")) return fields.each<Result<Completion>>("reports", kMostReports, completion);
        return std::vector<Result<Completion>>{completion(fields)};
    });
}

Result<JobStatus> read_job(std::string_view body) { return read(body, read_job_status); }

Result<std::vector<JobStatus>> read_jobs(std::string_view body) {
    return read(body, [](Fields& fields) { return fields.each<JobStatus>("jobs", 1000, read_job_status); });
}

Result<Event> read_event(std::string_view body) {
    return read(body, [](Fields& fields) {
        Event out;
        out.sequence = fields.needed_integer("sequence", 0, kFar);
        out.job = fields.id<JobId>("job");
        out.task = fields.id<TaskId>("task");
        out.type = fields.needed_text("type", 64);
        out.state = fields.word<State>("state", parse_state, State::queued);
        out.reason = fields.text("reason", 200);
        out.node = node_id(fields, "node");
        out.data = fields.sealed("data", kProgress);
        out.at_ms = fields.integer("at_ms", 0, kFar, 0);
        return out;
    });
}

Result<Explanation> read_explanation(std::string_view body) {
    return read(body, [](Fields& fields) {
        Explanation explanation{.summary = fields.text("summary", 1000), .reasons = fields.texts("reasons", 100, 1000)};
        // An older coordinator does not say.
        if (fields.has("unchecked")) explanation.unchecked = fields.texts("unchecked", kMostIds, 64);
        return explanation;
    });
}

Result<std::vector<Receipt>> read_receipts(std::string_view body) {
    constexpr std::size_t kMostReceipts = 4096;
    constexpr std::size_t kLongest = 65'535;
    return read(body, [](Fields& fields) {
        return fields.each<Receipt>("receipts", kMostReceipts, [](Fields& receipt) {
            Receipt out;
            out.task = receipt.needed_id<TaskId>("task");
            out.index = receipt.maybe_integer("index", 0, kFar);
            out.leaf = receipt.text("leaf", kLongest);
            out.proof = receipt.text("proof", kLongest);
            return out;
        });
    });
}

Result<std::int64_t> read_searchers(std::string_view body) {
    return read(body, [](Fields& fields) {
        return fields.nested("totals", [](Fields& totals) { return totals.needed_integer("searchers", 0, kFar); });
    });
}

Result<std::vector<BlobId>> read_ids(std::string_view body) {
    return read(body, [](Fields& fields) { return fields.ids<BlobId>("ids", kMostIds); });
}

Result<std::string> read_key(std::string_view body) {
    return read(body, [](Fields& fields) { return fields.sealed("key", 512); });
}

Result<std::vector<NewJob>> read_new_jobs(std::string_view body) {
    return read(body, [](Fields& fields) {
        if (!fields.has("jobs")) return std::vector<NewJob>{read_new_job(fields)};
        auto jobs = fields.each<NewJob>("jobs", kMostJobs, read_new_job);
        if (jobs.empty()) fields.fault("jobs", "at least one");
        return jobs;
    });
}

}  // namespace ec::swarm
