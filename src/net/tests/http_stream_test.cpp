// Answers that come late or piece by piece.
#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <ec/net/http_server.hpp>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "raw_client.hpp"

namespace ec::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kGet = "GET /late?a=1&b=%20 HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t pages = 0;
    file >> pages >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

bool stops(const std::stop_token& token, milliseconds patience = seconds(60)) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, token, patience, [] { return false; });
    return token.stop_requested();
}

class LateAnswers : public ::testing::Test {
protected:
    void SetUp() override {
        Route late;
        late.method = "GET";
        late.path = "/late";
        late.per_minute = 100'000;
        late.take = [this](ServerRequest request, std::shared_ptr<Responder> responder) {
            const std::scoped_lock lock(mutex_);
            request_ = std::move(request);
            responders_.push_back(std::move(responder));
            changed_.notify_all();
        };
        routes_.push_back(late);
        late.method = "POST";
        late.request_type = "application/json";
        routes_.push_back(late);
        Route bug = late;
        bug.method = "GET";
        bug.request_type = {};
        bug.path = "/bug";
        bug.take = [](const ServerRequest&, const std::shared_ptr<Responder>&) {
            throw std::runtime_error("secret words");
        };
        routes_.push_back(bug);
        Route hello;
        hello.method = "GET";
        hello.path = "/hello";
        hello.per_minute = 100'000;
        hello.handle = [](const ServerRequest&) { return ServerResponse{.body = "{}", .headers = {}}; };
        routes_.push_back(hello);
        Route blocked = hello;
        blocked.path = "/blocked";
        blocked.handle = [this](const ServerRequest&) {
            std::unique_lock lock(mutex_);
            ++blocked_;
            changed_.notify_all();
            changed_.wait_for(lock, seconds(60), [this] { return released_; });
            return ServerResponse{.body = "done", .headers = {}};
        };
        routes_.push_back(blocked);
    }
    void TearDown() override {
        release();
        responders_.clear();
        server_.reset();
    }
    void start() {
        auto server = start_http_server(routes_, options_);
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
    }
    std::unique_ptr<RawClient> client() {
        if (!server_) start();
        return std::make_unique<RawClient>(server_->port());
    }
    std::unique_ptr<RawClient> ask() {
        auto one = client();
        one->send(kGet);
        return one;
    }
    /// The responder of the next request.
    std::shared_ptr<Responder> taken() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, seconds(60), [this] { return !responders_.empty(); })) return nullptr;
        auto one = std::move(responders_.front());
        responders_.pop_front();
        return one;
    }
    /// Each of the pool's threads is in "/blocked".
    void wait_for_blocked(unsigned count) {
        std::unique_lock lock(mutex_);
        ASSERT_TRUE(changed_.wait_for(lock, seconds(60), [&] { return blocked_ == count; }));
    }
    void release() {
        const std::scoped_lock lock(mutex_);
        released_ = true;
        changed_.notify_all();
    }
    static ServerResponse events(std::string first = {}) {
        return {
            .status = 200, .type = "text/event-stream", .body = std::move(first), .headers = {{"X-Route", "local"}}};
    }

    std::vector<Route> routes_;
    ServerOptions options_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<Responder>> responders_;
    ServerRequest request_;
    unsigned blocked_ = 0;
    bool released_ = false;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(LateAnswers, ComeFromAnotherThreadWhenTheyAreReady) {
    const auto client = ask();
    auto responder = taken();
    ASSERT_TRUE(responder);
    EXPECT_EQ(request_.path, "/late");
    EXPECT_EQ(request_.query, "a=1&b=%20");
    std::jthread([responder] { responder->answer({.status = 202, .body = "{\"a\":1}", .headers = {}}); });
    const std::string response = client->receive();
    EXPECT_EQ(status_of(response), 202);
    EXPECT_TRUE(response.ends_with("{\"a\":1}"));
    EXPECT_FALSE(responder->gone().stop_requested());
    client->send(kHello);  // the connection was kept, though somebody still holds the responder
    EXPECT_EQ(status_of(client->receive()), 200);
}

TEST_F(LateAnswers, KeepNoThread) {
    options_.threads = 1;
    const auto first = ask();
    const auto second = ask();
    const auto one = taken();
    const auto other = taken();
    ASSERT_TRUE(one && other);
    const auto third = client();
    third->send(kHello);
    EXPECT_EQ(status_of(third->receive()), 200);
}

