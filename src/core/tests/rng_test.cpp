#include <gtest/gtest.h>

#include <ec/core/hash.hpp>
#include <ec/core/rng.hpp>

namespace ec {
namespace {

TEST(Rng, SameSeedGivesTheSameNumbers) {
    Rng a(7);
    Rng b(7);
    Rng c(8);
    const auto first = a.next();
    EXPECT_EQ(first, b.next());
    EXPECT_NE(first, c.next());
}

TEST(Rng, BelowStaysBelowAndReachesEveryValue) {
    Rng rng(1);
    int seen[5] = {};
    for (int i = 0; i < 1000; ++i) ++seen[rng.below(5)];
    for (const int count : seen) EXPECT_GT(count, 100);
}

TEST(Hash128, DependsOnBytesAndSeed) {
    EXPECT_EQ(hash128("a"), hash128("a"));
    EXPECT_NE(hash128("a"), hash128("b"));
    EXPECT_NE(hash128("a"), hash128("a", 1));
    EXPECT_EQ(hash128("a").hex().size(), 32U);
}

}  // namespace
}  // namespace ec
