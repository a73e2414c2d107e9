#include "../inbox.hpp"

#include <gtest/gtest.h>

namespace ec::apps::mcp {
namespace {

class InboxTest : public ::testing::Test {
protected:
    void SetUp() override { stop_.request_stop(); }
    /// Without waiting: a queue that is full says so at once.
    bool put(std::size_t bytes) { return inbox_.put(std::string(bytes, 'x'), stop_.get_token()); }

    Inbox inbox_;
    std::stop_source stop_;
};

TEST_F(InboxTest, HoldsNoMoreMessagesThanItSays) {
    for (std::size_t i = 0; i < Inbox::kMost; ++i) ASSERT_TRUE(put(1));
    EXPECT_FALSE(put(1));
    ASSERT_TRUE(inbox_.next({}));
    EXPECT_TRUE(put(1));
}

TEST_F(InboxTest, HoldsNoMoreBytesThanItSaysHoweverFewMessages) {
    ASSERT_TRUE(put(Inbox::kMostBytes / 2));
    ASSERT_TRUE(put(Inbox::kMostBytes / 2));
    EXPECT_FALSE(put(1));
    ASSERT_TRUE(inbox_.next({}));
    EXPECT_TRUE(put(1));
}

TEST_F(InboxTest, TakesOneMessageOfWhateverLength) {
    ASSERT_TRUE(put(Inbox::kMostBytes + 1));
    EXPECT_FALSE(put(0));
    ASSERT_TRUE(inbox_.next({}));
    EXPECT_TRUE(put(0));
}

}  // namespace
}  // namespace ec::apps::mcp
