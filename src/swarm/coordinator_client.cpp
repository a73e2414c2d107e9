#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ec/core/waiter.hpp>
#include <ec/swarm/coordinator_client.hpp>
#include <optional>
#include <span>

namespace ec::swarm {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBatchBytes = 4U << 20;  // of blobs in one request
constexpr std::size_t kBatchBlobs = 16;        // asked for at once: a megabyte each
constexpr std::int64_t kClockMatters = 5;      // seconds
constexpr auto kAnswer = 30s;
constexpr auto kQuiet = 60s;  // an event stream says more often that it is there
constexpr int kReconnects = 8;

struct Call {
    std::string method = "POST";
    std::string target;
    std::string body = {};
    std::string type = "application/json";
    std::string key = {};  ///< Idempotency-Key
    std::chrono::milliseconds patience = kAnswer;
    /// Whether it may be sent again when nobody knows what became of it.
    bool repeatable = true;
    bool is_signed = true;
};

/// An older coordinator says it in the body.
bool is_replay(const net::HttpResponse& answer) { return answer.header("idempotency-replayed") == "true"; }
bool is_down(int status) { return status == 500 || status == 502 || status == 503 || status == 504; }

/// What cannot be read was not wrong of us: another coordinator, or this one later, may speak better.
template <class Said>
Result<Said> sense(Result<Said> said) {
    if (said || said.error().code != ErrorCode::invalid_argument) return said;
    return fail(ErrorCode::corrupt, "the coordinator's answer makes no sense: " + said.error().message);
}

/// Calls `ask` with at most so many ids at a time, until it fails.
Status in_parts(std::span<const BlobId> ids, std::size_t most,
                const std::function<Status(const std::vector<BlobId>&)>& ask) {
    while (!ids.empty()) {
        const auto part = ids.first(std::min(most, ids.size()));
        EC_TRY(ask(std::vector<BlobId>(part.begin(), part.end())));
        ids = ids.subspan(part.size());
    }
    return {};
}

Error redirected(const std::string& url) {
    return {ErrorCode::corrupt, url + " answers with a redirect, which is not followed",
            "name the coordinator's own address; a proxy or a network's login page may be in between"};
}

class SignedClient final : public CoordinatorClient {
public:
    SignedClient(CoordinatorAddress address, crypto::SecretKey key, net::EgressSink& sink,
                 std::function<std::int64_t()> now_s)
        : address_(std::move(address)),
          key_(key),
          now_s_(std::move(now_s)),
          signer_(std::move(key), [this] { return now_s_() - off_s_.load(); }),
          http_(net::make_http_client(sink, "swarm")) {}

    Result<ServerTime> hello(std::stop_token stop) override {
        Call call{.target = "/v1/hello", .body = write(HelloRequest{{name(kProtocol), name(kOldestProtocol)}})};
        call.is_signed = false;
        EC_ASSIGN(const std::string body, send(call, stop));
        EC_ASSIGN(const Hello said, sense(read_hello(body)));
        const std::int64_t now = said.now_ms / 1000;
        off_s_ = now_s_() - now;
        greeted_ = true;
        return ServerTime{now, off_s_};
    }

    Result<identity::Node> join(const Secret& token, identity::NodeKind kind, const std::string& label,
                                std::stop_token stop) override {
        const JoinRequest request{token, key_.public_key(), kind, label};
        EC_ASSIGN(const std::string body, send({.target = "/v1/nodes", .body = write(request)}, stop));
        return sense(read_node(body));
    }

    Result<std::vector<Submitted>> submit(const std::vector<NewJob>& jobs, const std::string& key,
                                          std::stop_token stop) override {
        EC_ASSIGN(const auto answer, ask({.target = "/v1/jobs", .body = write(jobs), .key = key}, stop));
        EC_ASSIGN(std::vector<Submitted> submitted, sense(read_submitted(answer.body)));
        for (Submitted& job : submitted) job.again = job.again || is_replay(answer);
        if (submitted.size() == jobs.size()) return submitted;
        return fail(ErrorCode::corrupt, "the coordinator's answer is not about the jobs that were submitted");
    }

    Result<JobStatus> job(const JobId& id, std::stop_token stop) override {
        EC_ASSIGN(const std::string body, send({.method = "GET", .target = "/v1/jobs/" + id.text()}, stop));
        return sense(read_job(body));
    }

    Result<std::vector<JobStatus>> jobs(const JobId& before, unsigned most, std::stop_token stop) override {
        std::string target = fmt::format("/v1/jobs?limit={}", most);
        if (!before.empty()) target += "&before=" + before.text();
        EC_ASSIGN(const std::string body, send({.method = "GET", .target = target}, stop));
        return sense(read_jobs(body));
    }

