// What both databases promise: the same cases on a file, in memory, and on PostgreSQL.
#include <gtest/gtest.h>

#include <ec/core/fs.hpp>
#include <ec/sql/sql.hpp>
#include <ec/sql/testing/postgres.hpp>
#include <thread>

namespace ec::sql {
namespace {

enum class Store { file, memory, postgres };

class Contract : public ::testing::TestWithParam<Store> {
protected:
    void SetUp() override {
        if (GetParam() == Store::file) {
            auto dir = TempDir::create();
            ASSERT_TRUE(dir);
            dir_.emplace(*std::move(dir));
        } else if (GetParam() == Store::postgres) {
            const auto server = testing::Postgres::of_this_program();
            if (!server) GTEST_SKIP() << server.error().message;
            auto url = (*server)->fresh();
            ASSERT_TRUE(url) << url.error().message;
            url_ = *url;
        }
        database_.emplace(open());
    }
    // With patience: whoever waits for another's transaction here has nothing better to do.
    [[nodiscard]] Database open() const {
        constexpr std::chrono::seconds kPatience(60);
        auto database = GetParam() == Store::file
                            ? Database::open(dir_->path() / "store.db", {.busy_timeout = kPatience})
                        : GetParam() == Store::memory ? Database::open_in_memory()
                                                      : Database::connect(url_, {.lock_timeout = kPatience});
        EXPECT_TRUE(database) << database.error().message;
        return *std::move(database);
    }
    std::int64_t number(std::string_view sql) {
        auto rows = database_->prepare(sql);
        auto row = rows ? rows->step() : Result<bool>(fail(rows.error()));
        EXPECT_TRUE(row && *row) << sql << ": " << (row ? "no row" : row.error().message);
        return row && *row ? rows->integer(0) : -1;
    }
    void make(std::string_view schema) {
        const Status made = database_->execute(schema);
        ASSERT_TRUE(made) << made.error().message;
    }

