// What a shared host does with clients that talk nonsense, keep silent, are too many or another user's; with memory
// that does not suffice; and with what an earlier host left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "embedded/shared_link.hpp"
#include "embedded/unix_address.hpp"
#include "embedded_fixture.hpp"
#include "shared_host_fixture.hpp"

namespace ec::model {
namespace {

namespace fs = std::filesystem;
using embedded::Done;
using embedded::Failed;
using std::chrono::milliseconds;
using testing::asking;
using ::testing::HasSubstr;
using testing::hosts;
using testing::RawClient;
using testing::run_host;
using testing::SharedHost;
using testing::sharing;
using testing::start;

/// A plain connection, to be counted; -1 in it where there was no room.
UniqueFd connect_to(const fs::path& socket) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = embedded::unix_address(socket).value();
    if (::connect(fd.get(), embedded::generic(address), sizeof address) != 0) fd.reset();
    return fd;
}

class SharedTrouble : public ::testing::Test {
protected:
    TempDir runtime_ = TempDir::create().value();
};

TEST_F(SharedTrouble, CutsOffWhoTalksNonsenseAndNobodyElse) {
    const SharedHost host(runtime_.path());
    RawClient good(host.socket());
    good.load();
    good.chat(1, "hello", 200);
    for (const std::string& frame :
         {std::string(), std::string("x"), std::string("{}"), std::string("[]"), std::string(R"({"type":"dance"})"),
          std::string(R"({"type":"chat","id":1,"messages":[]})"), std::string(R"({"type":"load"})"),
          std::string(R"({"type":"hello"})"), std::string(R"({"type":"hello","version":"one"})"),
          std::string("\xff\xfe\x00", 3), std::string(100000, '[')}) {
        RawClient bad(host.socket());
        bad.say(frame);
        bad.expect_closed();
    }
    EXPECT_TRUE(std::holds_alternative<Done>(good.conclusion(1)));
}

TEST_F(SharedTrouble, CutsOffWhoDoesNotSayHelloOrSpeaksAnotherVersion) {
    const SharedHost host(runtime_.path());
    RawClient rude(host.socket(), false);
    rude.say(embedded::Pause{});
    rude.expect_closed();
    RawClient young(host.socket(), false);
    young.say(embedded::Hello{embedded::kProtocolVersion + 1});
    young.expect_closed();
    EXPECT_TRUE(start(sharing(host.socket()))->complete(asking("hello", 2), {}, {}));
}

TEST_F(SharedTrouble, CutsOffWhoAnnouncesAFrameBeyondTheLimit) {
    const SharedHost host(runtime_.path());
    RawClient greedy(host.socket());
    greedy.bytes("\xff\xff\xff\xff and more");
    greedy.expect_closed();
    RawClient silent(host.socket(), false);
    silent.bytes("\xff\xff\xff\xff");
    silent.expect_closed();
    EXPECT_TRUE(start(sharing(host.socket()))->complete(asking("hello", 2), {}, {}));
}

TEST_F(SharedTrouble, ServesOthersWhileAClientIsInTheMiddleOfAFrame) {
    const SharedHost host(runtime_.path());
    RawClient slow(host.socket());
    slow.bytes(std::string("\x40\0\0\0{\"type\":", 12));
    EXPECT_TRUE(start(sharing(host.socket()))->complete(asking("hello", 2), {}, {}));
    EXPECT_FALSE(slow.hears(milliseconds(0)));
}

TEST_F(SharedTrouble, CutsOffWhoOwesAHelloOrTheRestOfAFrameForTooLong) {
    SharedHostOptions options;
    options.socket = runtime_.path() / "own" / "inference.sock";
    options.owed = milliseconds(50);
    const SharedHost host(options);
    RawClient good(host.socket());
    RawClient silent(host.socket(), false);
    silent.expect_closed();
    RawClient half(host.socket());
    half.bytes(std::string("\x40\0\0\0{\"type\":", 12));
    half.expect_closed();
    RawClient quarter(host.socket());
    quarter.bytes(std::string("\x40\0", 2));
    quarter.expect_closed();
    good.say(embedded::Hello{});
    EXPECT_TRUE(good.answer()) << "who owes nothing may be silent for as long as it likes";
}

TEST_F(SharedTrouble, TellsWhoWaitsThatItStillDoes) {
    SharedHostOptions options;
    options.socket = runtime_.path() / "own" / "inference.sock";
    options.reminder = milliseconds(20);
    const SharedHost host(options);
    RawClient client(host.socket());
    client.load();
    client.say(embedded::Pause{});
    client.chat(7, "hello", 2);
    for (int i = 0; i < 2; ++i) {
        const auto said = client.answer();
        ASSERT_TRUE(said && std::holds_alternative<embedded::Progress>(*said));
        EXPECT_EQ(std::get<embedded::Progress>(*said).id, 7);
        EXPECT_EQ(std::get<embedded::Progress>(*said).share, 0);
    }
    client.say(embedded::Resume{});
    EXPECT_TRUE(std::holds_alternative<Done>(client.conclusion(7)));
}

TEST_F(SharedTrouble, LetsAPauseHoldOthersUpOnlyForAWhile) {
    SharedHostOptions options;
    options.socket = runtime_.path() / "own" / "inference.sock";
    options.longest_pause = milliseconds(50);
    const SharedHost host(options);
    RawClient tests(host.socket());
    RawClient asks(host.socket());
    tests.load();
    asks.load();
    tests.say(embedded::Pause{});
    tests.chat(1, "hello", 2);
    asks.chat(1, "hello", 4);
    EXPECT_TRUE(std::holds_alternative<Done>(asks.conclusion(1)));
    EXPECT_FALSE(tests.hears(milliseconds(100))) << "its own requests wait for as long as it wants";
    tests.say(embedded::Resume{});
    EXPECT_TRUE(std::holds_alternative<Done>(tests.conclusion(1)));
}

TEST_F(SharedTrouble, RefusesMoreRequestsThanAClientMayHaveWaiting) {
    const SharedHost host(runtime_.path());
    RawClient client(host.socket());
    client.load();
    client.say(embedded::Pause{});
    for (int id = 1; id <= 65; ++id) client.chat(id, "hello", 1);
    const auto refused = client.conclusion(65);
    ASSERT_TRUE(std::holds_alternative<Failed>(refused));
    EXPECT_EQ(std::get<Failed>(refused).error.code, ErrorCode::too_large);
    client.say(embedded::Resume{});
    EXPECT_TRUE(std::holds_alternative<Done>(client.conclusion(64)));
}

TEST_F(SharedTrouble, SurvivesAThousandConnections) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 1200) GTEST_SKIP() << "this process may not open 1200 descriptors";
    limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, 1200);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    const SharedHost host(runtime_.path());
    const auto model = start(sharing(host.socket()));
    {
        std::vector<UniqueFd> crowd;
        for (int i = 0; i < 1000; ++i) crowd.push_back(connect_to(host.socket()));
        EXPECT_TRUE(model->complete(asking("hello", 4), {}, {}));
        EXPECT_LT(host.descriptors(), 100U);
        // Who comes now finds no room, and starts a host of its own.
        EXPECT_EQ(embedded::SharedLink::connect(host.socket()).error().code, ErrorCode::unavailable);
        EXPECT_TRUE(start(sharing(host.socket()))->complete(asking("hello", 2), {}, {}));
    }
    EXPECT_TRUE(model->complete(asking("hello", 4), {}, {}));
    EXPECT_TRUE(embedded::SharedLink::connect(host.socket()));
}

