// What one client of a shared host may cost the others: their time, their places and their memory.
#include <gtest/gtest.h>

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
    options_.longest_pause = milliseconds(2000);
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
    EXPECT_TRUE(asks.hears(milliseconds(1000)));
    EXPECT_TRUE(std::holds_alternative<Done>(asks.conclusion(2)));
}

TEST_F(SharedLimits, HoldNoRequestUpForLongerWhereClientsPauseByTurns) {
    options_.longest_pause = milliseconds(2000);
    const SharedHost host(options_);
    RawClient tests(host.socket());
    RawClient tests_next(host.socket());
    RawClient asks(host.socket());
    asks.load();
    tests.say(embedded::Pause{});
    tests.say(embedded::Hello{});
    ASSERT_TRUE(tests.answer());
    asks.chat(1, "hello", 2);
    EXPECT_FALSE(asks.hears(milliseconds(1200)));
    tests_next.say(embedded::Pause{});
    tests_next.say(embedded::Hello{});
    ASSERT_TRUE(tests_next.answer());
    tests.say(embedded::Resume{});
    EXPECT_TRUE(asks.hears(milliseconds(1400))) << "the second pause alone would last longer";
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

}  // namespace
}  // namespace ec::model
