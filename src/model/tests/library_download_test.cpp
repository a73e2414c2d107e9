#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "library_fixture.hpp"

namespace ec::model {
namespace {

using net::testing::Peer;
using net::testing::ScriptedServer;
using net::testing::SeenRequest;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace ec::model::testing;

class LibraryDownload : public LibraryTest {
protected:
    const std::string bytes_ = small_gguf(50'000);
    const std::string hash_ = crypto::sha256(bytes_).hex();

    void expect_good(const Result<LibraryEntry>& entry) {
        ASSERT_TRUE(entry) << entry.error().message;
        EXPECT_EQ(entry->manifest.sha256.hex(), hash_);
        EXPECT_EQ(*read_file(entry->file), bytes_);
        EXPECT_THAT(names("partial"), IsEmpty());
    }
};

TEST_F(LibraryDownload, KeepsAFileByItsHashAndLeavesNothingElse) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, bytes_); });
    Library models = library();
    const auto entry = pull(models, server.url("/some/Tiny-Coder.gguf?download=true"));
    expect_good(entry);
    EXPECT_EQ(entry->manifest.name, "Tiny-Coder");
    EXPECT_EQ(entry->manifest.licence, "apache-2.0");
    EXPECT_EQ(models.usable_file("Tiny-Coder"), entry->file);
}

TEST_F(LibraryDownload, GoesOnWhereABrokenConnectionStopped) {
    std::atomic<int> gets = 0;
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) {
        if (r.method == "HEAD" || ++gets > 1) return serve_file(r, peer, bytes_);
        peer.send("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: " + std::to_string(bytes_.size()) + "\r\n\r\n");
        peer.send(bytes_.substr(0, 70'000));
        return false;
    });
    Library models = library();
    expect_good(pull(models, server.url("/a.gguf")));
    const auto seen = server.requests();
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(range_of(seen[2]), 70'000U);
    EXPECT_TRUE(seen[2].has("If-Range: \"v1\""));
}

TEST_F(LibraryDownload, KeepsWhatCameWhenStoppedAndGoesOnInAnotherProcess) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, bytes_); });
    std::stop_source stop;
    {
        Library models = library();
        const auto stopped = pull(
            models, server.url("/a.gguf"), {},
            [&](const PullProgress& now) {
                if (now.done > 30'000) stop.request_stop();
            },
            stop.get_token());
        ASSERT_FALSE(stopped);
        EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
        EXPECT_THAT(names("partial"), ::testing::SizeIs(2));
    }
    Library models = library();
    expect_good(pull(models, server.url("/a.gguf")));
    EXPECT_GT(range_of(server.requests().back()), 30'000U);
}

TEST_F(LibraryDownload, StartsAnewWhereTheServerKnowsNoRanges) {
    std::atomic<int> gets = 0;
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: " + std::to_string(bytes_.size()) + "\r\n\r\n");
        if (r.method == "HEAD") return true;
        if (++gets == 1) return peer.send(bytes_.substr(0, 1000)) && false;
        return peer.send(bytes_);
    });
    Library models = library();
    expect_good(pull(models, server.url("/a.gguf")));
}

TEST_F(LibraryDownload, StartsAnewWhenTheFileChangedInBetween) {
    const std::string older = small_gguf(50'000, "older");
    std::atomic<int> gets = 0;
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) {
        if (r.method == "HEAD") return serve_file(r, peer, bytes_, "\"v2\"");
        if (++gets > 1) return serve_file(r, peer, bytes_, "\"v2\"");
        peer.send("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: " + std::to_string(bytes_.size()) + "\r\n\r\n");
        peer.send(older.substr(0, 70'000));
        return false;
    });
    Library models = library();
    expect_good(pull(models, server.url("/a.gguf")));
}

TEST_F(LibraryDownload, RefusesAFlippedByteAndKeepsNothing) {
    std::string wrong = bytes_;
    wrong[wrong.size() / 2] = static_cast<char>(wrong[wrong.size() / 2] ^ 1);
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, wrong); });
    Library models = library();
    auto plan = models.plan(server.url("/a.gguf"), {}, {});
    ASSERT_TRUE(plan);
    plan->source.sha256 = crypto::sha256(bytes_);
    const auto entry = models.pull(*plan, "now", {}, {});
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().code, ErrorCode::corrupt);
    EXPECT_THAT(entry.error().message, HasSubstr(hash_));
    for (const char* folder : {"partial", "blobs", "manifests"}) EXPECT_THAT(names(folder), IsEmpty());
}

TEST_F(LibraryDownload, FetchesAllAgainWhenTheResumedPartWasWrong) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, bytes_); });
    Library models = library();
    auto plan = models.plan(server.url("/a.gguf"), {}, {});
    ASSERT_TRUE(plan);
    plan->source.sha256 = crypto::sha256(bytes_);
    fs::create_directories(dir_.path() / "models" / "partial");
    std::ofstream(dir_.path() / "models" / "partial" / hash_) << std::string(5000, 'x');
    expect_good(models.pull(*plan, "now", {}, {}));
}

