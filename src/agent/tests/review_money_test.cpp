#include <gtest/gtest.h>

#include <ec/agent/reviewer.hpp>

namespace ec::agent {
namespace {

TEST(Amounts, AreReadAndWrittenExactly) {
    EXPECT_EQ(*parse_amount("0"), 0);
    EXPECT_EQ(*parse_amount("2.5"), 2'500'000);
    EXPECT_EQ(*parse_amount("0.000001"), 1);
    EXPECT_EQ(*parse_amount("999999999.999999"), 999'999'999'999'999);
    EXPECT_EQ(amount_text(2'500'000), "2.50");
    EXPECT_EQ(amount_text(1), "0.000001");
    EXPECT_EQ(amount_text(0), "0.00");
    EXPECT_EQ(amount_text(-2'500'001), "-2.500001");
    for (const char* bad :
         {"", "-1", "1.", ".5", "1e3", "1,5", " 1", "0.0000001", "1000000000", "0x1", "1.2.3", "NaN"}) {
        EXPECT_FALSE(parse_amount(bad)) << bad;
    }
}

TEST(Costs, AreRoundedUpAndNeverWrapAround) {
    const Price price{2'500'000, 10'000'000};
    EXPECT_EQ(cost(price, 0, 0), 0);
    EXPECT_EQ(cost(price, 1, 0), 3);
    EXPECT_EQ(cost(price, 1'000'000, 1'000'000), 12'500'000);
    EXPECT_EQ(cost(price, -5, -5), 0);
    EXPECT_GT(cost({INT64_MAX, INT64_MAX}, INT64_MAX, INT64_MAX), 0);
}

TEST(Costs, AreAtMostThatOfEveryByteAToken) {
    ReviewPackage package;
    package.text = std::string(1'000'000 - 256, 'x');
    ReviewerFacts facts{.name = "big", .where = "", .price = Price{1'000'000, 2'000'000}, .most_answer_tokens = 1000};
    EXPECT_EQ(*most_cost(package, facts), 1'002'000);
}

TEST(Costs, ThatNobodyKnowsStopARemoteReviewerAndNoLocalOne) {
    ReviewerFacts facts{.name = "big", .where = "", .price = std::nullopt};
    EXPECT_EQ(most_cost({}, facts).error().code, ErrorCode::denied);
    facts.remote = false;
    EXPECT_EQ(*most_cost({}, facts), 0);
}

std::string trouble(std::string_view text) {
    const auto settings = parse_review_settings(text, "config.toml");
    return settings ? "" : settings.error().message;
}

TEST(ReviewSettings, AreReadBesideWhatBelongsToOthers) {
    const auto settings = parse_review_settings(R"(
[model]
anything = { goes = [1, 2] }
[review]
currency = "EUR"
max_spend_per_day = "1.50"
[review.big]
url = "https://models.example/v1/"
model = "large"
key_env = "BIG_KEY"
price_in = "2.50"
price_out = "10"
max_tokens = 4096
[review.team]
kind = "team"
url = "https://review.example"
cost = "local"
)",
                                                "config.toml");
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->budget.currency, "EUR");
    EXPECT_EQ(settings->budget.most_per_day, 1'500'000);
    ASSERT_EQ(settings->reviewers.size(), 2U);
    const ReviewerSettings* big = settings->find("big");
    ASSERT_NE(big, nullptr);
    EXPECT_EQ(big->url, "https://models.example/v1");
    EXPECT_EQ(big->price, (Price{2'500'000, 10'000'000}));
    EXPECT_EQ(big->max_tokens, 4096);
    EXPECT_EQ(settings->find("team")->kind, ReviewerSettings::Kind::team);
    EXPECT_EQ(settings->find("team")->price, Price{});
    EXPECT_EQ(settings->find("nobody"), nullptr);
}

TEST(ReviewSettings, WithoutAWordAllowNoSpending) { EXPECT_EQ(parse_review_settings("", "c")->budget.most_per_day, 0); }

TEST(ReviewSettings, NameTheLineAndTheKeyAtFault) {
    EXPECT_EQ(trouble("[review]\nmax_spend_per_day = 2.5"),
              "config.toml:2: review.max_spend_per_day: must be a string");
    EXPECT_NE(trouble("[review.a]\nurl = 'https://x'\n"), "");  // no model
    EXPECT_NE(trouble("[review.a]\nmodel = 'm'\n"), "");        // no url
    EXPECT_NE(trouble("[review.a]\nurl = 'ftp://x'\nmodel = 'm'"), "");
    EXPECT_NE(trouble("[review.a]\nurl = 'https://x'\nmodel = 'm'\nprice_in = '1'"), "");  // half a price
    EXPECT_NE(trouble("[review.a]\nurl = 'https://x'\nmodel = 'm'\ncost = 'free'"), "");
    EXPECT_NE(trouble("[review.a]\nurl = 'https://x'\nmodel = 'm'\ncost = 'local'\nprice_in = '1'\nprice_out = '1'"),
              "");
    EXPECT_NE(trouble("[review.a]\nurl = 'https://x'\nmodel = 'm'\nkind = 'other'"), "");
    EXPECT_NE(trouble("[review.a]\nurl = 'https://x'\nkind = 'team'\nmodel = 'm'"), "");
    EXPECT_NE(trouble("[review.a]\nurl = 'https://x'\nmodel = 'm'\nprise_in = '1'"), "");  // misspelt
    EXPECT_NE(trouble("[review.'a b']\nurl = 'https://x'\nmodel = 'm'"), "");
    EXPECT_NE(trouble("[review.a]\nurl = 'https://x'\nmodel = 'm'\nkey_env = 'A=B'"), "");
    EXPECT_NE(trouble("[review]\ncurrency = ''"), "");
    EXPECT_NE(trouble("review = 3"), "");
}

}  // namespace
}  // namespace ec::agent
