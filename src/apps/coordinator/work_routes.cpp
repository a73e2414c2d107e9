#include <algorithm>
#include <ec/swarm/protocol.hpp>
#include <mutex>

#include "../web.hpp"
#include "answers.hpp"
#include "coordinator.hpp"

namespace ec::apps::coordinator {
namespace {

using identity::Node;
using net::Responder;
using net::Route;
using net::ServerRequest;
using swarm::Completion;

constexpr std::uint64_t kMostReportBody = 48U << 20;

/// The header counts where the body says nothing of it.
void take_header(swarm::ProtocolVersion& version, const ServerRequest& request) {
    if (const auto said = swarm::parse_protocol(request.header("edgecoder-protocol"))) version = *said;
}

void claim(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    auto read = swarm::read_claim_request(request.body);
    if (!read) return responder->answer(refused(read.error()));
    take_header(read->protocol, request);
    if (read->protocol < swarm::ProtocolVersion{1, 1}) read->most = 1;
    with.presence.claims(node, read->offer, with.gate.now_ms());
    with.matchmaker.claim(node, *std::move(read), std::move(responder));
}

void heartbeat(Coordinator& with, const Node& node, const ServerRequest& request,
               std::shared_ptr<Responder> responder) {
    auto read = swarm::read_heartbeat(request.body);
    if (!read) return responder->answer(refused(read.error()));
    with.presence.tells(node, *read, with.gate.now_ms());
    ++with.counters.heartbeats;
    with.heartbeats.take(node, *std::move(read), std::move(responder));
}

/// The answers to several reports, given when the last of them is there.
struct Completing {
    std::mutex mutex;
    std::vector<Result<Completion>> done;
    std::size_t left = 0;
    swarm::ProtocolVersion protocol;
    std::shared_ptr<Responder> responder;
};

void answer(const Completing& all) {
    for (const auto& one : all.done) {
        if (one) continue;
        // The whole is to be asked again, or it stands alone and is refused.
        const ErrorCode code = one.error().code;
        if (all.protocol < swarm::kProtocol || may_recover(code)) return all.responder->answer(refused(one.error()));
    }
    const bool again = std::ranges::all_of(all.done, [](const Result<Completion>& one) { return one && one->again; });
    all.responder->answer(maybe_replayed(json_answer(swarm::write(all.done, all.protocol)), again));
}

void completed(Coordinator& with, const swarm::TaskId& task, const Result<Completion>& done) {
    with.streams.news(task);
    if (!done) {
        ++with.counters.refused_reports;
        return;
    }
    ++with.counters.completed;
    // A verification, what stood on it, or the task itself again.
    if (swarm::ended(done->job))
        with.heartbeats.ended(task);
    else
        with.matchmaker.wake_some();
}

struct HandedIn {
    Node node;
    std::vector<swarm::Report> reports;
    std::shared_ptr<Completing> all;
};

/// Each as a change of its own.
void hand_in_alone(Coordinator& with, const std::shared_ptr<const HandedIn>& what) {
    for (std::size_t i = 0; i < what->reports.size(); ++i) {
        const auto done = std::make_shared<Completion>();
        with.store.change(
            [what, done, i](Desk& desk) -> Status {
                EC_ASSIGN(*done, desk.queue.complete(what->node, what->reports[i]));
                return desk.database.notify(kWorkChannel);
            },
            [&with, what, done, i](const Status& status) {
                const Result<Completion> result = status ? Result<Completion>(*done) : fail(status.error());
                completed(with, what->reports[i].task, result);
                Completing& all = *what->all;
                const std::scoped_lock lock(all.mutex);
                all.done[i] = result;
                if (--all.left == 0) answer(all);
            });
    }
}

/// All in one change, which is cheapest; where one goes wrong half way, each alone, so that it undoes none of the
/// others.
void hand_in(Coordinator& with, const std::shared_ptr<const HandedIn>& what) {
    const auto done = std::make_shared<std::vector<Result<Completion>>>();
    with.store.change(
        [what, done](Desk& desk) -> Status {
            EC_ASSIGN(*done, desk.queue.complete(what->node, what->reports));
            return desk.database.notify(kWorkChannel);
        },
        [&with, what, done](const Status& status) {
            if (!status && what->reports.size() > 1 && !may_recover(status.error().code))
                return hand_in_alone(with, what);
            Completing& all = *what->all;
            const std::scoped_lock lock(all.mutex);
            if (status)
                all.done = *done;
            else
                std::ranges::fill(all.done, Result<Completion>(fail(status.error())));
            for (std::size_t i = 0; i < all.done.size(); ++i) completed(with, what->reports[i].task, all.done[i]);
            answer(all);
        });
}

void complete(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    auto read = swarm::read_reports(request.body);
    if (!read) return responder->answer(refused(read.error()));
    const auto all = std::make_shared<Completing>();
    all->done.resize(read->reports.size(), fail(ErrorCode::unavailable, "not written"));
    all->left = read->reports.size();
    all->protocol = read->protocol;
    all->responder = std::move(responder);
    hand_in(with, std::make_shared<HandedIn>(HandedIn{node, std::move(read->reports), all}));
}

void give_back(Coordinator& with, const Node& node, const ServerRequest& request,
               std::shared_ptr<Responder> responder) {
    const auto read = swarm::read_give_back(request.body);
    if (!read) return responder->answer(refused(read.error()));
    with.store.change(
        [id = node.id, back = *read](Desk& desk) -> Status {
            EC_TRY(desk.queue.give_back(id, back.task, back.fence, back.reason, false));
            return desk.database.notify(kWorkChannel);
        },
        [&with, task = read->task, responder = std::move(responder)](const Status& status) {
            with.streams.news(task);
            if (status) with.matchmaker.wake_some();
            responder->answer(status ? json_answer("{}") : refused(status.error()));
        });
}

void key(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    const auto task = path_id<swarm::TaskId>(request);
    if (!task) return responder->answer(refused(task.error()));
    const auto form = Form::parse(request.query);
    if (!form) return responder->answer(refused(form.error()));
    const auto fence = parse_number(form->value("fence"), "fence", 1, std::int64_t{1} << 53);
    const auto wait = form->has("wait_s") ? parse_number(form->value("wait_s"), "wait_s", 0, swarm::kLongestWait)
                                          : Result<std::int64_t>(0);
    if (!fence || !wait) return responder->answer(refused(!fence ? fence.error() : wait.error()));
    with.keys.ask(node, *task, {*fence}, static_cast<int>(*wait), std::move(responder));
}

}  // namespace

std::vector<Route> work_routes(Coordinator& with) {
    const Kinds workers{identity::NodeKind::worker, identity::NodeKind::inference};
    const auto post = [&](std::string path, std::string summary, std::uint64_t limit, auto function) {
        return with.gate.taken(
            {.method = "POST",
             .path = std::move(path),
             .summary = std::move(summary),
             .statuses = {200, 400, 404},
             .request_type = "application/json",
             .body_limit = limit,
             .per_minute = kSignedPerMinute,
             .handle = nullptr},
            workers,
            [&with, function](const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
                function(with, node, request, std::move(responder));
            });
    };
    constexpr std::uint64_t kClaimBody = 64U << 10;
    constexpr std::uint64_t kHeartbeatBody = 4U << 20;
    Route asking_key = with.gate.taken(
        {.method = "GET",
         .path = "/v1/tasks/{id}/key",
         .summary = "The job's key for the node that holds the lease; waits until the submitter gave it",
         .statuses = {200, 400, 404},
         .request_type = "",
         .per_minute = kSignedPerMinute,
         .handle = nullptr},
        workers, [&with](const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
            key(with, node, request, std::move(responder));
        });
    return {
        post("/v1/claim", "Take work; waits until there is some", kClaimBody, claim),
        post("/v1/heartbeat", "Keep leases, tell how the work goes and how the machine is", kHeartbeatBody, heartbeat),
        post("/v1/complete", "Hand in what came out, once; again changes nothing", kMostReportBody, complete),
        post("/v1/give-back", "Give a task back that this node cannot do", 4096, give_back), std::move(asking_key)};
}

}  // namespace ec::apps::coordinator
