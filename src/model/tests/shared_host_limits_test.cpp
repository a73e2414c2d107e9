// What one client of a shared host may cost the others: their time, their places and their memory.
#include <gtest/gtest.h>

#include <iostream>

#include "embedded/shared_link.hpp"
#include "embedded_fixture.hpp"
#include "shared_host_fixture.hpp"

namespace ec::model {
namespace {

using embedded::Done;
using embedded::Failed;
using std::chrono::milliseconds;
using testing::RawClient;
using testing::SharedHost;

class SharedLimits : public ::testing::Test {
protected:
    SharedLimits() { options_.socket = runtime_.path() / "own" / "inference.sock"; }

    TempDir runtime_ = TempDir::create().value();
    SharedHostOptions options_;
};

TEST_F(SharedLimits, ChargeAClientForAllItsPausesTogether) {
    options_.longest_pause = milliseconds(6000);
    const SharedHost host(options_);
    RawClient tests(host.socket());
    RawClient asks(host.socket());
    asks.load();
    tests.say(embedded::Pause{});
    tests.say(embedded::Hello{});
    ASSERT_TRUE(tests.answer()) << "the pause has arrived";
    asks.chat(1, "hello", 2);
    EXPECT_TRUE(std::holds_alternative<Done>(asks.conclusion(1)));
    // Another pause at once has no time left to hold anybody up.
    tests.say(embedded::Resume{});
    tests.say(embedded::Pause{});
    tests.say(embedded::Hello{});
    ASSERT_TRUE(tests.answer());
    asks.chat(2, "hello", 2);
    EXPECT_TRUE(asks.hears(milliseconds(5000)));
    EXPECT_TRUE(std::holds_alternative<Done>(asks.conclusion(2)));
}

TEST_F(SharedLimits, HoldNoRequestUpForLongerWhereClientsPauseByTurns) {
    options_.longest_pause = milliseconds(6000);
    const SharedHost host(options_);
    RawClient tests(host.socket());
    RawClient tests_next(host.socket());
    RawClient asks(host.socket());
    asks.load();
    tests.say(embedded::Pause{});
    tests.say(embedded::Hello{});
    ASSERT_TRUE(tests.answer());
    asks.chat(1, "hello", 2);
    EXPECT_FALSE(asks.hears(milliseconds(3000)));
    tests_next.say(embedded::Pause{});
    tests_next.say(embedded::Hello{});
    ASSERT_TRUE(tests_next.answer());
    tests.say(embedded::Resume{});
    EXPECT_TRUE(asks.hears(milliseconds(5500))) << "the second pause alone would last longer";
    EXPECT_TRUE(std::holds_alternative<Done>(asks.conclusion(1)));
}

TEST_F(SharedLimits, CountNobodyWhoHasLeft) {
    options_.clients = 32;
    const SharedHost host(options_);
    for (int again = 0; again < 20; ++again) {
        std::vector<std::unique_ptr<RawClient>> crowd;
        for (int i = 0; i < 32; ++i) crowd.push_back(std::make_unique<RawClient>(host.socket()));
        EXPECT_FALSE(embedded::SharedLink::connect(host.socket()));
        crowd.clear();
        EXPECT_TRUE(embedded::SharedLink::connect(host.socket()));
    }
}

std::string chat_of(std::size_t messages) {
    std::string frame = R"({"type":"chat","id":1,"messages":[{"role":"user"})";
    for (std::size_t i = 1; i < messages; ++i) frame += R"(,{"role":"user"})";
    return frame + "]}";
}

TEST(FrameLimits, HoldForMessagesTextsAndValues) {
    EXPECT_TRUE(embedded::decode_to_host(chat_of(embedded::kMostMessages)));
    EXPECT_EQ(embedded::decode_to_host(chat_of(embedded::kMostMessages + 1)).error().code, ErrorCode::too_large);
    const std::vector<std::string> texts(embedded::kMostTexts + 1, "x");
    EXPECT_EQ(embedded::decode_to_host(embedded::encode(embedded::ToHost(embedded::Embed{1, texts}))).error().code,
              ErrorCode::too_large);
    std::string nested = R"({"type":"pause","more":[)";
    for (std::size_t i = 0; i < embedded::kMostValues; ++i) nested += "0,";
    EXPECT_EQ(embedded::decode_to_host(nested + "0]}").error().code, ErrorCode::too_large);
    // What looks like values in a text is none.
    const std::string text = "\\\"" + std::string(embedded::kMostValues + 10, ',');
    EXPECT_TRUE(embedded::decode_to_host(embedded::encode(embedded::ToHost(embedded::Embed{1, {text, "\\"}}))));
}

TEST_F(SharedLimits, MakeNothingOfAFrameOfMillionsOfMessages) {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "ThreadSanitizer's shadow counts as the host's memory";
#endif
    const SharedHost host(options_);
    RawClient greedy(host.socket());
    const std::string frame = chat_of(3'900'000);
    ASSERT_LT(frame.size(), embedded::kLargestFrame);
    const long before = host.peak();
    greedy.say(frame);
    greedy.expect_closed();
    // The frame itself is held twice while it is taken out of what came, and what came may have room for twice as much.
    std::cout << "the frame of " << frame.size() / 1024 << " KiB took " << host.peak() - before << " KiB\n";
    EXPECT_LT(host.peak() - before, static_cast<long>(4 * frame.size() / 1024));
}

TEST_F(SharedLimits, BoundWhatWaitsForAllClientsTogether) {
    options_.waiting_bytes = 4000;
    const SharedHost host(options_);
    RawClient hoards(host.socket());
    RawClient asks(host.socket());
    RawClient pauses(host.socket());
    hoards.load();
    asks.load();
    pauses.say(embedded::Pause{});
    pauses.say(embedded::Hello{});
    ASSERT_TRUE(pauses.answer());
    hoards.chat(1, std::string(3500, 'x'), 1);
    hoards.say(embedded::Hello{});
    ASSERT_TRUE(hoards.answer());
    asks.chat(1, std::string(500, 'x'), 1);
    const auto refused = asks.conclusion(1);
    ASSERT_TRUE(std::holds_alternative<Failed>(refused));
    EXPECT_EQ(std::get<Failed>(refused).error.code, ErrorCode::too_large);
    pauses.say(embedded::Resume{});
    EXPECT_TRUE(std::holds_alternative<Done>(hoards.conclusion(1)));
    asks.chat(2, std::string(500, 'x'), 1);
    EXPECT_TRUE(std::holds_alternative<Done>(asks.conclusion(2)));
}

TEST_F(SharedLimits, LeaveEachClientAShareWhereOthersHoard) {
    options_.waiting_bytes = 8000;
    options_.clients = 4;
    const SharedHost host(options_);
    RawClient hoards(host.socket());
    RawClient asks(host.socket());
    hoards.load();
    asks.load();
    hoards.say(embedded::Pause{});
    hoards.chat(1, std::string(7000, 'x'), 1);
    hoards.say(embedded::Hello{});
    ASSERT_TRUE(hoards.answer());
    asks.chat(1, std::string(1200, 'x'), 1);
    hoards.say(embedded::Resume{});
    EXPECT_TRUE(std::holds_alternative<Done>(asks.conclusion(1)));
}

TEST_F(SharedLimits, BoundIncompleteFramesAndLetTheLongestGo) {
    options_.waiting_bytes = 1000;
    const SharedHost host(options_);
    RawClient small(host.socket());
    RawClient large(host.socket());
    const std::string said = embedded::encode(embedded::ToHost(embedded::Hello{}));
    const std::string frame = std::string{static_cast<char>(said.size()), 0, 0, 0} + said;
    small.bytes(frame.substr(0, 10));
    large.bytes(std::string("\0\0\x10\0", 4) + std::string(2000, 'x'));
    large.expect_closed();
    small.bytes(frame.substr(10));
    EXPECT_TRUE(small.answer());
}

}  // namespace
}  // namespace ec::model