TEST_F(LibraryDownload, RefusesALengthThatIsNotTheAnnouncedOne) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, bytes_); });
    Library models = library();
    auto plan = models.plan(server.url("/a.gguf"), {}, {});
    ASSERT_TRUE(plan);
    plan->source.size = bytes_.size() - 1;
    const auto entry = models.pull(*plan, "now", {}, {});
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().code, ErrorCode::corrupt);
    EXPECT_THAT(names("partial"), IsEmpty());
}

TEST_F(LibraryDownload, EndsAnEndlessBodyAtTheAnnouncedSize) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) {
        if (r.method == "HEAD") return serve_file(r, peer, bytes_);
        peer.begin(200, "application/octet-stream");
        while (peer.chunk(bytes_)) continue;
        return false;
    });
    Library models = library();
    const auto entry = pull(models, server.url("/a.gguf"));
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().code, ErrorCode::corrupt);
    EXPECT_THAT(names("partial"), IsEmpty());
}

TEST_F(LibraryDownload, GivesUpOnAFileThatAlwaysEndsEarly) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) {
        if (r.method == "HEAD") return serve_file(r, peer, bytes_);
        if (range_of(r) > 0) return false;
        peer.send("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: " + std::to_string(bytes_.size()) + "\r\n\r\n");
        return peer.send(bytes_.substr(0, 1000)) && false;
    });
    Library models = library();
    const auto entry = pull(models, server.url("/a.gguf"));
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().code, ErrorCode::io);
    EXPECT_LE(server.requests().size(), 8U);
}

TEST_F(LibraryDownload, RefusesWhatIsNoModel) {
    const std::string page = "<html>Please sign in</html>";
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, page); });
    Library models = library();
    const auto entry = pull(models, server.url("/a.gguf"));
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().code, ErrorCode::corrupt);
    EXPECT_THAT(entry.error().message, HasSubstr("no GGUF"));
    for (const char* folder : {"partial", "blobs", "manifests"}) EXPECT_THAT(names(folder), IsEmpty());
}

TEST_F(LibraryDownload, SaysWhatAStatusMeans) {
    for (const auto& [status, code] : {std::pair{404, ErrorCode::not_found}, std::pair{401, ErrorCode::denied},
                                       std::pair{429, ErrorCode::unavailable}}) {
        ScriptedServer server([answer = status](const SeenRequest& r, const Peer& peer) {
            return peer.send("HTTP/1.1 " + std::to_string(answer) + " No\r\nContent-Length: 0\r\n\r\n") &&
                   r.method != "";
        });
        Library models = library();
        const auto entry = pull(models, server.url("/a.gguf"));
        ASSERT_FALSE(entry);
        EXPECT_EQ(entry.error().code, code) << status;
    }
}

TEST_F(LibraryDownload, WaitsAsLongAsABusySourceAsks) {
    std::atomic<int> gets = 0;
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) {
        if (r.method == "GET" && ++gets <= 2)
            return peer.send("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
        return serve_file(r, peer, bytes_);
    });
    Library models = library();
    expect_good(pull(models, server.url("/a.gguf")));
    EXPECT_GE(waiter_.waited, std::chrono::seconds(14));
}

TEST_F(LibraryDownload, FollowsARedirectButNotACircle) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) {
        if (r.target == "/there.gguf") return serve_file(r, peer, bytes_);
        const std::string to = r.target == "/circle.gguf" ? "/circle.gguf" : "/there.gguf";
        return peer.send("HTTP/1.1 302 Go\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n");
    });
    Library models = library();
    expect_good(pull(models, server.url("/here.gguf")));
    const auto circle = pull(models, server.url("/circle.gguf"));
    ASSERT_FALSE(circle);
    EXPECT_EQ(circle.error().code, ErrorCode::denied);
}

TEST_F(LibraryDownload, SaysSoWhenTheFileMayNotGrowAndLeavesNothing) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, bytes_); });
    Library models = library();
    const auto plan = models.plan(server.url("/a.gguf"), {}, {});
    ASSERT_TRUE(plan);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 50'000;
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto entry = models.pull(*plan, "now", {}, {});
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error().code, ErrorCode::io);
    EXPECT_THAT(entry.error().message, HasSubstr("no file as large"));
    EXPECT_THAT(names("partial"), IsEmpty());
}

TEST_F(LibraryDownload, FetchesOnceForTwoWhoPullAtTheSameTime) {
    std::atomic<int> gets = 0;
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) {
        if (r.method == "GET") ++gets;
        return serve_file(r, peer, bytes_);
    });
    // Both wait in real time: the fixture's waiter returns at once, and its patience would end while the other works.
    const auto first_client = net::make_http_client(ledger_, "first");
    const auto second_client = net::make_http_client(ledger_, "second");
    SystemWaiter waiter;
    Library first({dir_.path() / "models", {}, {}}, *first_client, waiter);
    Library second({dir_.path() / "models", {}, {}}, *second_client, waiter);
    auto plan = first.plan(server.url("/a.gguf"), {}, {});
    ASSERT_TRUE(plan);
    plan->source.sha256 = crypto::sha256(bytes_);
    Result<LibraryEntry> other = fail(ErrorCode::internal, "not run");
    {
        const std::jthread thread([&] { other = second.pull(*plan, "now", {}, {}); });
        expect_good(first.pull(*plan, "now", {}, {}));
    }
    expect_good(other);
    EXPECT_EQ(gets, 1);
}

}  // namespace
}  // namespace ec::model