TEST_F(LateAnswers, SayOnlyWhatIsSaidFirst) {
    const auto client = ask();
    const auto responder = taken();
    EXPECT_FALSE(responder->write("too early"));
    responder->end();
    responder->answer({.body = "first", .headers = {}});
    responder->answer({.body = "second", .headers = {}});
    responder->begin(events("third"));
    EXPECT_FALSE(responder->write("fourth"));
    client->send(kHello);
    EXPECT_TRUE(client->receive().ends_with("first"));
    EXPECT_TRUE(client->receive().ends_with("{}"));
}

TEST_F(LateAnswers, AreA500WhenNobodyGivesThem) {
    const auto client = ask();
    taken().reset();
    const std::string response = client->receive();
    EXPECT_EQ(status_of(response), 500);
    EXPECT_NE(response.find("application/problem+json"), std::string::npos);
    client->send("GET /bug HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string bug = client->receive();
    EXPECT_EQ(status_of(bug), 500);
    EXPECT_EQ(bug.find("secret"), std::string::npos);
}

TEST_F(LateAnswers, StreamEachPieceAsItIsWritten) {
    const auto client = ask();
    const auto responder = taken();
    responder->begin(events());
    const std::string head = client->receive_to("\r\n\r\n");
    EXPECT_EQ(status_of(head), 200);
    EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
    EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_NE(head.find("X-Route: local\r\n"), std::string::npos);
    EXPECT_EQ(head.find("Content-Length"), std::string::npos);
    EXPECT_TRUE(responder->write("data: one\n\n"));
    EXPECT_EQ(client->receive_to("\n\n\r\n"), "b\r\ndata: one\n\n\r\n");
    EXPECT_TRUE(responder->write(""));  // is no end
    EXPECT_TRUE(responder->write(std::string(300, 'x')));
    EXPECT_EQ(client->receive_to("x\r\n"), "12c\r\n" + std::string(300, 'x') + "\r\n");
    responder->end();
    EXPECT_EQ(client->receive_to("\r\n\r\n"), "0\r\n\r\n");
    EXPECT_FALSE(responder->write("late"));
    EXPECT_FALSE(responder->gone().stop_requested());
    client->send(kHello);
    EXPECT_EQ(status_of(client->receive()), 200);
}

TEST_F(LateAnswers, StreamWithTheHeadWhatIsThereAlready) {
    const auto client = ask();
    auto responder = taken();
    responder->begin(events("first"));
    responder->end();
    responder.reset();
    const std::string all = client->receive_to("0\r\n\r\n");
    EXPECT_TRUE(all.ends_with("\r\n\r\n5\r\nfirst\r\n0\r\n\r\n")) << all;
    client->send(kGet);
    responder = taken();
    responder->begin(events());
    responder->end();
    EXPECT_TRUE(client->receive_to("0\r\n\r\n").ends_with("\r\n\r\n0\r\n\r\n"));
}

TEST_F(LateAnswers, LetNoHeaderBeginAnother) {
    const auto client = ask();
    const auto responder = taken();
    ServerResponse head = events();
    head.headers = {{"X-Model", "a\r\nX-Evil: 1\r\n\r\nb"}};
    responder->begin(head);
    const std::string text = client->receive_to("\r\n\r\n");
    EXPECT_NE(text.find("X-Model: a"), std::string::npos);
    EXPECT_EQ(text.find("\nX-Evil"), std::string::npos);
}

TEST_F(LateAnswers, AreFollowedByRequestsThatCameMeanwhile) {
    const auto client = ask();
    client->send(kHello.substr(0, 20));
    const auto responder = taken();
    responder->begin(events("a"));
    client->receive_to("a\r\n");
    client->send(kHello.substr(20));
    client->send(kGet);
    responder->end();
    EXPECT_EQ(client->receive_to("0\r\n\r\n"), "0\r\n\r\n");
    EXPECT_EQ(status_of(client->receive()), 200);
    taken()->answer({.status = 202, .body = {}, .headers = {}});
    EXPECT_EQ(status_of(client->receive()), 202);
}

// More than is read ahead, so that some of it stays with the kernel.
TEST_F(LateAnswers, LoseNothingOfManyRequestsThatCameMeanwhile) {
    constexpr int kMany = 2'000;
    const auto client = ask();
    std::string many;
    for (int i = 0; i < kMany; ++i) many += kHello;
    std::jthread sending([&] { client->send(many); });
    taken()->answer({.status = 202, .body = {}, .headers = {}});
    EXPECT_EQ(status_of(client->receive()), 202);
    int good = 0;
    for (int i = 0; i < kMany; ++i) good += status_of(client->receive()) == 200 ? 1 : 0;
    EXPECT_EQ(good, kMany);
}

TEST_F(LateAnswers, AreNotAwaitedByAClientThatLeft) {
    for (const bool streaming : {false, true}) {
        for (const bool reset : {false, true}) {
            const auto client = ask();
            const auto responder = taken();
            if (streaming) {
                responder->begin(events("a"));
                client->receive_to("a\r\n");
            }
            EXPECT_FALSE(responder->gone().stop_requested());
            reset ? client->reset() : client->close();
            EXPECT_TRUE(stops(responder->gone())) << streaming << reset;
            EXPECT_FALSE(responder->write("b"));
        }
    }
    const auto half = ask();
    const auto responder = taken();
    half->send(kHello);  // what it said before does not hide that it left
    half->close_sending();
    EXPECT_TRUE(stops(responder->gone()));
}

TEST_F(LateAnswers, AreNotBegunForAClientThatLeftTheQueue) {
    options_.threads = 1;
    auto blocking = client();
    blocking->send("GET /blocked HTTP/1.1\r\nHost: localhost\r\n\r\n");
    wait_for_blocked(1);
    const auto leaving = ask();
    const auto staying = client();
    staying->send("POST /late HTTP/1.1\r\nHost: localhost\r\n\r\n");
    leaving->close_sending();
    EXPECT_TRUE(leaving->ended());  // the server has seen it
    release();
    taken()->answer({.body = {}, .headers = {}});
    EXPECT_EQ(status_of(staying->receive()), 200);
    EXPECT_EQ(request_.method, "POST");
    const std::scoped_lock lock(mutex_);
    EXPECT_TRUE(responders_.empty());
}

TEST_F(LateAnswers, AreRefusedWhenTooManyWaitForAThread) {
    options_.threads = 1;
    options_.waiting = 0;
    auto blocking = client();
    blocking->send("GET /blocked HTTP/1.1\r\nHost: localhost\r\n\r\n");
    wait_for_blocked(1);
    const auto refused = ask();
    EXPECT_EQ(status_of(refused->receive()), 503);
    release();
    EXPECT_EQ(status_of(blocking->receive()), 200);
    refused->send(kGet);
    taken()->answer({.body = {}, .headers = {}});
    EXPECT_EQ(status_of(refused->receive()), 200);
}

TEST_F(LateAnswers, AreCutWhenTheReaderLeavesTooMuch) {
    options_.stream_bytes = 100'000;
    const auto client = std::make_unique<RawClient>((start(), server_->port()));
    client->read_little();
    client->send(kGet);
    const auto responder = taken();
    responder->begin(events());
    std::size_t written = 0;
    while (written < (64U << 20) && responder->write(std::string(10'000, 'x'))) written += 10'000;
    EXPECT_LT(written, 64U << 20);
    EXPECT_FALSE(responder->write("x"));
    EXPECT_TRUE(stops(responder->gone()));
    const std::string all = client->receive_all();
    EXPECT_FALSE(all.ends_with("0\r\n\r\n"));
}

TEST_F(LateAnswers, MayBeOfAnyLengthWhenTheyAreRead) {
    options_.stream_bytes = 100'000;
    const auto client = ask();
    const auto responder = taken();
    responder->begin(events());
    client->receive_to("\r\n\r\n");
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(responder->write(std::string(39'999, 'x') + "."));
        ASSERT_EQ(client->receive_to(".\r\n").size(), 40'008U);  // 4 of the length, two line ends
    }
    EXPECT_FALSE(responder->write(std::string(100'001, 'x')));  // one that never fits
    EXPECT_TRUE(stops(responder->gone()));
}

TEST_F(LateAnswers, AreCutWhenTheReaderStandsStill) {
    options_.body_timeout = milliseconds(50);
    options_.stream_bytes = 32U << 20;
    start();
    const auto still = client();
    still->read_little();
    still->send(kGet);
    const auto responder = taken();
    responder->begin(events(std::string(16U << 20, 'x')));
    EXPECT_TRUE(stops(responder->gone()));
}

TEST_F(LateAnswers, MayRestLongerThanAnyTimeout) {
    constexpr milliseconds kLimit(3'000);  // which a client on a busy machine keeps
    options_.body_timeout = kLimit;
    options_.head_timeout = kLimit;
    options_.idle_timeout = kLimit;
    options_.grace = milliseconds(0);
    options_.per_peer = 1;
    const auto resting = ask();
    const auto responder = taken();
    responder->begin(events("a"));
    resting->receive_to("a\r\n");
    EXPECT_FALSE(stops(responder->gone(), kLimit + milliseconds(100)));
    EXPECT_TRUE(client()->ended());  // and it gives way to nobody
    EXPECT_TRUE(responder->write("b"));
    EXPECT_EQ(resting->receive_to("b\r\n"), "1\r\nb\r\n");
}

TEST_F(LateAnswers, ThatAreNotEndedAreCutAfterWhatWasSaid) {
    const auto client = ask();
    auto responder = taken();
    responder->begin(events("a"));
    responder->write("b");
    const std::stop_token gone = responder->gone();
    responder.reset();
    const std::string all = client->receive_all();
    EXPECT_TRUE(all.ends_with("b\r\n")) << all;
    EXPECT_TRUE(stops(gone));
}

TEST_F(LateAnswers, MayEndBeforeTheServerStops) {
    const auto ending = ask();
    const auto responder = taken();
    responder->begin(events("a"));
    ending->receive_to("a\r\n");
    const auto waiting = ask();
    const auto other = taken();
    const auto idle = client();
    idle->send(kHello);
    EXPECT_EQ(status_of(idle->receive()), 200);
    std::jthread stopping([&] { server_->stop(); });
    EXPECT_TRUE(idle->ended());
    EXPECT_TRUE(responder->write("b"));
    responder->end();
    EXPECT_EQ(ending->receive_all(), "1\r\nb\r\n0\r\n\r\n");
    other->answer({.body = "late", .headers = {}});
    EXPECT_TRUE(waiting->receive().ends_with("late"));
    stopping.join();
    EXPECT_FALSE(other->gone().stop_requested());
}

TEST_F(LateAnswers, AreCutWhenTheDrainEnds) {
    options_.drain = milliseconds(60);
    const auto streaming = ask();
    const auto stream = taken();
    stream->begin(events("a"));
    const auto waiting = ask();
    const auto answer = taken();
    server_->stop();
    EXPECT_TRUE(stream->gone().stop_requested());
    EXPECT_TRUE(answer->gone().stop_requested());
    EXPECT_TRUE(streaming->receive_all().ends_with("a\r\n"));
    EXPECT_TRUE(waiting->receive_all().empty());
}

TEST_F(LateAnswers, MayOutliveTheServer) {
    options_.drain = milliseconds(60);
    const auto streaming = ask();
    auto stream = taken();
    stream->begin(events("a"));
    const auto waiting = ask();
    auto answer = taken();
    server_.reset();
    EXPECT_FALSE(stream->write("b"));
    stream->end();
    answer->answer({.body = {}, .headers = {}});
    answer.reset();
    EXPECT_TRUE(stream->gone().stop_requested());
}

TEST_F(LateAnswers, SurviveWritersThatRaceWithLeavingClients) {
    constexpr int kRounds = 100;
    start();
    for (int i = 0; i < kRounds; ++i) {
        const auto client = ask();
        const auto responder = taken();
        std::jthread first([&] {
            responder->begin(events("a"));
            for (int k = 0; k < 20 && responder->write("piece"); ++k) continue;
        });
        std::jthread second([&] {
            for (int k = 0; k < 20; ++k) responder->write("other");
            if (i % 3 == 0) responder->end();
        });
        if (i % 2 == 0) client->close();
    }
    const auto client = this->client();
    client->send(kHello);
    EXPECT_EQ(status_of(client->receive()), 200);
}

TEST_F(LateAnswers, ToManyClientsAreIdleAtLittleCost) {
    constexpr unsigned kStreams = 200;
    options_.connections = kStreams + 1;
    options_.per_peer = kStreams + 1;
    std::vector<std::unique_ptr<RawClient>> clients;
    std::vector<std::shared_ptr<Responder>> streams;
    clients.push_back(ask());
    streams.push_back(taken());
    streams.back()->begin(events(std::string(1'000, 'a')));
    const std::size_t before = resident_bytes();
    while (streams.size() < kStreams) {
        clients.push_back(ask());
        streams.push_back(taken());
        streams.back()->begin(events(std::string(1'000, 'a')));
        EXPECT_FALSE(clients.back()->receive_to("a\r\n").empty());
    }
    clients.front()->receive_to("a\r\n");
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
    EXPECT_LT(resident_bytes() - before, kStreams * 20'000);  // with the clients, who are here too
#endif
    RecordProperty("bytes_per_stream", std::to_string((resident_bytes() - before) / kStreams));
    const auto hello = client();
    hello->send(kHello);
    EXPECT_EQ(status_of(hello->receive()), 200);
    for (unsigned i = 0; i < kStreams; ++i) {
        EXPECT_TRUE(streams[i]->write("b"));
        EXPECT_EQ(clients[i]->receive_to("b\r\n"), "1\r\nb\r\n");
    }
}

}  // namespace
}  // namespace ec::net
