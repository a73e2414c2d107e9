// One host for several models of one program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <thread>

#include "embedded_fixture.hpp"
#include "shared_host_fixture.hpp"

namespace ec::model {
namespace {

using testing::asking;
using testing::hosts;
using testing::SharedHost;
using testing::start;
using testing::tiny_coder;
using testing::tiny_options;

class OwnHost : public ::testing::Test {
protected:
    std::unique_ptr<EmbeddedModel> model(bool coder = false) const {
        EmbeddedOptions options = tiny_options();
        if (coder) options.file = tiny_coder();
        options.private_host = host_;
        return start(options);
    }

    std::shared_ptr<PrivateHost> host_ = make_private_host({.host = tiny_options().host});
};

TEST_F(OwnHost, RunsTheModelsOfSeveralThreads) {
    EXPECT_TRUE(hosts().empty()) << "nothing runs before it is needed";
    const auto first = model();
    const auto second = model();
    const auto other = model(true);
    ASSERT_EQ(hosts().size(), 1U);
    std::vector<std::thread> threads;
    for (EmbeddedModel* each : {first.get(), second.get(), other.get()}) {
        threads.emplace_back([each] {
            for (int i = 0; i < 4; ++i) EXPECT_TRUE(each->complete(asking("hello", 8), {}, {}));
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(second->complete(asking("hello", 1), {}, {}).value().usage.cached_tokens, 1);
    EXPECT_EQ(hosts().size(), 1U);
}

TEST_F(OwnHost, ListensWhereNobodyElseLooksAndIsGoneAfterwards) {
    const auto socket = host_->socket();
    ASSERT_TRUE(socket) << socket.error().message;
    EXPECT_EQ(host_->socket().value(), *socket);
    struct stat info{};
    ASSERT_EQ(::stat(socket->parent_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700U);
    ASSERT_EQ(::stat(socket->c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    ASSERT_EQ(hosts().size(), 1U);
    host_.reset();
    EXPECT_TRUE(hosts().empty());
    EXPECT_FALSE(std::filesystem::exists(socket->parent_path()));
}

TEST_F(OwnHost, LivesAsLongAsAModelUsesIt) {
    const auto kept = model();
    host_.reset();
    EXPECT_TRUE(kept->complete(asking("hello", 2), {}, {}));
    EXPECT_EQ(hosts().size(), 1U);
}

TEST_F(OwnHost, IsStartedAgainByTheNextUseOnce) {
    const auto first = model();
    const auto second = model();
    ASSERT_EQ(hosts().size(), 1U);
    ::kill(hosts()[0], SIGKILL);
    ::waitid(P_PID, static_cast<id_t>(hosts()[0]), nullptr, WEXITED | WNOWAIT);
    EXPECT_TRUE(first->complete(asking("hello", 2), {}, {}));
    EXPECT_TRUE(second->complete(asking("hello", 2), {}, {}));
    EXPECT_EQ(hosts().size(), 1U);
}

TEST_F(OwnHost, CostsARequestWhereItDiesInTheMiddleOfOne) {
    const auto asks = model();
    const auto reply = asks->complete(asking("hello", 4000), [&](const Delta&) { ::kill(hosts().at(0), SIGKILL); }, {});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
    EXPECT_TRUE(asks->complete(asking("hello", 2), {}, {}));
}

TEST_F(OwnHost, IsNotStartedWhereTheUsersOwnAnswers) {
    const TempDir runtime = TempDir::create().value();
    const SharedHost shared(runtime.path());
    EmbeddedOptions options = tiny_options();
    options.shared_socket = shared.socket();
    options.private_host = host_;
    const auto asks = start(options);
    EXPECT_TRUE(asks->complete(asking("hello", 2), {}, {}));
    EXPECT_EQ(hosts(), std::vector<int>{shared.pid()});
}

TEST_F(OwnHost, EndsWithAProgramThatIsKilled) {
    int fds[2];
    ASSERT_EQ(::pipe(fds), 0);
    const UniqueFd told(fds[0]);
    UniqueFd tells(fds[1]);
    const int owner = ::fork();
    if (owner == 0) {
        const bool started = host_->socket().has_value();
        const int pid = started && hosts().size() == 1 ? hosts()[0] : -1;
        static_cast<void>(!::write(tells.get(), &pid, sizeof pid));
        ::pause();
        ::_exit(0);
    }
    tells.reset();
    int pid = 0;
    ASSERT_EQ(::read(told.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    ASSERT_GT(pid, 0);
    // It will be nobody's child, so only its absence can be seen; one that is over and not collected counts as gone.
    const auto running = [&] {
        const auto words = read_file("/proc/" + std::to_string(pid) + "/cmdline", 4096);
        return words && !words->empty();
    };
    ASSERT_TRUE(running());
    ::kill(owner, SIGKILL);
    ASSERT_EQ(::waitpid(owner, nullptr, 0), owner);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (running() && std::chrono::steady_clock::now() < deadline) ::poll(nullptr, 0, 10);
    EXPECT_FALSE(running());
}

TEST(OwnHostOnce, SaysSoWhereItsProgramIsMissing) {
    EmbeddedOptions options = tiny_options();
    options.private_host = make_private_host({.host = "/nowhere/edgecoderd"});
    const auto model = make_embedded_model(options);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace ec::model