    Status watch(const JobId& id, std::int64_t after, const std::function<bool(const Event&)>& sink,
                 std::stop_token stop) override;

    Result<Explanation> explain(const JobId& id, std::stop_token stop) override {
        const std::string target = fmt::format("/v1/jobs/{}/explain", id.text());
        EC_ASSIGN(const std::string body, send({.method = "GET", .target = target}, stop));
        return sense(read_explanation(body));
    }

    Result<std::vector<Receipt>> receipts(const JobId& id, std::stop_token stop) override {
        const std::string target = fmt::format("/v1/jobs/{}/receipts", id.text());
        EC_ASSIGN(const std::string body, send({.method = "GET", .target = target}, stop));
        return sense(read_receipts(body));
    }

    Result<std::int64_t> searchers(const GroupId& group, std::stop_token stop) override {
        const std::string target = fmt::format("/capacity?group={}", group.text());
        EC_ASSIGN(const std::string body, send({.method = "GET", .target = target}, stop));
        return sense(read_searchers(body));
    }

    Status cancel(const JobId& id, std::stop_token stop) override {
        return done({.target = fmt::format("/v1/jobs/{}/cancel", id.text()), .body = "{}"}, stop);
    }

    Result<Completion> verdict(const JobId& id, const TaskId& task, bool good, std::stop_token stop) override {
        const std::string target = fmt::format("/v1/jobs/{}/verdict", id.text());
        return only(completions({.target = target, .body = write(Verdict{task, good})}, stop));
    }

    Status give_key(const JobId& id, const identity::NodeId& node, const std::string& sealed,
                    std::stop_token stop) override {
        const std::string target = fmt::format("/v1/jobs/{}/keys", id.text());
        return done({.target = target, .body = write(KeyGift{node, sealed})}, stop);
    }

    Result<std::vector<BlobId>> missing(const std::vector<BlobId>& ids, std::stop_token stop) override;
    Status put(const std::vector<SealedBlob>& blobs, std::stop_token stop) override;
    Result<std::vector<SealedBlob>> fetch(const std::vector<BlobId>& ids, std::stop_token stop) override;

    Result<std::vector<Lease>> claim(const ClaimRequest& request, std::stop_token stop) override {
        Call call{.target = "/v1/claim", .body = write(request)};
        call.patience = std::chrono::seconds(request.wait_s) + 15s;
        call.repeatable = false;  // a lease that nobody heard of must run out first
        EC_ASSIGN(const std::string body, send(call, stop));
        return sense(read_leases(body));
    }

    Result<HeartbeatReply> heartbeat(const HeartbeatRequest& request, std::stop_token stop) override {
        Call call{.target = "/v1/heartbeat", .body = write(request)};
        call.patience += std::chrono::seconds(request.wait_s);
        EC_ASSIGN(const std::string body, send(call, stop));
        EC_ASSIGN(HeartbeatReply reply, sense(read_heartbeat_reply(body)));
        if (reply.now_ms > 0) off_s_ = now_s_() - reply.now_ms / 1000;
        return reply;
    }

    Result<std::vector<Result<Completion>>> complete(const std::vector<Report>& reports,
                                                     std::stop_token stop) override {
        EC_ASSIGN(std::vector<Result<Completion>> done,
                  completions({.target = "/v1/complete", .body = write(reports)}, stop));
        if (done.size() == reports.size()) return done;
        return fail(ErrorCode::corrupt, "the coordinator's answer is not about the reports that were handed in");
    }

    Status give_back(const TaskId& task, Fence fence, const std::string& reason, std::stop_token stop) override {
        return done({.target = "/v1/give-back", .body = write(GiveBack{task, fence, reason})}, stop);
    }

    Result<std::string> key(const TaskId& task, Fence fence, int wait_s, std::stop_token stop) override {
        Call call{.method = "GET",
                  .target = fmt::format("/v1/tasks/{}/key?fence={}&wait_s={}", task.text(), fence.value, wait_s)};
        call.patience = std::chrono::seconds(wait_s) + 15s;
        EC_ASSIGN(const std::string body, send(call, stop));
        return sense(read_key(body));
    }

private:
    Status done(const Call& call, const std::stop_token& stop) {
        EC_TRY(send(call, stop));
        return {};
    }

    Result<std::vector<Result<Completion>>> completions(const Call& call, const std::stop_token& stop) {
        EC_ASSIGN(const auto answer, ask(call, stop));
        EC_ASSIGN(std::vector<Result<Completion>> done, sense(read_completions(answer.body)));
        for (Result<Completion>& one : done)
            if (one) one->again = one->again || is_replay(answer);
        return done;
    }

