#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/codeindex/repository_map.hpp>
#include <numeric>

#include "memory_files.hpp"
#include "page_rank.hpp"

namespace ec::codeindex {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const MemoryFiles kShop{{
    {"shop/cart.py",
     "from shop.price import total_price\n\nclass Cart:\n    def total(self):\n        return "
     "total_price(self.items)\n"},
    {"shop/price.py",
     "TAX = 0.2\n\ndef total_price(items):\n    return sum(items) * TAX\n\ndef unused_helper():\n    pass\n"},
    {"shop/mail.py", "def send_mail(to):\n    pass\n"},
    {"web/app.py",
     "from shop.cart import Cart\nfrom shop.mail import send_mail\n\ndef handler():\n    Cart().total()\n    "
     "send_mail('x')\n"},
}};

TEST(PageRank, OfACycleIsUniform) {
    for (const double rank : page_rank({{0, 1, 0, 1}, {1, 2, 0, 1}, {2, 0, 0, 1}}, {0, 0, 0}))
        EXPECT_NEAR(rank, 1.0 / 3, 1e-9);
}

TEST(PageRank, GivesTheFixedPointOfTheDefinition) {
    // Two nodes point to a third that leads nowhere: r = 0.15 p + 0.85 (A r + r_2 p), solved by hand.
    const auto rank = page_rank({{0, 2, 0, 1}, {1, 2, 0, 3}}, {1, 1, 1});
    EXPECT_NEAR(rank[0], rank[1], 1e-12);
    EXPECT_NEAR(rank[0], (0.15 + 0.85 * rank[2]) / 3, 1e-9);
    EXPECT_NEAR(rank[2], (0.15 + 0.85 * rank[2]) / 3 + 0.85 * (rank[0] + rank[1]), 1e-9);
    EXPECT_NEAR(std::accumulate(rank.begin(), rank.end(), 0.0), 1, 1e-9);
}

TEST(PageRank, StaysNearItsPreference) {
    const auto rank = page_rank({{0, 1, 0, 1}, {2, 3, 0, 1}}, {1, 0, 0, 0});
    EXPECT_GT(rank[1], 0.3);
    EXPECT_EQ(rank[2], 0);
    EXPECT_EQ(rank[3], 0);
    EXPECT_TRUE(page_rank({}, {}).empty());
}

TEST(Mentions, AreFilesAndDefinedNames) {
    const Index index = kShop.index();
    const Focus focus =
        mentions(index, "The sum in `total_price` is wrong, see ./shop/price.py and app.py: nothing else.");
    EXPECT_THAT(focus.files, ElementsAre("shop/price.py", "web/app.py"));
    EXPECT_THAT(focus.names, ElementsAre("total_price"));
}

TEST(RepositoryMap, PutsWhatTheTaskSpeaksOfFirst) {
    const Index index = kShop.index();
    const std::string map = repository_map(index, mentions(index, "fix total_price"), {.tokens = 16});
    EXPECT_EQ(map, "shop/price.py:\n  3: def total_price(items):\n");
}

TEST(RepositoryMap, FollowsTheNamesThatTheFileInHandUses) {
    const Index index = kShop.index();
    Focus focus;
    focus.in_hand = {"web/app.py"};
    const std::string map = repository_map(index, focus, {.tokens = 60});
    EXPECT_THAT(map, HasSubstr("class Cart:"));
    EXPECT_THAT(map, HasSubstr("def send_mail(to):"));
    EXPECT_THAT(map, Not(HasSubstr("handler")));
    EXPECT_THAT(map, Not(HasSubstr("unused_helper")));
}

TEST(RepositoryMap, ListsFilesByPathAndDefinitionsByLine) {
    EXPECT_EQ(repository_map(kShop.index(), {}),
              "shop/cart.py:\n  3: class Cart:\n  4:     def total(self):\n"
              "shop/mail.py:\n  1: def send_mail(to):\n"
              "shop/price.py:\n  1: TAX = 0.2\n  3: def total_price(items):\n  6: def unused_helper():\n"
              "web/app.py:\n  4: def handler():\n");
}

TEST(RepositoryMap, KeepsWithinItsBudgetAndIsByteStable) {
    MemoryFiles files;
    for (int i = 0; i < 200; ++i) {
        const std::string n = std::to_string(i);
        files.texts["pkg/m" + n + ".py"] = "def work_" + n + "(a):\n    return work_" +
                                           std::to_string((i * 31 + 7) % 200) + "(a) + work_" +
                                           std::to_string((i * 17) % 200) + "(a)\n";
    }
    const Index index = files.index();
    const auto bytes = [](std::string_view text) { return text.size(); };
    for (const std::size_t budget : {0U, 10U, 500U, 4000U}) {
        const std::string map = repository_map(index, mentions(index, "work_7"), {.tokens = budget, .count = bytes});
        EXPECT_LE(map.size(), budget);
        EXPECT_EQ(map, repository_map(files.index({.threads = 3}), mentions(index, "work_7"),
                                      {.tokens = budget, .count = bytes}));
    }
    EXPECT_EQ(repository_map(Index(), {}), "");
    EXPECT_TRUE(file_ranks(Index(), {}).empty());
}

}  // namespace
}  // namespace ec::codeindex
