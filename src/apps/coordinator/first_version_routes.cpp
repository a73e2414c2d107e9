#include <fmt/format.h>

#include <ctime>
#include <ec/core/token.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/json/json.hpp>
#include <expected>

#include "../web.hpp"
#include "answers.hpp"
#include "coordinator.hpp"
#include "first_version.hpp"
#include "old_leases.hpp"

namespace ec::apps::coordinator {
namespace {

using identity::Node;
using identity::NodeKind;
using json::Object;
using net::Responder;
using net::Route;
using net::ServerRequest;
using net::ServerResponse;

const Kinds kAll{NodeKind::client, NodeKind::worker, NodeKind::inference};
const Kinds kWorkers{NodeKind::worker, NodeKind::inference};
constexpr std::uint64_t kSmallBody = 64U << 10;
constexpr std::uint64_t kSubmitBody = 16U << 20;
constexpr std::size_t kMostAgents = 1000;
const std::string kSubmitKey = "submit/";  // before the name of a task, where it stands for an idempotency key

ServerResponse json_of(Object object, int status = 200) { return json_answer(json::write(std::move(object)), status); }

bool is_loopback(const std::string& peer) {
    return peer.starts_with("127.") || peer == "::1" || peer == "::ffff:127.0.0.1";
}

bool is_admin(const Coordinator& with, const ServerRequest& request) {
    return same_secret(bearer_token(request), with.admin_token);
}

Object policy(const Coordinator& with, int slots) {
    return {{"maxConcurrentTasks", slots}, {"leaseMs", with.store.rules().queue.lease_ms}};
}

// --- /register

ServerResponse accepted(Coordinator& with, const Node& node, const OldRegister& asked) {
    if (node.state != identity::NodeState::approved) {
        ServerResponse response = net::problem(403, "node_not_activated", "a person has to approve this node first");
        auto object = json::parse(response.body);
        if (!object) return response;
        object->get_object()["reason"] = identity::name(node.state);
        object->get_object()["nodeId"] = node.id.text();
        response.body = json::write(*object) + "\n";
        return response;
    }
    swarm::HeartbeatRequest here;
    here.offer = asked.offer;
    here.slots = asked.slots;
    here.telemetry = asked.telemetry;
    with.presence.tells(node, here, with.gate.now_ms());
    return json_of(
        {{"accepted", true}, {"nodeId", node.id.text()}, {"mode", asked.mode}, {"policy", policy(with, asked.slots)}});
}

void register_agent(Coordinator& with, const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
    const auto asked = read_old_register(request.body);
    if (!asked) return responder->answer(refused(asked.error()));
    if (!asked->token) {
        const auto node = with.gate.who(request);
        return responder->answer(node ? accepted(with, *node, *asked) : not_let_in(node.error(), with.gate.now_ms()));
    }
    if (const Status joins = with.gate.joins(*asked->key, request); !joins)
        return responder->answer(not_let_in(joins.error(), with.gate.now_ms()));
    enrol(with, {.token = *asked->token, .key = *asked->key, .kind = asked->kind, .label = asked->agent_id}, responder,
          [&with, asked = *asked](const Node& node) { return accepted(with, node, asked); });
}

// --- /heartbeat

void heartbeat(Coordinator& with, OldLeases& leases, const Node& node, const ServerRequest& request,
               const std::shared_ptr<Responder>& responder) {
    const auto beat = read_old_heartbeat(request.body);
    if (!beat) return responder->answer(refused(beat.error()));
    if (beat->telemetry) with.presence.tells_power(node, *beat->telemetry, with.gate.now_ms());
    const auto answer = [&with](std::size_t lost) {
        return json_of({{"ok", true},
                        {"requeued", lost},
                        {"policy", policy(with, 1)},
                        {"orchestration", nullptr},
                        {"tunnelInvites", json::Array()},
                        {"tunnelCloseNotices", json::Array()},
                        {"directWorkOffers", json::Array()},
                        {"blacklist", Object{{"version", 0}, {"agents", json::Array()}}}});
    };
    const auto held = leases.held_by(node.id);
    if (held.empty()) return responder->answer(answer(0));
    const auto renewed = std::make_shared<std::vector<swarm::Renewal>>();
    with.store.change(
        [id = node.id, held, renewed](Desk& desk) -> Status {
            EC_ASSIGN(*renewed, desk.queue.renew(id, held));
            return {};
        },
        [&leases, id = node.id, renewed, responder, answer](const Status& status) {
            if (!status) return responder->answer(refused(status.error()));
            std::size_t lost = 0;
            for (const swarm::Renewal& renewal : *renewed) {
                if (renewal.holding == swarm::Holding::kept) continue;
                leases.drop(id, renewal.task);
                ++lost;
            }
            responder->answer(answer(lost));
        });
}

// --- /submit

void tell_subtasks(Coordinator& with, const std::string& account, const swarm::JobId& id, bool again,
                   const std::shared_ptr<Responder>& responder) {
    const auto job = std::make_shared<swarm::JobStatus>();
    with.store.change(
        [account, id, job](Desk& desk) -> Status {
            EC_ASSIGN(*job, desk.queue.job(account, id));
            return {};
        },
        [id, again, job, responder](const Status& status) {
            if (!status) return responder->answer(refused(status.error()));
            json::Array subtasks;
            for (const swarm::TaskStatus& task : job->tasks) subtasks.emplace_back(task.id.text());
            responder->answer(
                maybe_replayed(json_of({{"taskId", id.text()}, {"subtasks", std::move(subtasks)}}), again));
        });
}

/// A job, and for whose account; or the answer to whoever may not submit it.
struct Submission {
    std::string account;
    swarm::NewJob job;
};
using Admitted = std::expected<Submission, ServerResponse>;

Admitted admit_sealed(Coordinator& with, const ServerRequest& request) {
    const auto node = with.gate.who(request);
    if (!node) return std::unexpected(not_let_in(node.error(), with.gate.now_ms()));
    if (node->kind != NodeKind::client)
        return std::unexpected(net::problem(403, "wrong_kind", "this is for client nodes"));
    auto job = read_old_job(request.body);
    if (!job) return std::unexpected(refused(job.error()));
    return Submission{node->account, *std::move(job)};
}

Admitted admit_plain(Coordinator& with, const ServerRequest& request, const OldSubmit& asked) {
    const bool here = is_loopback(request.peer) && with.seal_plain;
    if (here && !is_admin(with, request)) {
        ServerResponse unknown = net::problem(
            401, "token_required", "a task in clear needs the token in secrets/admin-token of the data directory");
        unknown.headers.emplace_back("WWW-Authenticate", "Bearer");
        return std::unexpected(std::move(unknown));
    }
    if (!here)
        return std::unexpected(
            net::problem(403, "plaintext_refused",
                         "a task in clear is taken on the coordinator's own machine alone, under `edgecoderd all`, "
                         "with its admin token: send a sealed job"));
    auto plain = with.seal_plain({asked.prompt, asked.language, asked.snapshot, asked.priority});
    if (!plain) return std::unexpected(refused(plain.error()));
    // Stands before the job in the writer's line; without it the job is refused.
    with.store.change(
        [blobs = std::move(plain->blobs)](Desk& desk) { return desk.blobs.put(kLocalAccount, blobs, desk.now_ms()); },
        [](const Status& /*status*/) {});
    return Submission{kLocalAccount, std::move(plain->job)};
}

void submit(Coordinator& with, const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
    const auto asked = read_old_submit(request.body);
    if (!asked) return responder->answer(refused(asked.error()));
    auto admitted = asked->has_job ? admit_sealed(with, request) : admit_plain(with, request, *asked);
    if (!admitted) return responder->answer(std::move(admitted).error());
    // What a plain task says is sealed anew each time: the same words are the same task.
    const std::string hash = crypto::sha256(request.body).hex();
    submit_jobs(with, admitted->account, kSubmitKey + asked->task_id, hash, {std::move(admitted->job)}, responder,
                [&with, account = admitted->account](const std::vector<swarm::Submitted>& done,
                                                     const std::shared_ptr<Responder>& to) {
                    tell_subtasks(with, account, done.front().job, done.front().again, to);
                });
}

// --- /pull

/// Answers as the first version did, from what the matchmaker says.
class PullAnswer final : public Responder {
public:
    PullAnswer(std::shared_ptr<Responder> to, OldLeases& leases, identity::NodeId node)
        : to_(std::move(to)), leases_(leases), node_(std::move(node)) {}