    static Result<Completion> only(Result<std::vector<Result<Completion>>> completions) {
        if (!completions) return fail(completions.error());
        if (completions->size() == 1) return std::move(completions->front());
        return fail(ErrorCode::corrupt, "the coordinator's answer is not about the one task");
    }

    /// A good answer of the first coordinator that gives one, beginning with the last that did.
    Result<net::HttpResponse> ask(const Call& call, const std::stop_token& stop);
    /// Its body.
    Result<std::string> send(const Call& call, const std::stop_token& stop) {
        EC_ASSIGN(auto answer, ask(call, stop));
        return std::move(answer.body);
    }
    Result<net::HttpResponse> send_to(std::size_t which, const Call& call, const net::ResponseSink& sink,
                                      const std::stop_token& stop);
    /// Whether a refusal may have been about the signature, which is another the next time: the server's time is not
    /// what was thought, or the bytes of the request went out twice, as they do when a kept connection turns out dead.
    bool worth_signing_again(const Call& call, int status, const std::stop_token& stop);
    Status watch_once(const JobId& id, std::int64_t& after, bool& finished,
                      const std::function<bool(const Event&)>& sink, const std::stop_token& stop);

    CoordinatorAddress address_;
    crypto::SecretKey key_;
    std::function<std::int64_t()> now_s_;
    std::atomic<std::int64_t> off_s_{0};  ///< this machine's clock less the server's
    bool greeted_ = false;
    identity::RequestSigner signer_;
    std::unique_ptr<net::HttpClient> http_;
    SystemWaiter waiter_;
    std::size_t current_ = 0;
};

Result<net::HttpResponse> SignedClient::send_to(std::size_t which, const Call& call, const net::ResponseSink& sink,
                                                const std::stop_token& stop) {
    const std::string& base = address_.urls[which];
    EC_ASSIGN(const net::Url url, net::Url::parse(base));
    if (url.scheme != "https" && !url.loopback()) {
        return fail(ErrorCode::denied, fmt::format("{} is not encrypted", base),
                    "name the coordinator with https://; plain HTTP is for this machine alone");
    }
    net::HttpRequest request;
    request.method = call.method;
    request.url = base.substr(0, base.find_last_not_of('/') + 1) + call.target;
    request.body = call.body;
    request.why = "swarm";
    request.connect_timeout = 5s;
    request.first_byte_timeout = call.patience;
    request.idle_timeout = sink.on_body ? kQuiet : kAnswer;
    request.ca_file = address_.ca_file;
    if (!call.body.empty()) request.headers.emplace_back("Content-Type", call.type);
    if (!call.key.empty()) request.headers.emplace_back("Idempotency-Key", call.key);
    request.headers.emplace_back("Accept", sink.on_body ? "text/event-stream" : "application/json");
    if (call.is_signed) EC_TRY(signer_.sign(request));
    auto response = http_->send(request, sink, stop);
    if (!response && response.error().code == ErrorCode::denied && response.error().remedy.empty()) {
        return fail(ErrorCode::denied, response.error().message,
                    "name the certificate that it is checked against with --ca FILE, or ca in [swarm] of config.toml");
    }
    return response;
}

bool SignedClient::worth_signing_again(const Call& call, int status, const std::stop_token& stop) {
    if (!call.is_signed || (status != 401 && status != 403 && status != 409)) return false;
    const std::int64_t before = off_s_;
    const bool learned = hello(stop) && std::abs(off_s_ - before) >= kClockMatters;
    return learned || (status == 409 && call.repeatable);
}

Result<net::HttpResponse> SignedClient::ask(const Call& call, const std::stop_token& stop) {
    if (address_.urls.empty()) return fail(ErrorCode::invalid_argument, "no coordinator is named");
    if (call.is_signed && !greeted_) EC_TRY(hello(stop));
    std::optional<Error> last;
    for (std::size_t tried = 0; tried < address_.urls.size(); ++tried) {
        const std::size_t which = (current_ + tried) % address_.urls.size();
        auto response = send_to(which, call, {}, stop);
        if (response && worth_signing_again(call, response->status, stop)) response = send_to(which, call, {}, stop);
        if (!response) {
            last = response.error();
            const bool never_sent = last->code == ErrorCode::unavailable;
            if (!may_recover(last->code) || (!never_sent && !call.repeatable)) break;
            continue;
        }
        if (response->status >= 300 && response->status < 400) {
            last = redirected(address_.urls[which]);
            continue;
        }
        if (response->status < 400) {
            current_ = which;
            return response;
        }
        last = read_problem(response->status, response->body);
        if (!is_down(response->status) || !call.repeatable) break;
    }
    return fail(*std::move(last));
}

Status SignedClient::watch_once(const JobId& id, std::int64_t& after, bool& finished,
                                const std::function<bool(const Event&)>& sink, const std::stop_token& stop) {
    if (!greeted_) EC_TRY(hello(stop));
    Call call{.method = "GET", .target = fmt::format("/v1/jobs/{}/events?after={}", id.text(), after)};
    net::SseParser parser(1U << 20);
    int status = 0;
    std::string problem;
    net::ResponseSink bytes;
    bytes.on_head = [&](const net::HttpResponse& head) -> Status {
        status = head.status;
        return {};
    };
    bytes.on_body = [&](std::string_view piece) -> Status {
        if (status >= 400) {
            problem += piece.substr(0, 4096 - std::min<std::size_t>(problem.size(), 4096));
            return {};
        }
        EC_ASSIGN(const auto events, parser.feed(piece));
        for (const net::SseParser::Event& each : events) {
            EC_ASSIGN(const Event event, sense(read_event(each.data)));
            if (event.sequence <= after) continue;
            after = event.sequence;
            finished = !sink(event) || (event.type == "state" && event.task.empty() && ended(event.state));
            if (finished) return fail(ErrorCode::cancelled, "enough");
        }
        return {};
    };
    auto response = send_to(current_, call, bytes, stop);
    if (response && worth_signing_again(call, status, stop)) {
        problem.clear();
        response = send_to(current_, call, bytes, stop);
    }
    if (finished) return {};
    if (!response) return fail(response.error());
    if (status >= 400) return fail(read_problem(status, problem));
    if (status >= 300) return fail(redirected(address_.urls[current_]));
    return fail(ErrorCode::io, "the stream of events ended before the job did");
}

Status SignedClient::watch(const JobId& id, std::int64_t after, const std::function<bool(const Event&)>& sink,
                           std::stop_token stop) {
    if (address_.urls.empty()) return fail(ErrorCode::invalid_argument, "no coordinator is named");
    for (int attempt = 0;; ++attempt) {
        const std::int64_t before = after;
        bool finished = false;
        const Status status = watch_once(id, after, finished, sink, stop);
        if (finished) return {};
        if (!may_recover(status.error().code)) return status;
        if (after != before) attempt = 0;
        if (attempt == kReconnects) return status;
        current_ = (current_ + 1) % address_.urls.size();
        const auto pause = std::min<std::chrono::milliseconds>(8s, 250ms * (1 << std::min(attempt, 5)));
        if (!waiter_.wait(pause, stop)) return fail(ErrorCode::cancelled, "stopped");
    }
}

Result<std::vector<BlobId>> SignedClient::missing(const std::vector<BlobId>& ids, std::stop_token stop) {
    std::vector<BlobId> all;
    EC_TRY(in_parts(ids, kMostIds, [&](const std::vector<BlobId>& part) -> Status {
        EC_ASSIGN(const std::string body, send({.target = "/v1/blobs/missing", .body = write(part)}, stop));
        EC_ASSIGN(const std::vector<BlobId> some, sense(read_ids(body)));
        all.insert(all.end(), some.begin(), some.end());
        return {};
    }));
    return all;
}

Status SignedClient::put(const std::vector<SealedBlob>& blobs, std::stop_token stop) {
    std::vector<SealedBlob> batch;
    std::size_t bytes = 0;
    const auto flush = [&]() -> Status {
        if (batch.empty()) return {};
        const Call call{.target = "/v1/blobs", .body = write_frames(batch), .type = "application/octet-stream"};
        batch.clear();
        bytes = 0;
        return done(call, stop);
    };
    for (const SealedBlob& blob : blobs) {
        if (bytes + blob.bytes.size() > kBatchBytes || batch.size() == kMostIds) EC_TRY(flush());
        batch.push_back(blob);
        bytes += blob.bytes.size();
    }
    return flush();
}

Result<std::vector<SealedBlob>> SignedClient::fetch(const std::vector<BlobId>& ids, std::stop_token stop) {
    std::vector<SealedBlob> all;
    EC_TRY(in_parts(ids, kBatchBlobs, [&](const std::vector<BlobId>& part) -> Status {
        EC_ASSIGN(const std::string body, send({.target = "/v1/blobs/fetch", .body = write(part)}, stop));
        EC_ASSIGN(std::vector<SealedBlob> some, sense(read_frames(body)));
        std::ranges::move(some, std::back_inserter(all));
        return {};
    }));
    return all;
}

}  // namespace

std::unique_ptr<CoordinatorClient> make_coordinator_client(CoordinatorAddress address, crypto::SecretKey key,
                                                           net::EgressSink& sink, std::function<std::int64_t()> now_s) {
    return std::make_unique<SignedClient>(std::move(address), std::move(key), sink, std::move(now_s));
}

}  // namespace ec::swarm
