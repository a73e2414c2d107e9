#include "rpc/peer.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <future>
#include <thread>

namespace ec::apps::rpc {
namespace {

using namespace std::chrono_literals;

class Echo final : public PeerHandler {
public:
    void request(Request request, Reply reply) override {
        if (request.method == "drop") return;
        if (request.method == "keep") return static_cast<void>(kept.push_back(std::move(reply)));
        if (request.method != "echo") return reply(refuse(kMethodNotFound, "no such method"));
        reply(request.params);
        reply(refuse(kInternalError, "a second word"));
    }
    void notification(Request request) override { heard.push_back(request.method); }
    std::vector<std::string> heard;
    std::vector<Reply> kept;
};

/// Two peers on the ends of a socket, each with a thread that reads.
class PeerTest : public testing::Test {
protected:
    PeerTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
        ours_.reset(ends[0]);
        theirs_.reset(ends[1]);
        here_.emplace(ours_.get(), ours_.get());
        there_.emplace(theirs_.get(), theirs_.get(), 1U << 20);
        peer_.emplace(*here_);
        other_.emplace(*there_);
        reading_ = std::jthread([this](const std::stop_token& stop) { static_cast<void>(peer_->run(echo_, stop)); });
        answering_ = std::jthread([this](const std::stop_token& stop) {
            answering_ended_ = other_->run(other_echo_, stop);
            ::shutdown(theirs_.get(), SHUT_RDWR);
        });
    }
    ~PeerTest() override {
        reading_.request_stop();
        answering_.request_stop();
    }

    UniqueFd ours_;
    UniqueFd theirs_;
    std::optional<DescriptorLines> here_;
    std::optional<DescriptorLines> there_;
    std::optional<Peer> peer_;
    std::optional<Peer> other_;
    Echo echo_;
    Echo other_echo_;
    Status answering_ended_;
    std::jthread reading_;
    std::jthread answering_;
};

TEST(Lines, WhoIsToEndDoesNotWaitForAReaderThatDoesNotRead) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    const UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]);
    std::stop_source end;
    DescriptorLines lines(ours.get(), ours.get(), DescriptorLines::kLongestLine, end.get_token());
    auto written = std::async(std::launch::async, [&] { return lines.write(std::string(4U << 20, 'x')); });
    char byte = 0;
    ASSERT_EQ(::recv(theirs.get(), &byte, 1, 0), 1);  // it has begun
    end.request_stop();
    ASSERT_EQ(written.wait_for(60s), std::future_status::ready);
    EXPECT_EQ(written.get().error().code, ErrorCode::timeout);
    EXPECT_FALSE(lines.write("after half a line"));
}

TEST_F(PeerTest, BothSidesMayAskAtOnce) {
    std::jthread back([this] {
        for (int i = 0; i < 100; ++i) EXPECT_TRUE(other_->call("echo", {{"i", i}}, 60s, {}));
    });
    for (int i = 0; i < 100; ++i) {
        const Answer answer = peer_->call("echo", {{"i", i}}, 60s, {});
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->as_object().at("i"), i);
    }
}

TEST_F(PeerTest, ARequestNobodyAnswersIsAnError) {
    const Answer answer = peer_->call("drop", {}, 60s, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, kInternalError);
    EXPECT_EQ(peer_->call("nothing", {}, 60s, {}).error().code, kMethodNotFound);
}

TEST_F(PeerTest, WhoGivesUpIsToldSoAndALateAnswerHarmsNothing) {
    json::Value given_up;
    const Answer answer = peer_->call("keep", {}, 1ms, {}, [&](const json::Value& id) { given_up = id; });
    EXPECT_EQ(answer.error().message, "the other side did not answer in time");
    EXPECT_EQ(given_up, 1);
    EXPECT_TRUE(peer_->call("echo", {}, 60s, {}));
    other_echo_.kept.at(0)(json::Object{});
    EXPECT_TRUE(peer_->call("echo", {}, 60s, {}));
}

TEST_F(PeerTest, AStopEndsACall) {
    std::stop_source source;
    source.request_stop();
    EXPECT_EQ(peer_->call("keep", {}, 60s, source.get_token()).error().message, "stopped");
}

TEST_F(PeerTest, WhatIsNoMessageIsAnsweredAndTheConversationGoesOn) {
    ASSERT_TRUE(here_->write("this is no JSON"));
    ASSERT_TRUE(here_->write(""));
    ASSERT_TRUE(here_->write(R"({"jsonrpc":"2.0","id":99,"result":1})"));
    EXPECT_TRUE(peer_->call("echo", {}, 60s, {}));
}

TEST_F(PeerTest, AMessageBeyondTheLimitEndsIt) {
    static_cast<void>(here_->write(std::string(2U << 20, 'x')));
    answering_.join();
    EXPECT_EQ(answering_ended_.error().code, ErrorCode::too_large);
    EXPECT_FALSE(peer_->call("echo", {}, 60s, {}));
}

TEST_F(PeerTest, TheEndOfTheOtherSideEndsACall) {
    std::jthread closing([this] { ::shutdown(theirs_.get(), SHUT_WR); });
    EXPECT_FALSE(peer_->call("keep", {}, 60s, {}));
}

}  // namespace
}  // namespace ec::apps::rpc