    void answer(ServerResponse response) override {
        const auto leases = swarm::read_leases(response.body);
        if (response.status != 200 || !leases) return to_->answer(std::move(response));
        if (leases->empty()) return to_->answer(json_of({{"subtask", nullptr}}));
        const swarm::Lease& lease = leases->front();
        leases_.add(node_, lease);
        const auto envelope = json::parse(swarm::write(*leases, swarm::kOldestProtocol));
        Object subtask{{"id", lease.task.text()},
                       {"taskId", lease.job.text()},
                       {"kind", swarm::name(lease.kind)},
                       {"language", lease.needs.languages.empty() ? "python" : lease.needs.languages.front()},
                       {"timeoutMs", lease.expected_s * 1000},
                       {"fence", lease.fence.value},
                       {"envelope", envelope ? envelope->get_object().at("lease") : json::Value()}};
        to_->answer(json_of({{"subtask", std::move(subtask)}}));
    }
    void begin(ServerResponse head) override { to_->begin(std::move(head)); }
    bool write(std::string_view piece) override { return to_->write(piece); }
    void end() override { to_->end(); }
    [[nodiscard]] std::stop_token gone() const override { return to_->gone(); }

private:
    std::shared_ptr<Responder> to_;
    OldLeases& leases_;
    identity::NodeId node_;
};

void pull(Coordinator& with, OldLeases& leases, const Node& node, std::shared_ptr<Responder> responder) {
    const auto seen = with.presence.find(node.id, with.gate.now_ms());
    if (!seen) return responder->answer(net::problem(409, "agent_not_registered", "register first"));
    if (seen->telemetry && seen->telemetry->device == swarm::DeviceKind::phone) {
        swarm::PowerRules rules;
        rules.ios = true;
        const auto verdict = swarm::may_work(*seen->telemetry, rules, -1, 0);
        if (verdict.take == swarm::PowerVerdict::Take::nothing)
            return responder->answer(
                json_of({{"subtask", nullptr}, {"powerDeferred", true}, {"reason", verdict.reason}}));
    }
    swarm::ClaimRequest claim;
    claim.offer = seen->present.offer;
    claim.wait_s = 0;
    with.matchmaker.claim(node, std::move(claim), std::make_shared<PullAnswer>(std::move(responder), leases, node.id));
}

// --- /result

void result(Coordinator& with, OldLeases& leases, const Node& node, const ServerRequest& request,
            std::shared_ptr<Responder> responder) {
    const auto said = read_old_result(request.body);
    if (!said) return responder->answer(refused(said.error()));
    const auto known = leases.of(node.id, said->subtask);
    if (!known && !said->fence)
        return responder->answer(net::problem(409, "conflict", "this node holds no lease of this subtask"));
    swarm::Report report;
    report.task = said->subtask;
    report.fence = said->fence ? *said->fence : known->fence;
    const bool verifies = known && known->kind == swarm::TaskKind::verify;
    report.outcome = verifies   ? (said->ok ? swarm::Outcome::passed : swarm::Outcome::rejected)
                     : said->ok ? swarm::Outcome::solved
                                : swarm::Outcome::error;
    report.result = said->output;
    report.wall_ms = said->duration_ms;
    const auto done = std::make_shared<swarm::Completion>();
    with.store.change(
        [node, report, done](Desk& desk) -> Status {
            EC_ASSIGN(*done, desk.queue.complete(node, report));
            return desk.database.notify(kWorkChannel);
        },
        [&with, &leases, done, id = node.id, task = report.task,
         responder = std::move(responder)](const Status& status) {
            with.streams.news(task);
            if (!status) return responder->answer(refused(status.error()));
            leases.drop(id, task);
            ++with.counters.completed;
            if (swarm::ended(done->job))
                with.heartbeats.ended(task);
            else
                with.matchmaker.wake_some();
            responder->answer(maybe_replayed(json_of({{"ok", true}}), done->again));
        });
}

// --- /status, /capacity, /features, /health/runtime

/// Whose figures are asked for: the signing node's account, or with the admin token everybody's (empty).
Result<std::string> account_of(Coordinator& with, const ServerRequest& request) {
    if (is_admin(with, request)) return std::string();
    EC_ASSIGN(const Node node, with.gate.who(request));
    return node.account;
}

ServerResponse status_of(Coordinator& with, const std::string& account, const std::string& task) {
    // The first version's clients chose the name of a task themselves; ours is taken too.
    const auto named =
        with.store.read<std::string>([&](Desk& desk) { return desk.queue.submitted_as(account, kSubmitKey + task); });
    if (!named) return refused(named.error());
    const auto id = swarm::JobId::parse(named->empty() ? task : *named);
    if (!id) return net::problem(404, "not_found", "there is no such task");
    const auto job = with.store.read<swarm::JobStatus>([&](Desk& desk) { return desk.queue.job(account, *id); });
    if (!job) return refused(job.error());
    auto whole = json::parse(swarm::write(*job));
    Object object{{"taskId", id->text()}, {"state", swarm::name(job->state)}};
    if (whole) object["job"] = *std::move(whole);
    return json_of(std::move(object));
}

ServerResponse status(Coordinator& with, const ServerRequest& request) {
    const auto account = account_of(with, request);
    if (!account) return not_let_in(account.error(), with.gate.now_ms());
    const auto form = Form::parse(request.query);
    if (!form) return refused(form.error());
    if (form->has("taskId")) return status_of(with, account->empty() ? kLocalAccount : *account, form->value("taskId"));
    const auto queued = with.store.read<std::int64_t>([&](Desk& desk) { return desk.queue.queued(*account); });
    if (!queued) return refused(queued.error());
    const std::int64_t now = with.gate.now_ms();
    return json_of({{"queued", *queued},
                    {"agents", account->empty() ? with.presence.count(now)
                                                : with.presence.of_account(*account, kMostAgents, now).size()},
                    {"results", with.counters.completed.load()}});
}

Object agent_of(const Seen& seen) {
    Object power;
    if (seen.telemetry) {
        if (seen.telemetry->external_power) power["onExternalPower"] = *seen.telemetry->external_power;
        if (seen.telemetry->battery_percent) power["batteryLevelPct"] = *seen.telemetry->battery_percent;
        power["lowPowerMode"] = seen.telemetry->low_power_mode;
    }
    return {{"agentId", seen.label},
            {"nodeId", seen.present.node.text()},
            {"mode", "swarm-only"},
            {"swarmEnabled", true},
            {"maxConcurrentTasks", seen.present.slots},
            {"busy", seen.present.busy},
            {"powerTelemetry", std::move(power)}};
}

ServerResponse capacity(Coordinator& with, const ServerRequest& request) {
    const auto account = account_of(with, request);
    if (!account) return not_let_in(account.error(), with.gate.now_ms());
    const auto form = Form::parse(request.query);
    if (!form) return refused(form.error());
    swarm::GroupId group;
    if (form->has("group")) {
        auto id = swarm::GroupId::parse(form->value("group"));
        if (!id) return net::problem(400, "invalid_argument", "group must be a trust group's id", {"group"});
        group = *std::move(id);
    }
    json::Array agents;
    std::int64_t slots = 0;
    for (const Seen& seen : with.presence.of_account(*account, kMostAgents, with.gate.now_ms())) {
        agents.push_back(agent_of(seen));
        slots += seen.present.slots;
    }
    const std::size_t count = agents.size();
    return json_of({{"totals", Object{{"agentsConnected", count},
                                      {"totalCapacity", slots},
                                      {"swarmEnabledCount", count},
                                      {"searchers", with.presence.searchers(group, with.gate.now_ms())}}},
                    {"agents", std::move(agents)}});
}

ServerResponse features(Coordinator& with, const ServerRequest& request) {
    const auto account = account_of(with, request);
    if (!account) return not_let_in(account.error(), with.gate.now_ms());
    return json_of({{"public_mesh", false}, {"enterprise_overlay", false}});
}

ServerResponse runtime(Coordinator& with) {
    const auto queued = with.store.read<std::int64_t>([](Desk& desk) { return desk.queue.queued({}); });
    return json_of({{"ok", queued.has_value()},
                    {"coordinator", Object{{"provider", "edgecoder-local"},
                                           {"queued", queued.value_or(0)},
                                           {"agents", with.presence.count(with.gate.now_ms())},
                                           {"results", with.counters.completed.load()}}},
                    {"ollama", Object{{"expectedProvider", nullptr}, {"reachable", false}}}});
}

Route post(std::string path, std::string summary, std::uint64_t limit, std::vector<int> statuses) {
    return {.method = "POST",
            .path = std::move(path),
            .summary = std::move(summary),
            .statuses = std::move(statuses),
            .secured = true,
            .request_type = "application/json",
            .body_limit = limit,
            .per_minute = 60'000,
            .handle = nullptr};
}

}  // namespace

std::vector<Route> first_version_routes(Coordinator& with) {
    const auto leases = std::make_shared<OldLeases>();
    Route registering =
        post("/register", "First version: join, or say that one is here", kSmallBody, {200, 400, 401, 403, 409, 503});
    registering.take = [&with](const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
        register_agent(with, request, responder);
    };
    Route submitting = post("/submit", "First version: a sealed job, or on this machine a task in clear", kSubmitBody,
                            {200, 400, 401, 403, 422, 503});
    submitting.take = [&with](const ServerRequest& request, const std::shared_ptr<Responder>& responder) {
        submit(with, request, responder);
    };
    const auto get = [&with](std::string path, std::string summary, auto function) {
        return Route{.method = "GET",
                     .path = std::move(path),
                     .summary = std::move(summary),
                     .statuses = {200, 401, 404, 409, 503},
                     .secured = true,
                     .request_type = "",
                     .handle = [&with, function](const ServerRequest& request) { return function(with, request); }};
    };
    Route health = get("/health/runtime", "First version: whether it runs; open",
                       [](Coordinator& to, const ServerRequest&) { return runtime(to); });
    health.secured = false;
    health.statuses = {200};
    return {
        std::move(registering),
        with.gate.taken(post("/heartbeat", "First version: here, and at work", kSmallBody, {200, 400}), kWorkers,
                        [&with, leases](const Node& node, const ServerRequest& request,
                                        const std::shared_ptr<Responder>& responder) {
                            heartbeat(with, *leases, node, request, responder);
                        }),
        std::move(submitting),
        with.gate.taken(post("/pull", "First version: one subtask, or null", kSmallBody, {200}), kWorkers,
                        [&with, leases](const Node& node, const ServerRequest&, std::shared_ptr<Responder> responder) {
                            pull(with, *leases, node, std::move(responder));
                        }),
        with.gate.taken(
            post("/result", "First version: what came out", 1U << 20, {200, 400, 404}), kWorkers,
            [&with, leases](const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
                result(with, *leases, node, request, std::move(responder));
            }),
        get("/status", "First version: counts, or with taskId a job", status),
        get("/capacity", "First version: the account's workers", capacity),
        get("/features", "First version: what is switched on", features),
        std::move(health)};
}

}  // namespace ec::apps::coordinator