TEST_F(SharedTrouble, RefusesAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user to try";
    const SharedHost host(runtime_.path());
    // As if the folder and the socket had been opened up by mistake.
    for (const fs::path& path : {runtime_.path(), host.socket().parent_path(), host.socket()}) {
        ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
    }
    const int pid = ::fork();
    if (pid == 0) {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(10);
        const UniqueFd fd = connect_to(host.socket());
        if (!fd.valid()) ::_exit(11);
        embedded::Channel channel(UniqueFd(::dup(fd.get())));
        static_cast<void>(channel.send(embedded::encode(embedded::ToHost(embedded::Hello{})), milliseconds(1000)));
        const auto answer = channel.receive(milliseconds(60000));
        if (answer) ::_exit(12);
        // Nor does a client believe a host that is not its own user's.
        const auto link = embedded::SharedLink::connect(host.socket());
        ::_exit(!link && link.error().code == ErrorCode::denied ? 0 : 13);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_TRUE(embedded::SharedLink::connect(host.socket()));
}

TEST_F(SharedTrouble, ReplacesTheSocketOfAHostThatWasKilled) {
    {
        SharedHost host(runtime_.path());
        host.signal(SIGKILL);
        EXPECT_EQ(host.ending(), -SIGKILL);
        ASSERT_TRUE(fs::exists(host.socket()));
    }
    const SharedHost next(runtime_.path());
    EXPECT_TRUE(embedded::SharedLink::connect(next.socket()));
}

TEST_F(SharedTrouble, DoesNotRunTwice) {
    const SharedHost host(runtime_.path());
    const auto second = run_host(runtime_.path());
    EXPECT_EQ(second.status, 3);
    EXPECT_THAT(second.words, HasSubstr("already running"));
    // Nor where somebody has removed the lock.
    fs::remove(host.socket().string() + ".lock");
    EXPECT_EQ(run_host(runtime_.path()).status, 3);
    EXPECT_TRUE(embedded::SharedLink::connect(host.socket()));
}

TEST_F(SharedTrouble, TakesNoPlaceThatIsNotItsOwn) {
    fs::create_directory(runtime_.path() / "elsewhere");
    fs::create_directory_symlink(runtime_.path() / "elsewhere", runtime_.path() / "edgecoder");
    EXPECT_EQ(run_host(runtime_.path()).status, 3);
    const fs::path other = runtime_.path() / "other";
    fs::create_directories(other / "edgecoder");
    std::ofstream(other / "edgecoder/inference.sock") << "precious";
    EXPECT_EQ(run_host(other).status, 3);
    EXPECT_EQ(read_file(other / "edgecoder/inference.sock").value(), "precious");
    EXPECT_EQ(run_host(runtime_.path() / std::string(120, 'x')).status, 3);
}

// One tiny model is planned with some 170 MiB.
EmbeddedOptions with_context(const SharedHost& host, std::int64_t tokens) {
    EmbeddedOptions options = sharing(host.socket());
    options.context = tokens;
    return options;
}

TEST_F(SharedTrouble, UnloadsTheLongestUnusedModelWhereAnotherNeedsRoom) {
    const SharedHost host(runtime_.path(), {"--memory", "400"});
    const auto first = start(with_context(host, 4096));
    const int mappings = host.mappings();
    const auto second = start(with_context(host, 2048));
    EXPECT_EQ(host.mappings(), 2 * mappings);
    ASSERT_TRUE(first->complete(asking("hello", 2), {}, {}));
    const auto third = start(with_context(host, 1024));
    EXPECT_EQ(host.mappings(), 2 * mappings);
    const auto cached = first->complete(asking("hello", 2), {}, {});
    ASSERT_TRUE(cached);
    EXPECT_GT(cached->usage.cached_tokens, 0) << "the one that was used last is still there";
    const auto again = second->complete(asking("hello", 2), {}, {});
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(host.mappings(), 2 * mappings);
    EXPECT_EQ(hosts(), std::vector<int>{host.pid()});
}

TEST_F(SharedTrouble, RefusesAModelThatDoesNotFitWithTheFigures) {
    const SharedHost host(runtime_.path(), {"--memory", "250"});
    RawClient waits(host.socket());
    waits.load();
    waits.say(embedded::Pause{});
    waits.chat(1, "hello", 2);
    waits.say(embedded::Hello{});
    ASSERT_TRUE(waits.answer());
    const auto other = make_embedded_model(with_context(host, 2048));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::too_large);
    EXPECT_THAT(other.error().message, HasSubstr("this host has 250 MiB for all models"));
    EXPECT_FALSE(other.error().remedy.empty());
    waits.say(embedded::Resume{});
    EXPECT_TRUE(std::holds_alternative<Done>(waits.conclusion(1)));
    EXPECT_TRUE(make_embedded_model(with_context(host, 2048))) << "nobody waits for the first any more";
}

TEST_F(SharedTrouble, KeepsWhatIsLoadedWhereAnotherWouldNotFitAnyway) {
    const SharedHost host(runtime_.path(), {"--memory", "250"});
    const auto model = start(sharing(host.socket()));
    ASSERT_TRUE(model->complete(asking("hello", 2), {}, {}));
    EmbeddedOptions huge = with_context(host, 1 << 20);
    EXPECT_EQ(make_embedded_model(huge).error().code, ErrorCode::too_large);
    const auto reply = model->complete(asking("hello", 2), {}, {});
    ASSERT_TRUE(reply);
    EXPECT_GT(reply->usage.cached_tokens, 0);
}

}  // namespace
}  // namespace ec::model
