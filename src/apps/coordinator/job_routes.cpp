#include <fmt/format.h>

#include <algorithm>
#include <ec/crypto/sha256.hpp>
#include <ec/swarm/protocol.hpp>

#include "../web.hpp"
#include "answers.hpp"
#include "coordinator.hpp"

namespace ec::apps::coordinator {
namespace {

using identity::Node;
using net::Responder;
using net::Route;
using net::ServerRequest;
using net::ServerResponse;
using swarm::JobId;

constexpr std::uint64_t kMostSubmitBody = 16U << 20;
constexpr std::size_t kLongestKey = 128;
constexpr std::size_t kMostPresent = 2000;

std::vector<Claimable> claimable(const std::vector<swarm::NewJob>& jobs) {
    std::vector<Claimable> out;
    for (const swarm::NewJob& job : jobs) {
        for (const swarm::NewTask& task : job.tasks) {
            if (task.after.empty()) out.push_back({task.kind, task.needs, job.group});
        }
    }
    return out;
}

bool good_key(std::string_view key) {
    return !key.empty() && key.size() <= kLongestKey &&
           std::ranges::all_of(key, [](char c) { return c > ' ' && c < '\x7f'; });
}

void submit(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    const std::string key = request.header("idempotency-key");
    if (!good_key(key))
        return responder->answer(net::problem(400, "idempotency_key_required",
                                              "an Idempotency-Key of 1 to 128 visible characters is needed",
                                              {"Idempotency-Key"}));
    auto jobs = swarm::read_new_jobs(request.body);
    if (!jobs) return responder->answer(refused(jobs.error()));
    // Whoever says what must come out has workers called liars: the operator's own people alone.
    const bool canaries = std::ranges::any_of(*jobs, [](const swarm::NewJob& job) { return job.expected.has_value(); });
    if (canaries && node.account != kLocalAccount)
        return responder->answer(
            net::problem(403, "no_canaries", "only the coordinator's own account submits canaries"));
    submit_jobs(with, node.account, key, crypto::sha256(request.body).hex(), *std::move(jobs), std::move(responder),
                [](const std::vector<swarm::Submitted>& done, const std::shared_ptr<Responder>& to) {
                    to->answer(maybe_replayed(json_answer(swarm::write(done), 201),
                                              std::ranges::all_of(done, &swarm::Submitted::again)));
                });
}

/// A number of the query: `fallback` where there is none.
Result<std::int64_t> number_or(std::int64_t fallback, std::string_view text, std::string_view name, std::int64_t most) {
    return text.empty() ? Result<std::int64_t>(fallback) : parse_number(text, name, 0, most);
}

ServerResponse list(Coordinator& with, const Node& node, const ServerRequest& request) {
    constexpr std::int64_t kMostListed = 100;
    const auto form = Form::parse(request.query);
    if (!form) return refused(form.error());
    JobId before;
    if (form->has("before")) {
        auto id = JobId::parse(form->value("before"));
        if (!id) return net::problem(400, "invalid_argument", "before must be a job's id", {"before"});
        before = *std::move(id);
    }
    const auto limit = number_or(20, form->value("limit"), "limit", kMostListed);
    if (!limit) return refused(limit.error());
    const auto jobs = with.store.read<std::vector<swarm::JobStatus>>(
        [&](Desk& desk) { return desk.queue.jobs(node.account, before, static_cast<unsigned>(*limit)); });
    return jobs ? json_answer(swarm::write(*jobs)) : refused(jobs.error());
}

Result<swarm::JobStatus> job_of(Coordinator& with, const Node& node, const ServerRequest& request) {
    EC_ASSIGN(const JobId id, path_id<JobId>(request));
    return with.store.read<swarm::JobStatus>([&](Desk& desk) { return desk.queue.job(node.account, id); });
}

ServerResponse show(Coordinator& with, const Node& node, const ServerRequest& request) {
    const auto job = job_of(with, node, request);
    return job ? json_answer(swarm::write(*job)) : refused(job.error());
}

void events(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    const auto job = job_of(with, node, request);
    if (!job) return responder->answer(refused(job.error()));
    const auto form = Form::parse(request.query);
    if (!form) return responder->answer(refused(form.error()));
    std::string after = request.header("last-event-id");
    if (after.empty()) after = form->value("after");
    const auto number = number_or(0, after, "after", std::int64_t{1} << 53);
    if (!number) return responder->answer(refused(number.error()));
    with.streams.follow(node.id, job->id, swarm::ended(job->state), *number, std::move(responder));
}

ServerResponse explain(Coordinator& with, const Node& node, const ServerRequest& request) {
    const auto id = path_id<JobId>(request);
    if (!id) return refused(id.error());
    const auto present = with.presence.present(kMostPresent, with.gate.now_ms());
    const auto why =
        with.store.read<swarm::Explanation>([&](Desk& desk) { return desk.queue.explain(node.account, *id, present); });
    return why ? json_answer(swarm::write(*why)) : refused(why.error());
}

/// Of those of the job's tasks that were paid.
Result<std::vector<swarm::Receipt>> receipts_of(Desk& desk, const swarm::JobStatus& job) {
    std::vector<swarm::Receipt> receipts;
    for (const swarm::TaskStatus& task : job.tasks) {
        // A payment is a transaction of the books with the name of its task, and a leaf of the same moment.
        const auto paid_ms = desk.books.made_at(task.id.text());
        if (!paid_ms && paid_ms.error().code == ErrorCode::not_found) continue;
        if (!paid_ms) return fail(paid_ms.error());
        swarm::Receipt receipt{.task = task.id, .index = {}, .leaf = {}, .proof = {}};
        auto leaf = desk.log.find(*paid_ms, fmt::format(R"("task":"{}","type":"paid")", task.id.text()));
        auto proof = leaf ? desk.log.receipt(leaf->index) : fail(leaf.error());
        if (!proof && proof.error().code != ErrorCode::not_found) return fail(proof.error());
        if (proof) {
            receipt.index = static_cast<std::int64_t>(leaf->index);
            receipt.leaf = std::move(leaf->bytes);
            receipt.proof = *std::move(proof);
        }
        receipts.push_back(std::move(receipt));
    }
    return receipts;
}

ServerResponse receipts(Coordinator& with, const Node& node, const ServerRequest& request) {
    const auto id = path_id<JobId>(request);
    if (!id) return refused(id.error());
    const auto found =
        with.store.read<std::vector<swarm::Receipt>>([&](Desk& desk) -> Result<std::vector<swarm::Receipt>> {
            EC_ASSIGN(const swarm::JobStatus job, desk.queue.job(node.account, *id));
            return receipts_of(desk, job);
        });
    return found ? json_answer(swarm::write(*found)) : refused(found.error());
}

void cancel(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    const auto id = path_id<JobId>(request);
    if (!id) return responder->answer(refused(id.error()));
    with.store.change([account = node.account, id = *id](Desk& desk) { return desk.queue.cancel(account, id); },
                      [&with, id = *id, responder = std::move(responder)](const Status& status) {
                          with.streams.news(id);
                          if (status) with.heartbeats.ended(id);
                          responder->answer(status ? json_answer("{}") : refused(status.error()));
                      });
}

void verdict(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    const auto id = path_id<JobId>(request);
    const auto read = swarm::read_verdict(request.body);
    if (!id || !read) return responder->answer(refused(!id ? id.error() : read.error()));
    const auto done = std::make_shared<swarm::Completion>();
    with.store.change(
        [account = node.account, job = *id, verdict = *read, done](Desk& desk) -> Status {
            EC_ASSIGN(const swarm::JobStatus status, desk.queue.job(account, job));
            if (std::ranges::find(status.tasks, verdict.task, &swarm::TaskStatus::id) == status.tasks.end())
                return fail(ErrorCode::not_found, "this job has no such task");
            EC_ASSIGN(*done, desk.queue.judge(account, verdict.task, verdict.good));
            return {};
        },
        [&with, id = *id, done, responder = std::move(responder)](const Status& status) {
            with.streams.news(id);
            if (status && swarm::ended(done->job)) with.heartbeats.ended(id);
            if (status && !swarm::ended(done->job)) with.matchmaker.wake_some();
            if (!status) return responder->answer(refused(status.error()));
            responder->answer(maybe_replayed(
                json_answer(swarm::write(std::vector<Result<swarm::Completion>>{*done}, {1, 0})), done->again));
        });
}

void give_key(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    const auto id = path_id<JobId>(request);
    const auto gift = swarm::read_key_gift(request.body);
    if (!id || !gift) return responder->answer(refused(!id ? id.error() : gift.error()));
    with.store.change([account = node.account, job = *id,
                       gift = *gift](Desk& desk) { return desk.keys.give(account, job, gift.node, gift.sealed); },
                      [&with, to = gift->node, responder = std::move(responder)](const Status& status) {
                          if (status) with.keys.given(to);
                          responder->answer(status ? json_answer("{}") : refused(status.error()));
                      });
}

}  // namespace

void submit_jobs(Coordinator& with, const std::string& account, const std::string& key, const std::string& hash,
                 std::vector<swarm::NewJob> jobs, std::shared_ptr<Responder> responder, Taken taken) {
    if (with.draining)
        return responder->answer(refused({ErrorCode::unavailable, "this coordinator goes down", "try another"}));
    const std::vector<Claimable> tasks = claimable(jobs);
    const auto done = std::make_shared<std::vector<swarm::Submitted>>();
    const auto shared = std::make_shared<const std::vector<swarm::NewJob>>(std::move(jobs));
    with.store.change(
        [account, key, hash, shared, done](Desk& desk) -> Status {
            EC_ASSIGN(*done, desk.queue.submit(account, key, hash, *shared));
            return desk.database.notify(kWorkChannel);
        },
        [&with, done, responder = std::move(responder), taken = std::move(taken)](const Status& status) {
            if (!status && status.error().code == ErrorCode::corrupt)
                return responder->answer(net::problem(422, "idempotency_key_reused", status.error().message));
            if (!status) return responder->answer(refused(status.error()));
            with.counters.submitted +=
                static_cast<std::uint64_t>(std::ranges::count(*done, false, &swarm::Submitted::again));
            taken(*done, responder);
        });
    with.matchmaker.wake(tasks);
}

std::vector<Route> job_routes(Coordinator& with) {
    const Kinds clients{identity::NodeKind::client};
    const auto bind = [&with](auto function) {
        return [&with, function](const auto&... arguments) { return function(with, arguments...); };
    };
    const auto get = [&](std::string path, std::string summary, auto function) {
        return with.gate.handled({.method = "GET",
                                  .path = std::move(path),
                                  .summary = std::move(summary),
                                  .statuses = {200, 400, 404},
                                  .request_type = "",
                                  .per_minute = kSignedPerMinute,
                                  .handle = nullptr},
                                 clients, bind(function));
    };
    const auto post = [&](std::string path, std::string summary, std::uint64_t limit, auto function) {
        return with.gate.taken({.method = "POST",
                                .path = std::move(path),
                                .summary = std::move(summary),
                                .statuses = {200, 400, 404},
                                .request_type = limit == 0 ? "" : "application/json",
                                .body_limit = limit,
                                .per_minute = kSignedPerMinute,
                                .handle = nullptr},
                               clients, bind(function));
    };
    Route submitting = post("/v1/jobs", "Submit one job, or several: all or none", kMostSubmitBody, submit);
    submitting.statuses = {201, 400, 401, 403, 404, 409, 413, 422, 503};
    Route following = with.gate.taken({.method = "GET",
                                       .path = "/v1/jobs/{id}/events",
                                       .summary = "What happens to a job, as server-sent events",
                                       .statuses = {200, 400, 404},
                                       .request_type = "",
                                       .per_minute = kSignedPerMinute,
                                       .handle = nullptr},
                                      clients, bind(events));
    return {std::move(submitting),
            get("/v1/jobs", "The account's jobs, the newest first", list),
            get("/v1/jobs/{id}", "A job with its tasks and results", show),
            std::move(following),
            get("/v1/jobs/{id}/explain", "Why a job waits", explain),
            get("/v1/jobs/{id}/receipts", "Where the log tells that its tasks were paid, with proofs", receipts),
            post("/v1/jobs/{id}/cancel", "End a job; what was verified is paid", 4096, cancel),
            post("/v1/jobs/{id}/verdict", "The submitter's own verdict on a result", 4096, verdict),
            post("/v1/jobs/{id}/keys", "The job's key, sealed to a node that asked for it", 4096, give_key)};
}

}  // namespace ec::apps::coordinator
