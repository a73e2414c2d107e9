#include "nonce_memory.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <string>
#include <thread>

namespace ec::identity {
namespace {

using Seen = NonceMemory::Seen;
constexpr std::int64_t kNow = 1'800'000'000;

TEST(NonceMemory, KnowsANonceOfTheSameOwnerOnly) {
    NonceMemory memory(120, 100);
    EXPECT_EQ(memory.remember("a", "nonce", kNow, kNow), Seen::first);
    EXPECT_EQ(memory.remember("a", "nonce", kNow, kNow), Seen::again);
    EXPECT_EQ(memory.remember("b", "nonce", kNow, kNow), Seen::first);
    EXPECT_EQ(memory.remember("a", "other", kNow, kNow), Seen::first);
    EXPECT_EQ(memory.size(), 3U);
}

TEST(NonceMemory, TakesNoMoreThanItMayUntilTimePasses) {
    NonceMemory memory(120, 50);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(memory.remember("a", std::to_string(i), kNow, kNow), Seen::first);
    EXPECT_EQ(memory.remember("a", "one more", kNow, kNow), Seen::full);
    EXPECT_EQ(memory.remember("a", "one more", kNow + 100, kNow + 100), Seen::full);
    // Nothing has to fall into a shard for it to let go what is too old.
    EXPECT_EQ(memory.remember("a", "one more", kNow + 240, kNow + 240), Seen::first);
    EXPECT_EQ(memory.size(), 1U);
}

TEST(NonceMemory, ForgetsWithTimeWithoutBeingFull) {
    NonceMemory memory(120, 1'000'000);
    for (int second = 0; second < 2000; ++second) {
        for (int i = 0; i < 40; ++i)
            ASSERT_EQ(memory.remember("a", std::to_string(second * 40 + i), kNow + second, kNow + second), Seen::first);
        ASSERT_LE(memory.size(), 241U * 40);
    }
}

TEST(NonceMemory, GoesOnWhenTheClockIsSetBack) {
    NonceMemory memory(120, 100);
    EXPECT_EQ(memory.remember("a", "x", kNow, kNow), Seen::first);
    EXPECT_EQ(memory.remember("a", "y", kNow - 36'000, kNow - 36'000), Seen::first);
    EXPECT_EQ(memory.remember("a", "y", kNow - 36'000, kNow - 36'000), Seen::again);
}

TEST(NonceMemory, LetsOneOfManyAtOnceThrough) {
    NonceMemory memory(120, 100'000);
    std::atomic<int> firsts{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 2000; ++i)
                    if (memory.remember("a", std::to_string(i), kNow, kNow) == Seen::first) ++firsts;
            });
        }
    }
    EXPECT_EQ(firsts, 2000);
}

// Whatever comes in whatever order, as long as it is in time, is let through exactly once.
RC_GTEST_PROP(NonceMemory, LetsEveryTimelyNonceThroughOnce, ()) {
    constexpr std::int64_t kSkew = 5;
    NonceMemory memory(kSkew, 100'000);
    std::set<std::string> seen;
    std::int64_t now = kNow;
    for (int i = 0; i < 200; ++i) {
        now += *rc::gen::inRange(0, 3);
        const std::int64_t created = now + *rc::gen::inRange<std::int64_t>(-kSkew, kSkew + 1);
        // The time is part of what is signed: the same nonce with another time is another request, and so refused only
        // by chance.
        const std::string nonce = std::to_string(created) + "/" + std::to_string(*rc::gen::inRange(0, 3));
        const Seen expected = seen.insert(nonce).second ? Seen::first : Seen::again;
        RC_ASSERT(memory.remember("a", nonce, created, now) == expected);
    }
}

}  // namespace
}  // namespace ec::identity