    std::optional<TempDir> dir_;
    std::string url_;
    std::optional<Database> database_;
};

constexpr std::string_view kNotes =
    "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE, size INTEGER CHECK (size >= 0), "
    "parent INTEGER REFERENCES note(id)) STRICT";

TEST_P(Contract, GivesBackWhatWasBound) {
    make("CREATE TABLE t (a INTEGER, b TEXT, c BLOB, d INTEGER, e INTEGER NOT NULL) STRICT");
    const std::string hostile = "x'); DROP TABLE t; --\xc3\xa9\xe2\x82\xac?1 $1 \\";
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    const Status put = database_->run("INSERT INTO t VALUES (?, ?, ?, ?, ?)", INT64_MIN, hostile, Blob{bytes},
                                      std::optional<std::int64_t>(), true);
    ASSERT_TRUE(put) << put.error().message;
    EXPECT_EQ(database_->changed_rows(), 1);
    auto rows = database_->prepare("SELECT a, b, c, d, e, b = ?1 AND 'it''s ?' <> \"b\" FROM t WHERE b = ?1 -- ?");
    ASSERT_TRUE(rows);
    ASSERT_TRUE(rows->bind(hostile));
    const auto row = rows->step();
    ASSERT_TRUE(row && *row) << (row ? "no row" : row.error().message);
    EXPECT_EQ(rows->columns(), 6);
    EXPECT_EQ(rows->integer(0), INT64_MIN);
    EXPECT_EQ(rows->text(1), hostile);
    EXPECT_EQ(rows->text(2), bytes);
    EXPECT_TRUE(rows->is_null(3));
    EXPECT_EQ(rows->integer(3), 0);
    EXPECT_EQ(rows->integer(4), 1);
    EXPECT_EQ(rows->integer(5), 1);
    EXPECT_FALSE(*rows->step());
}

TEST_P(Contract, KeepsNumbersOf64BitsWhateverStandsBesideThem) {
    auto rows = database_->prepare("SELECT ?1 + 1, coalesce(?2, 0), CASE WHEN ?1 > 5 THEN ?1 ELSE 0 END");
    ASSERT_TRUE(rows->bind(INT64_MAX - 1, std::optional<std::int64_t>(INT64_MIN)));
    const auto row = rows->step();
    ASSERT_TRUE(row && *row) << row.error().message;
    EXPECT_EQ(rows->integer(0), INT64_MAX);
    EXPECT_EQ(rows->integer(1), INT64_MIN);
    EXPECT_EQ(rows->integer(2), INT64_MAX - 1);
}

TEST_P(Contract, AddsUpAndCounts) {
    make("CREATE TABLE t (a INTEGER NOT NULL) STRICT; INSERT INTO t VALUES (3), (4), (-9)");
    EXPECT_EQ(number("SELECT sum(a) FROM t"), -2);
    EXPECT_EQ(number("SELECT count(*) FROM t WHERE a > 0"), 2);
    EXPECT_EQ(number("SELECT EXISTS (SELECT 1 FROM t WHERE a = 4)"), 1);
    EXPECT_EQ(number("SELECT coalesce(max(a), 0) FROM t WHERE a > 10"), 0);
}

TEST_P(Contract, GivesRowsInTurnAndTheNumbersItMade) {
    make(kNotes);
    auto made = database_->prepare("INSERT INTO note (body) VALUES (?) RETURNING id");
    std::vector<std::int64_t> ids;
    for (const char* body : {"b", "a", "B", "\xc3\xa9", "_"}) {
        ASSERT_TRUE(made->bind(body));
        ASSERT_TRUE(*made->step());
        ids.push_back(made->integer(0));
        EXPECT_FALSE(*made->step());
    }
    EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
    std::string order;
    auto rows = database_->prepare("SELECT body FROM note ORDER BY body");
    for (auto row = rows->step(); row && *row; row = rows->step()) order += rows->text(0) + " ";
    EXPECT_EQ(order, "B _ a b \xc3\xa9 ");
    EXPECT_TRUE(database_->run("UPDATE note SET size = 1 WHERE body > ?1", "_"));
    EXPECT_EQ(database_->changed_rows(), 3);
}

TEST_P(Contract, HoldsToConstraintsAndSaysConflict) {
    make(kNotes);
    ASSERT_TRUE(database_->run("INSERT INTO note (body) VALUES (?)", ""));
    for (const char* wrong :
         {"INSERT INTO note (body) VALUES ('')", "INSERT INTO note (body, size) VALUES ('a', 'many')",
          "INSERT INTO note (body, size) VALUES ('a', -1)", "INSERT INTO note (body, parent) VALUES ('a', 77)",
          "INSERT INTO note (size) VALUES (1)"}) {
        const Status status = database_->run(wrong);
        ASSERT_FALSE(status) << wrong;
        EXPECT_EQ(status.error().code, ErrorCode::conflict) << wrong << ": " << status.error().message;
    }
    EXPECT_EQ(number("SELECT count(*) FROM note"), 1);
}

TEST_P(Contract, SaysThatAStatementIsWrong) {
    for (const char* wrong : {"SELEKT 1", "SELECT nothing FROM nowhere", "", "SELECT 1; SELECT 2"}) {
        const Status status = database_->run(wrong);
        ASSERT_FALSE(status) << wrong;
        EXPECT_EQ(status.error().code, ErrorCode::internal) << wrong;
    }
    EXPECT_EQ(database_->run("SELECT ?1, ?2", 1).error().code, ErrorCode::internal);
    EXPECT_EQ(number("SELECT 7"), 7);
}

TEST_P(Contract, ACachedStatementServesAgainAndAgain) {
    make(kNotes);
    for (int i = 0; i < 3; ++i) {
        auto insert = database_->cached("INSERT INTO note (body, size) VALUES (?1, ?2)");
        ASSERT_TRUE(insert);
        // A NULL that says its type, and one that does not.
        ASSERT_TRUE((*insert)->run(std::to_string(i), i == 0 ? std::optional<int>() : i));
        const Value values[] = {std::string_view(i == 1 ? "x" : i == 2 ? "y" : "z"), Null::unknown};
        ASSERT_TRUE((*insert)->run_all(values));
    }
    EXPECT_EQ(number("SELECT count(*) FROM note"), 6);
    EXPECT_EQ(database_->cached("SELECT 1").value(), database_->cached("SELECT 1").value());
}

TEST_P(Contract, ATransactionHappensWhollyOrNotAtAll) {
    make(kNotes);
    {
        auto lost = Transaction::begin(*database_);
        ASSERT_TRUE(lost);
        ASSERT_TRUE(database_->run("INSERT INTO note (body) VALUES ('lost')"));
    }
    auto kept = Transaction::begin(*database_);
    ASSERT_TRUE(database_->run("INSERT INTO note (body) VALUES ('kept')"));
    ASSERT_TRUE(kept->commit());
    EXPECT_EQ(kept->commit().error().code, ErrorCode::internal);
    EXPECT_EQ(number("SELECT count(*) FROM note"), 1);
}

TEST_P(Contract, AStatementThatFailsSpoilsItsTransaction) {
    make(kNotes);
    {
        auto transaction = Transaction::begin(*database_);
        ASSERT_TRUE(database_->run("INSERT INTO note (body) VALUES ('a')"));
        ASSERT_FALSE(database_->run("INSERT INTO note (body) VALUES ('a')"));
        EXPECT_EQ(database_->run("INSERT INTO note (body) VALUES ('b')").error().code, ErrorCode::conflict);
        EXPECT_EQ(transaction->commit().error().code, ErrorCode::conflict);
    }
    EXPECT_EQ(number("SELECT count(*) FROM note"), 0);
    auto next = Transaction::begin(*database_);
    ASSERT_TRUE(next);
    ASSERT_TRUE(database_->run("INSERT INTO note (body) VALUES ('b')"));
    EXPECT_TRUE(next->commit());
}

TEST_P(Contract, ASavepointTakesBackWhatFailedInIt) {
    make(kNotes);
    auto transaction = Transaction::begin(*database_);
    for (const char* body : {"a", "b", "a", "c"}) {
        auto savepoint = Savepoint::begin(*database_);
        ASSERT_TRUE(savepoint);
        ASSERT_TRUE(database_->run("UPDATE note SET size = 5"));
        if (database_->run("INSERT INTO note (body) VALUES (?)", body)) {
            ASSERT_TRUE(savepoint->keep());
        } else {
            EXPECT_EQ(savepoint->keep().error().code, ErrorCode::conflict);
        }
    }
    const Status committed = transaction->commit();
    ASSERT_TRUE(committed) << committed.error().message;
    EXPECT_EQ(number("SELECT count(*) FROM note"), 3);
}

TEST_P(Contract, ASavepointMayStandInsideAnother) {
    make(kNotes);
    auto transaction = Transaction::begin(*database_);
    auto outer = Savepoint::begin(*database_);
    ASSERT_TRUE(database_->run("INSERT INTO note (body) VALUES ('a')"));
    {
        auto inner = Savepoint::begin(*database_);
        ASSERT_TRUE(inner);
        ASSERT_TRUE(database_->run("INSERT INTO note (body) VALUES ('b')"));
        ASSERT_FALSE(database_->run("INSERT INTO note (body) VALUES ('a')"));
    }
    {
        auto inner = Savepoint::begin(*database_);
        ASSERT_TRUE(database_->run("INSERT INTO note (body) VALUES ('c')"));
        ASSERT_TRUE(inner->keep());
    }
    ASSERT_TRUE(outer->keep());
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(number("SELECT count(*) FROM note WHERE body IN ('a', 'c')"), 2);
    EXPECT_EQ(number("SELECT count(*) FROM note"), 2);
}

TEST_P(Contract, RowsOfACachedStatementEndWithTheTransaction) {
    make("CREATE TABLE t (a INTEGER NOT NULL) STRICT; INSERT INTO t VALUES (1), (2)");
    auto transaction = Transaction::begin(*database_);
    Statement* rows = *database_->cached("SELECT a FROM t");
    ASSERT_TRUE(*rows->step());
    ASSERT_TRUE(transaction->commit());
    EXPECT_FALSE(rows->step());
    EXPECT_TRUE(*(*database_->cached("SELECT a FROM t"))->step());
}

/// A database in memory belongs to one connection.
class SharedContract : public Contract {};

TEST_P(SharedContract, TwoThatCountTogetherLoseNoStep) {
    make("CREATE TABLE counter (value INTEGER NOT NULL) STRICT; INSERT INTO counter VALUES (0)");
    constexpr int kRounds = 50;
    const auto count = [this] {
        Database own = open();
        for (int i = 0; i < kRounds; ++i) {
            auto transaction = Transaction::begin(own);
            ASSERT_TRUE(transaction) << transaction.error().message;
            auto read = own.prepare("SELECT value FROM counter");
            ASSERT_TRUE(*read->step());
            const std::int64_t value = read->integer(0);
            ASSERT_TRUE(own.run("UPDATE counter SET value = ?", value + 1));
            ASSERT_TRUE(transaction->commit());
        }
    };
    std::jthread other(count);
    count();
    other.join();
    EXPECT_EQ(number("SELECT value FROM counter"), 2 * kRounds);
}

TEST_P(Contract, KnowsTheTime) {
    const auto now = database_->now_ms();
    ASSERT_TRUE(now) << now.error().message;
    const auto here =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    EXPECT_NEAR(static_cast<double>(*now), static_cast<double>(here), 60'000);
}

std::string name_of(const ::testing::TestParamInfo<Store>& one) {
    return one.param == Store::file ? "file" : one.param == Store::memory ? "memory" : "postgres";
}
INSTANTIATE_TEST_SUITE_P(Stores, Contract, ::testing::Values(Store::file, Store::memory, Store::postgres), name_of);
INSTANTIATE_TEST_SUITE_P(Stores, SharedContract, ::testing::Values(Store::file, Store::postgres), name_of);

}  // namespace
}  // namespace ec::sql
