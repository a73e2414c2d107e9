#include <thread>

#include "books_fixture.hpp"

namespace ec::ledger {
namespace {

class BooksTest : public BooksFixture {};
EC_ON_EVERY_ENGINE(BooksTest);

TEST_P(BooksTest, AHoldPaysAndGivesBackTheRest) {
    ASSERT_TRUE(hold("job-1", "alice", 600));
    EXPECT_EQ(held("alice"), 600);
    EXPECT_EQ(pay("job-1", "task-1", "bob", 250), true);
    EXPECT_EQ(balance("alice"), 750);
    EXPECT_EQ(held("alice"), 350);
    EXPECT_EQ(balance("bob"), 250);
    ASSERT_TRUE(release("job-1"));
    EXPECT_EQ(held("alice"), 0);
    EXPECT_EQ(balance("alice"), 750);
}

TEST_P(BooksTest, TheLastPaymentGivesBackTheRest) {
    ASSERT_TRUE(hold("job-1", "alice", 600));
    EXPECT_EQ(pay("job-1", "task-1", "bob", 250, Rest::released), true);
    EXPECT_EQ(balance("alice"), 750);
    EXPECT_EQ(held("alice"), 0);
    EXPECT_EQ(balance("bob"), 250);
    EXPECT_EQ(code(pay("job-1", "task-2", "bob", 1)), ErrorCode::conflict);
    EXPECT_EQ(pay("job-1", "task-1", "bob", 250, Rest::released), false);
    EXPECT_TRUE(release("job-1"));
    EXPECT_EQ(balance("alice"), 750);
}

TEST_P(BooksTest, WhatIsPaidUnderOneNameIsPaidOnce) {
    ASSERT_TRUE(hold("job-1", "alice", 600));
    EXPECT_EQ(pay("job-1", "task-1", "bob", 100), true);
    EXPECT_EQ(pay("job-1", "task-1", "bob", 100), false);
    EXPECT_EQ(pay("job-1", "task-1", "carol", 500), false) << "the first outcome stands, whoever asks";
    ASSERT_TRUE(release("job-1"));
    EXPECT_EQ(pay("job-1", "task-1", "bob", 100), false) << "also when the hold is closed by now";
    EXPECT_EQ(pay("no-such", "task-1", "bob", 100), false);
    EXPECT_EQ(balance("bob"), 100);
    EXPECT_EQ(balance("carol"), 0);
}

TEST_P(BooksTest, APostUnderOneNameIsMadeOnce) {
    EXPECT_EQ(post("gift", transfer("alice", "bob", 1000)), true);
    EXPECT_EQ(post("gift", transfer("alice", "bob", 1000)), false) << "although alice could not pay it again";
    EXPECT_EQ(balance("bob"), 1000);
}

TEST_P(BooksTest, TellsWhenATransactionWasMade) {
    const auto given_at = [this](std::int64_t now_ms) {
        return within([&] { return books_->post("gift", "gift-1", transfer("alice", "bob", 1), now_ms); });
    };
    EXPECT_EQ(given_at(1'234), true);
    EXPECT_EQ(given_at(9'999), false);
    EXPECT_EQ(books_->made_at("gift-1"), 1'234) << "the first time counts";
    EXPECT_EQ(books_->made_at("gift-2").error().code, ErrorCode::not_found);
}

TEST_P(BooksTest, AHoldIsClosedOnceAndPaysNoMore) {
    ASSERT_TRUE(hold("job-1", "alice", 600));
    ASSERT_TRUE(release("job-1"));
    EXPECT_TRUE(release("job-1"));
    EXPECT_EQ(code(pay("job-1", "task-1", "bob", 1)), ErrorCode::conflict);
    EXPECT_EQ(code(release("job-2")), ErrorCode::not_found);
    EXPECT_EQ(balance("bob"), 0);
}

TEST_P(BooksTest, NoMoreIsPaidThanWasSetAside) {
    ASSERT_TRUE(hold("job-1", "alice", 600));
    EXPECT_EQ(code(pay("job-1", "task-1", "bob", 601)), ErrorCode::denied);
    EXPECT_EQ(pay("job-1", "task-1", "bob", 600), true);
    EXPECT_EQ(code(pay("job-1", "task-2", "bob", 1)), ErrorCode::denied);
    EXPECT_EQ(balance("alice"), 400);
}

TEST_P(BooksTest, WhatIsSetAsideCannotBeSpentTwice) {
    ASSERT_TRUE(hold("job-1", "alice", 700));
    EXPECT_EQ(code(hold("job-2", "alice", 301)), ErrorCode::denied);
    EXPECT_EQ(code(post("gift", transfer("alice", "bob", 301))), ErrorCode::denied);
    EXPECT_EQ(post("gift", transfer("alice", "bob", 300)), true);
    EXPECT_EQ(code(hold("job-3", "alice", 1)), ErrorCode::denied);
    EXPECT_EQ(code(hold("job-3", "bob", 301)), ErrorCode::denied);
}

TEST_P(BooksTest, AFloorBelowZeroIsCreditAndNoFloorIsNoLimit) {
    ASSERT_TRUE(books_->open_account("dave", AccountKind::user, Credits::milli(-50)));
    ASSERT_TRUE(books_->open_account("local", AccountKind::user, std::nullopt));
    ASSERT_TRUE(hold("job-1", "dave", 50));
    EXPECT_EQ(code(hold("job-2", "dave", 1)), ErrorCode::denied);
    ASSERT_TRUE(hold("job-3", "local", 2'000'000));
    EXPECT_EQ(pay("job-3", "task-1", "bob", 2'000'000), true);
    EXPECT_EQ(balance("local"), -2'000'000);
    ASSERT_TRUE(release("job-1"));
}

TEST_P(BooksTest, TheSameHoldAgainIsOneHold) {
    ASSERT_TRUE(hold("job-1", "alice", 600));
    EXPECT_TRUE(hold("job-1", "alice", 600));
    EXPECT_EQ(held("alice"), 600);
    EXPECT_EQ(code(hold("job-1", "alice", 601)), ErrorCode::conflict);
    EXPECT_EQ(code(hold("job-1", "bob", 600)), ErrorCode::conflict);
}

TEST_P(BooksTest, SomebodyMayPayThemselves) {
    ASSERT_TRUE(hold("job-1", "alice", 1000));
    EXPECT_EQ(pay("job-1", "task-1", "alice", 1000), true);
    EXPECT_EQ(balance("alice"), 1000);
    EXPECT_EQ(held("alice"), 0);
    EXPECT_EQ(post("to-myself", {{"alice", Credits::milli(-1000)}, {"alice", Credits::milli(1000)}}), true);
}

TEST_P(BooksTest, ATransactionMaySplitOneAmountOverMany) {
    EXPECT_EQ(post("split", {{"bob", Credits::milli(334)},
                             {"carol", Credits::milli(333)},
                             {"mint", Credits::milli(333)},
                             {"alice", Credits::milli(-1000)}}),
              true);
    EXPECT_EQ(balance("carol"), 333);
}

TEST_P(BooksTest, EntriesThatDoNotSumToZeroAreRefused) {
    EXPECT_EQ(code(post("a", {{"alice", Credits::milli(-10)}, {"bob", Credits::milli(11)}})),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code(post("a", {{"alice", Credits()}})), ErrorCode::invalid_argument);
    EXPECT_EQ(code(post("a", {})), ErrorCode::invalid_argument);
    EXPECT_EQ(code(post("a", {{"alice", Credits()}, {"bob", Credits()}})), ErrorCode::invalid_argument);
}

TEST_P(BooksTest, AmountsOutOfRangeAreRefused) {
    const std::int64_t huge = INT64_MAX;
    for (const std::int64_t amount : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, huge}) {
        EXPECT_EQ(code(hold("job-1", "mint", amount)), ErrorCode::invalid_argument) << amount;
        EXPECT_EQ(code(pay("job-1", "task-1", "bob", amount)), ErrorCode::invalid_argument) << amount;
    }
    EXPECT_EQ(code(post("a", {{"mint", Credits::milli(INT64_MIN)}, {"bob", Credits::milli(huge)}})),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code(Credits::milli(huge).plus(Credits::milli(1))), ErrorCode::invalid_argument);
}

TEST_P(BooksTest, ABalanceDoesNotOverflow) {
    const std::int64_t most = 2'100'000'000'000'000'000;
    EXPECT_EQ(post("a", transfer("mint", "bob", most)), true);
    EXPECT_EQ(code(post("b", transfer("mint", "bob", most))), ErrorCode::invalid_argument) << "bob has all there is";
    EXPECT_EQ(code(post("b", transfer("mint", "carol", most))), ErrorCode::denied) << "the mint can owe no more";
    ASSERT_TRUE(hold("job-1", "bob", most));
    EXPECT_EQ(code(pay("job-1", "task-1", "no-such", 1)), ErrorCode::not_found);
    EXPECT_EQ(code(hold("job-2", "bob", most)), ErrorCode::denied);
    ASSERT_TRUE(release("job-1"));
}

TEST_P(BooksTest, NamesThatDoNotFitAreRefused) {
    const std::string longest(200, 'x');
    EXPECT_TRUE(books_->open_account(longest, AccountKind::fee, Credits()));
    EXPECT_EQ(code(books_->open_account(longest + "x", AccountKind::fee, Credits())), ErrorCode::invalid_argument);
    EXPECT_EQ(code(books_->open_account("", AccountKind::fee, Credits())), ErrorCode::invalid_argument);
    EXPECT_EQ(code(hold("", "alice", 1)), ErrorCode::invalid_argument);
    EXPECT_EQ(code(post("", transfer("alice", "bob", 1))), ErrorCode::invalid_argument);
    EXPECT_EQ(code(hold("job-1", "nobody", 1)), ErrorCode::not_found);
    EXPECT_EQ(code(post("a", transfer("nobody", "bob", 1))), ErrorCode::not_found);
    EXPECT_EQ(code(books_->account("nobody")), ErrorCode::not_found);
    EXPECT_EQ(code(books_->open_account("eve", AccountKind::user, Credits::milli(1))), ErrorCode::invalid_argument);
}

TEST_P(BooksTest, AnAccountIsOpenedOnceAndKeepsItsKind) {
    EXPECT_TRUE(books_->open_account("alice", AccountKind::user, Credits()));
    EXPECT_EQ(balance("alice"), 1000);
    EXPECT_EQ(code(books_->open_account("alice", AccountKind::fee, Credits())), ErrorCode::conflict);
}

TEST_P(BooksTest, AccountsAreListedInPages) {
    const auto first = books_->accounts("", 2);
    ASSERT_TRUE(first);
    ASSERT_EQ(first->size(), 2U);
    EXPECT_EQ(first->at(0).id, "alice");
    EXPECT_EQ(first->at(0).balance.milli(), 1000);
    const auto rest = books_->accounts("bob", 10);
    ASSERT_TRUE(rest);
    ASSERT_EQ(rest->size(), 2U);
    EXPECT_EQ(rest->at(1).kind, AccountKind::mint);
    EXPECT_FALSE(rest->at(1).floor);
}

// Whoever goes on after a refusal can still commit what else the transaction did.
TEST_P(BooksTest, ARefusalLeavesNothingBehindInTheTransaction) {
    ASSERT_TRUE(hold("job-1", "alice", 10));
    EXPECT_TRUE(within([&]() -> Status {
        EXPECT_FALSE(books_->pay("job-1", "task-1", "nobody", Credits::milli(1), kNow));
        EXPECT_FALSE(books_->pay("job-1", "task-1", "bob", Credits::milli(11), kNow));
        EXPECT_FALSE(books_->post("test", "a", transfer("bob", "carol", 1), kNow));
        EXPECT_FALSE(books_->hold("job-2", "bob", Credits::milli(1), kLater));
        EXPECT_EQ(books_->pay("job-1", "task-1", "bob", Credits::milli(10), kNow), true);
        return {};
    }));
    EXPECT_EQ(balance("bob"), 10);
}

TEST_P(BooksTest, AChangeThatIsRolledBackMovedNothing) {
    {
        auto transaction = sql::Transaction::begin(*database_);
        ASSERT_TRUE(books_->hold("job-1", "alice", Credits::milli(10), kLater));
        ASSERT_EQ(books_->pay("job-1", "task-1", "bob", Credits::milli(10), kNow), true);
    }
    EXPECT_EQ(balance("bob"), 0);
    EXPECT_EQ(held("alice"), 0);
    ASSERT_TRUE(hold("job-1", "alice", 10));
    EXPECT_EQ(pay("job-1", "task-1", "bob", 10), true);
}

class ManyWritersBooksTest : public BooksFixture {};
INSTANTIATE_TEST_SUITE_P(Postgres, ManyWritersBooksTest, ::testing::Values(sql::Dialect::postgres));

// All go the same way: whoever goes the other way round meets a deadlock, which costs PostgreSQL a second to notice.
TEST_P(ManyWritersBooksTest, ManyWhoPayAtOnceLoseNothingAndPayNothingTwice) {
    constexpr int kEach = 25;
    const auto settle = [](sql::Database& database, const std::string& name) -> Status {
        Books books(database);
        EC_ASSIGN(sql::Transaction transaction, sql::Transaction::begin(database, sql::Writers::several));
        EC_TRY(books.hold(name, "alice", Credits::milli(2), kLater));
        EC_TRY(books.pay(name, name, "bob", Credits::milli(1), kNow));
        EC_TRY(books.release(name));
        return transaction.commit();
    };
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
        writers.emplace_back([&, writer] {
            sql::Database connection = open();
            for (int i = 0; i < kEach; ++i) {
                // Each name is asked for by two writers.
                const std::string name = "task-" + std::to_string(writer / 2) + "-" + std::to_string(i);
                Status settled = settle(connection, name);
                for (int again = 0; !settled && again < 50; ++again) {
                    const ErrorCode why = settled.error().code;
                    EXPECT_TRUE(why == ErrorCode::timeout || why == ErrorCode::conflict) << settled.error().message;
                    settled = settle(connection, name);
                }
                EXPECT_TRUE(settled) << settled.error().message;
            }
        });
    }
    writers.clear();
    EXPECT_EQ(balance("alice"), 1000 - 2 * kEach);
    EXPECT_EQ(balance("bob"), 2 * kEach);
    EXPECT_EQ(held("alice"), 0);
    auto rows = database_->prepare("SELECT count(*) FROM txn WHERE kind = 'pay'");
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->integer(0), 2 * kEach);
}

}  // namespace
}  // namespace ec::ledger
