// The client against a server that says whatever a test wants: coordinators that are down, late, wrong about the time,
// or lose an answer on the way.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <ec/net/testing/scripted_server.hpp>
#include <ec/swarm/coordinator_client.hpp>

namespace ec::swarm {
namespace {

using net::testing::Peer;
using net::testing::ScriptedServer;
using net::testing::SeenRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::int64_t kHour = 3600;

class NoLedger final : public net::EgressSink {
public:
    Status record(const net::EgressEntry& /*entry*/) override { return {}; }
};

template <class Id>
Id id(std::string_view text) {
    return Id::parse(text).value();
}

bool greet(const Peer& peer, std::int64_t now_s = kNow) {
    return peer.answer(200,
                       write(Hello{.version = kProtocol, .now_ms = now_s * 1000, .lease_ms = 90'000, .server = "k"}));
}

/// Greets, and hands everything else to `rest`.
ScriptedServer::Script after_hello(ScriptedServer::Script rest) {
    return [rest = std::move(rest)](const SeenRequest& request, const Peer& peer) {
        return request.target == "/v1/hello" ? greet(peer) : rest(request, peer);
    };
}

bool no_jobs(const SeenRequest& /*request*/, const Peer& peer) {
    return peer.answer(200, write(std::vector<JobStatus>{}));
}

ScriptedServer::Script problem(int status, std::string code, std::string detail) {
    return [=](const SeenRequest& /*request*/, const Peer& peer) {
        return peer.answer(status, fmt::format(R"({{"status":{},"code":"{}","detail":"{}"}})", status, code, detail),
                           "Content-Type: application/problem+json\r\n");
    };
}

std::int64_t created(const SeenRequest& request) {
    const std::size_t at = request.head.find("created=");
    return at == std::string::npos ? 0 : std::stoll(request.head.substr(at + 8));
}

class CoordinatorClientTest : public ::testing::Test {
protected:
    std::unique_ptr<CoordinatorClient> client(std::vector<std::string> urls, std::int64_t clock = kNow) {
        return make_coordinator_client({.urls = std::move(urls), .ca_file = ""}, key_, ledger_,
                                       [clock] { return clock; });
    }
    NoLedger ledger_;
    crypto::SecretKey key_ = crypto::SecretKey::generate().value();
};

TEST_F(CoordinatorClientTest, SignsEveryCallButTheGreeting) {
    ScriptedServer server(after_hello(no_jobs));
    ASSERT_TRUE(client({server.url()})->jobs({}, 5, {}));
    const auto seen = server.requests();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_FALSE(seen[0].has("Signature"));
    EXPECT_EQ(seen[1].target, "/v1/jobs?limit=5");
    EXPECT_TRUE(seen[1].has("Signature-Input: "));
    EXPECT_TRUE(seen[1].has(identity::NodeId::of(key_.public_key()).text()));
}

TEST_F(CoordinatorClientTest, SignsOverTheServersTimeWhereItsOwnClockIsAnHourOff) {
    ScriptedServer server(after_hello(no_jobs));
    const auto late = client({server.url()}, kNow - kHour);
    ASSERT_TRUE(late->jobs({}, 5, {}));
    EXPECT_EQ(created(server.requests().at(1)), kNow);
    EXPECT_EQ(late->hello({}).value().off_s, -kHour);
}

TEST_F(CoordinatorClientTest, LearnsTheTimeAgainWhenItIsRefused) {
    std::atomic<std::int64_t> now = kNow;
    ScriptedServer server([&](const SeenRequest& request, const Peer& peer) {
        if (request.target == "/v1/hello") return greet(peer, now);
        if (std::abs(created(request) - now) > 120) return problem(409, "conflict", "the clock is off")(request, peer);
        return no_jobs(request, peer);
    });
    const auto one = client({server.url()});
    ASSERT_TRUE(one->jobs({}, 1, {}));
    now = kNow + kHour;
    const auto jobs = one->jobs({}, 1, {});
    EXPECT_TRUE(jobs) << jobs.error().message;
}

TEST_F(CoordinatorClientTest, SignsAgainWhatWasToldToHaveBeenSentBefore) {
    std::atomic<int> calls = 0;
    ScriptedServer server(after_hello([&](const SeenRequest& request, const Peer& peer) {
        return ++calls == 1 ? problem(409, "conflict", "this request was sent before")(request, peer)
                            : no_jobs(request, peer);
    }));
    EXPECT_TRUE(client({server.url()})->jobs({}, 1, {}));
    EXPECT_EQ(calls, 2);
}

TEST_F(CoordinatorClientTest, TellsWhatTheCoordinatorSaysIsWrong) {
    ScriptedServer server(after_hello(problem(404, "not_found", "there is no such job" + std::string(1000, '!'))));
    const auto job = client({server.url()})->job(id<JobId>("j1"), {});
    ASSERT_FALSE(job);
    EXPECT_EQ(job.error().code, ErrorCode::not_found);
    EXPECT_THAT(job.error().message, HasSubstr("there is no such job"));
    EXPECT_LT(job.error().message.size(), 310U);
}

TEST_F(CoordinatorClientTest, GoesOnToTheNextCoordinatorAndStaysThere) {
    ScriptedServer down(problem(503, "unavailable", "it goes down"));
    ScriptedServer up(after_hello(no_jobs));
    std::string nobody;
    {
        ScriptedServer gone(no_jobs);
        nobody = gone.url();
    }
    const auto one = client({nobody, down.url(), up.url()});
    ASSERT_TRUE(one->jobs({}, 1, {}));
    ASSERT_TRUE(one->jobs({}, 1, {}));
    EXPECT_EQ(up.requests().size(), 3U);
    EXPECT_EQ(down.requests().size(), 1U);
}

TEST_F(CoordinatorClientTest, AsksNobodyElseForALeaseThatMayHaveBeenGiven) {
    ScriptedServer loses(after_hello([](const SeenRequest&, const Peer&) { return false; }));
    ScriptedServer other(after_hello(
        [](const SeenRequest&, const Peer& peer) { return peer.answer(200, write(std::vector<Lease>{}, kProtocol)); }));
    const auto leases = client({loses.url(), other.url()})->claim({}, {});
    EXPECT_FALSE(leases);
    EXPECT_TRUE(other.requests().empty());
}

TEST_F(CoordinatorClientTest, SendsASubmissionAgainUnderItsKey) {
    ScriptedServer loses(after_hello([](const SeenRequest&, const Peer&) { return false; }));
    ScriptedServer other(after_hello([](const SeenRequest&, const Peer& peer) {
        return peer.answer(201, write(std::vector<Submitted>{{id<JobId>("j1"), true, {}}}),
                           "Idempotency-Replayed: true\r\n");
    }));
    const auto submitted = client({loses.url(), other.url()})->submit({NewJob{}}, "the-key", {});
    ASSERT_TRUE(submitted) << submitted.error().message;
    EXPECT_TRUE(submitted->front().again);
    ASSERT_EQ(other.requests().size(), 1U);
    EXPECT_TRUE(other.requests()[0].has("Idempotency-Key: the-key"));
    EXPECT_EQ(other.requests()[0].body, loses.requests()[1].body);
}

TEST_F(CoordinatorClientTest, SendsNothingOverAWireThatIsNotEncrypted) {
    const auto refused = client({"http://192.0.2.1:4301"})->jobs({}, 1, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::denied);
    EXPECT_EQ(client({})->jobs({}, 1, {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(CoordinatorClientTest, AnswersThatAreNoneAreRefused) {
    for (const std::string body : {"", "[]", "{", "{\"jobs\":5}", "\xff"}) {
        ScriptedServer server(
            after_hello([&](const SeenRequest&, const Peer& peer) { return peer.answer(200, body); }));
        const auto jobs = client({server.url()})->jobs({}, 1, {});
        ASSERT_FALSE(jobs) << body;
        EXPECT_EQ(jobs.error().code, ErrorCode::corrupt) << "a worker goes on after it: " << body;
        const auto leases = client({server.url()})->claim({}, {});
        EXPECT_EQ(leases ? ErrorCode::corrupt : leases.error().code, ErrorCode::corrupt) << body;
        EXPECT_FALSE(client({server.url()})->submit({NewJob{}}, "k", {})) << body;
        EXPECT_FALSE(client({server.url()})->fetch({id<BlobId>("b")}, {}) && !body.empty()) << body;
    }
}

TEST_F(CoordinatorClientTest, ARedirectIsNotFollowedAndTheNextCoordinatorIsAsked) {
    std::atomic<int> followed = 0;
    ScriptedServer elsewhere([&](const SeenRequest&, const Peer& peer) {
        ++followed;
        return peer.answer(200, write(std::vector<JobStatus>{}));
    });
    ScriptedServer portal(after_hello([&](const SeenRequest&, const Peer& peer) {
        return peer.answer(307, "", "Location: " + elsewhere.url() + "/v1/jobs\r\n");
    }));
    ScriptedServer good(after_hello(no_jobs));
    const auto alone = client({portal.url()})->jobs({}, 1, {});
    ASSERT_FALSE(alone);
    EXPECT_EQ(alone.error().code, ErrorCode::corrupt);
    EXPECT_THAT(alone.error().message, HasSubstr("redirect"));
    EXPECT_EQ(client({portal.url()})->watch(id<JobId>("j1"), 0, [](const Event&) { return true; }, {}).error().code,
              ErrorCode::corrupt);
    EXPECT_TRUE(client({portal.url(), good.url()})->jobs({}, 1, {}));
    EXPECT_EQ(followed, 0);
}

std::string event_text(std::int64_t sequence, State state, bool of_job) {
    Event event;
    event.sequence = sequence;
    event.job = id<JobId>("j1");
    if (!of_job) event.task = id<TaskId>("t1");
    event.type = "state";
    event.state = state;
    event.reason = "because";
    return fmt::format("id: {}\ndata: {}\n\n", sequence, write(event));
}

TEST_F(CoordinatorClientTest, TakesAStreamUpWhereItBroke) {
    std::atomic<int> streams = 0;
    ScriptedServer server(after_hello([&](const SeenRequest& request, const Peer& peer) {
        peer.begin(200, "text/event-stream");
        if (++streams == 1) {
            EXPECT_THAT(request.target, HasSubstr("after=0"));
            peer.chunk(event_text(1, State::leased, false) + event_text(2, State::running, false));
            return false;
        }
        EXPECT_THAT(request.target, HasSubstr("after=2"));
        peer.chunk(event_text(2, State::running, false) + event_text(3, State::done, true));
        peer.wait_for_end();
        return false;
    }));
    std::vector<std::int64_t> heard;
    const Status watched = client({server.url()})
                               ->watch(id<JobId>("j1"), 0,
                                       [&](const Event& event) {
                                           heard.push_back(event.sequence);
                                           return true;
                                       },
                                       {});
    EXPECT_TRUE(watched) << watched.error().message;
    EXPECT_THAT(heard, ElementsAre(1, 2, 3));
}

TEST_F(CoordinatorClientTest, StopsListeningWhenItIsToldTo) {
    ScriptedServer server(after_hello([](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/event-stream");
        peer.chunk(event_text(1, State::leased, false) + event_text(2, State::running, false));
        peer.wait_for_end();
        return false;
    }));
    int heard = 0;
    EXPECT_TRUE(client({server.url()})->watch(id<JobId>("j1"), 0, [&](const Event&) { return ++heard < 1; }, {}));
    EXPECT_EQ(heard, 1);
}

TEST_F(CoordinatorClientTest, AJobThatIsNotThereIsNotWatched) {
    ScriptedServer server(after_hello(problem(404, "not_found", "there is no such job")));
    const Status watched = client({server.url()})->watch(id<JobId>("j1"), 0, [](const Event&) { return true; }, {});
    ASSERT_FALSE(watched);
    EXPECT_EQ(watched.error().code, ErrorCode::not_found);
    EXPECT_THAT(watched.error().message, HasSubstr("no such job"));
}

TEST_F(CoordinatorClientTest, BlobsTravelInPiecesThatTheCoordinatorTakes) {
    std::atomic<std::size_t> largest = 0;
    ScriptedServer server(after_hello([&](const SeenRequest& request, const Peer& peer) {
        largest = std::max(largest.load(), request.body.size());
        if (request.target == "/v1/blobs") return peer.answer(200, "{}");
        std::vector<SealedBlob> blobs;
        const std::vector<BlobId> wanted = read_ids(request.body).value();
        for (const BlobId& each : wanted) blobs.push_back({each, "sealed"});
        EXPECT_LE(blobs.size(), 16U);
        return peer.answer(200, write_frames(blobs), "Content-Type: application/octet-stream\r\n");
    }));
    const auto one = client({server.url()});
    std::vector<SealedBlob> blobs;
    std::vector<BlobId> ids;
    for (int i = 0; i < 40; ++i) {
        ids.push_back(id<BlobId>(fmt::format("b{}", i)));
        blobs.push_back({ids.back(), std::string(kBlobBytes / 2, 'x')});
    }
    ASSERT_TRUE(one->put(blobs, {}));
    EXPECT_LE(largest, std::size_t{5} << 20);
    EXPECT_EQ(one->fetch(ids, {}).value().size(), 40U);
}

}  // namespace
}  // namespace ec::swarm
