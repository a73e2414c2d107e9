// What only PostgreSQL has: connections that are lost, commits in doubt, several writers, notifications.
#include <gtest/gtest.h>

#include <array>
#include <ec/sql/sql.hpp>
#include <ec/sql/testing/postgres.hpp>
#include <thread>

namespace ec::sql {
namespace {

using std::chrono::milliseconds;

constexpr int kPatience = 6000;  // looks, 5 ms apart

class OnPostgres : public ::testing::Test {
protected:
    void SetUp() override {
        const auto server = testing::Postgres::of_this_program();
        if (!server) GTEST_SKIP() << server.error().message;
        admin_url_ = (*server)->url("postgres");
        url_ = *(*server)->fresh();
        ASSERT_TRUE(open().execute("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE) STRICT"));
    }
    void TearDown() override {
        if (waits_) wait_for_standby(false);
    }
    [[nodiscard]] Database open(const ConnectOptions& options = {}) const {
        auto database = Database::connect(url_, options);
        EXPECT_TRUE(database) << database.error().message;
        return *std::move(database);
    }
    [[nodiscard]] std::int64_t notes() const {
        Database database = open();
        auto rows = database.prepare("SELECT count(*) FROM note");
        EXPECT_TRUE(*rows->step());
        return rows->integer(0);
    }
    /// From now on, commits wait for a standby that there is not.
    void wait_for_standby(bool wait) {
        auto admin = Database::connect(admin_url_);
        ASSERT_TRUE(admin->execute_as_it_stands(
            fmt::format("ALTER SYSTEM SET synchronous_standby_names = '{}'", wait ? "nobody" : "")));
        ASSERT_TRUE(admin->execute_as_it_stands("SELECT pg_reload_conf()"));
        waits_ = wait;
    }
    // The server reads its settings when it likes.
    static void until_commits_wait(Database& probe, bool wait) {
        for (int i = 0; i < kPatience; ++i) {
            auto row = probe.prepare("SELECT current_setting('synchronous_standby_names')");
            ASSERT_TRUE(*row->step());
            if (row->text(0).empty() != wait) return;
            ASSERT_FALSE(*probe.wait_notification(milliseconds(5)));
        }
        FAIL() << "the server does not take its settings";
    }

    std::string admin_url_;
    std::string url_;
    bool waits_ = false;
};

TEST(PostgresUrl, RefusesWhatIsNoUrlAndNeverShowsThePassword) {
    for (const char* url : {"", "sqlite:file", "mysql://a:hunter2@b/c", "postgres://a:hunter2%zz@b/c",
                            "postgresql://a:hunter2@[::1/c", "password=hunter2 host='b", "nonsense=hunter2"}) {
        const auto database = Database::connect(url);
        ASSERT_FALSE(database) << url;
        EXPECT_EQ(database.error().code, ErrorCode::invalid_argument) << url;
        EXPECT_FALSE(database.error().message.contains("hunter2")) << database.error().message;
    }
    const auto nobody = Database::connect("postgresql://a:hunter2@127.0.0.1:1/c");
    ASSERT_FALSE(nobody);
    EXPECT_EQ(nobody.error().code, ErrorCode::unavailable);
    EXPECT_FALSE(nobody.error().message.contains("hunter2")) << nobody.error().message;
    EXPECT_FALSE(nobody.error().message.contains('\n'));
}

TEST_F(OnPostgres, ALostConnectionIsSaidAndItsTransactionDidNotHappen) {
    Database database = open();
    Database admin = open();
    {
        auto transaction = Transaction::begin(database);
        ASSERT_TRUE(database.run("INSERT INTO note (body) VALUES ('a')"));
        ASSERT_TRUE(admin.execute_as_it_stands(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
            "datname = current_database()"));
        const Status second = database.run("INSERT INTO note (body) VALUES ('b')");
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, ErrorCode::unavailable);
        EXPECT_FALSE(database.usable());
        const Status commit = transaction->commit();
        ASSERT_FALSE(commit);
        EXPECT_EQ(commit.error().code, ErrorCode::unavailable);
        EXPECT_FALSE(in_doubt(commit.error()));
    }
    EXPECT_EQ(database.run("SELECT 1").error().code, ErrorCode::unavailable);
    EXPECT_EQ(Transaction::begin(database).error().code, ErrorCode::unavailable);
    EXPECT_EQ(database.wait_notification(milliseconds(1)).error().code, ErrorCode::unavailable);
    EXPECT_EQ(notes(), 0);
}

TEST_F(OnPostgres, ACommitThatIsNotAnsweredIsInDoubtAndNeverCancelled) {
    Database database = open({.answer_timeout = milliseconds(2'000)});
    wait_for_standby(true);
    until_commits_wait(database, true);
    {
        auto transaction = Transaction::begin(database);
        ASSERT_TRUE(database.run("INSERT INTO note (body) VALUES ('a')"));
        const Status commit = transaction->commit();
        ASSERT_FALSE(commit);
        EXPECT_TRUE(in_doubt(commit.error())) << commit.error().message;
        EXPECT_EQ(commit.error().code, ErrorCode::timeout);
        EXPECT_FALSE(database.usable());
    }
    EXPECT_EQ(notes(), 0);  // still waits: had it been cancelled, others would see it
    wait_for_standby(false);
    Database probe = open();
    until_commits_wait(probe, false);
    for (int i = 0; i < kPatience && notes() == 0; ++i) ASSERT_FALSE(*probe.wait_notification(milliseconds(5)));
    EXPECT_EQ(notes(), 1);
}

TEST_F(OnPostgres, ACommitThatSomebodyElseCancelledIsInDoubtToo) {
    Database database = open();
    wait_for_standby(true);
    until_commits_wait(database, true);
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(database.run("INSERT INTO note (body) VALUES ('a')"));
    std::jthread operator_([this] {
        Database admin = open();
        for (int i = 0; i < kPatience; ++i) {
            auto row = admin.prepare(
                "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND "
                "datname = current_database()");
            ASSERT_TRUE(*row->step());
            if (row->integer(0) > 0) return;
            ASSERT_FALSE(*admin.wait_notification(milliseconds(5)));
        }
    });
    const Status commit = transaction->commit();
    operator_.join();
    wait_for_standby(false);
    ASSERT_FALSE(commit);
    EXPECT_TRUE(in_doubt(commit.error())) << commit.error().message;
}

TEST_F(OnPostgres, APrimaryThatBecameAStandbyIsLeft) {
    Database database = open();
    ASSERT_TRUE(database.execute_as_it_stands("SET default_transaction_read_only = on"));
    const Status write = database.run("INSERT INTO note (body) VALUES ('a')");
    ASSERT_FALSE(write);
    EXPECT_EQ(write.error().code, ErrorCode::unavailable);
    EXPECT_FALSE(database.usable());
}

TEST_F(OnPostgres, OneWriterHoldsOffTheOthersAndSeveralDoNot) {
    Database first = open();
    Database second = open({.lock_timeout = milliseconds(1)});
    {
        auto alone = Transaction::begin(first);
        ASSERT_TRUE(alone);
        EXPECT_EQ(Transaction::begin(second).error().code, ErrorCode::timeout);
        EXPECT_TRUE(second.usable());
        EXPECT_TRUE(Transaction::begin(second, Writers::several));
    }
    ASSERT_TRUE(first.run("INSERT INTO note (body) VALUES ('a'), ('b')"));
    constexpr std::string_view kTake = "SELECT body FROM note ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";
    auto one = Transaction::begin(first, Writers::several);
    auto other = Transaction::begin(second, Writers::several);
    Statement* mine = *first.cached(kTake);
    Statement* theirs = *second.cached(kTake);
    ASSERT_TRUE(*mine->step());
    ASSERT_TRUE(*theirs->step());
    EXPECT_EQ(mine->text(0) + theirs->text(0), "ab");
}

TEST_F(OnPostgres, ADeadlockAsksToTryAgain) {
    const ConnectOptions patient{.lock_timeout = milliseconds(60'000)};
    Database first = open(patient);
    Database second = open(patient);
    ASSERT_TRUE(first.run("INSERT INTO note (body) VALUES ('a'), ('b')"));
    auto one = Transaction::begin(first, Writers::several);
    auto other = Transaction::begin(second, Writers::several);
    ASSERT_TRUE(first.run("UPDATE note SET body = 'a1' WHERE id = 1"));
    ASSERT_TRUE(second.run("UPDATE note SET body = 'b2' WHERE id = 2"));
    Status crossed;
    std::jthread thread([&] { crossed = second.run("UPDATE note SET body = 'a2' WHERE id = 1"); });
    const Status mine = first.run("UPDATE note SET body = 'b1' WHERE id = 2");
    {
        const Transaction ended = *std::move(one);
    }  // lets the other one go on
    thread.join();
    EXPECT_NE(mine.has_value(), crossed.has_value());
    EXPECT_EQ((mine ? crossed : mine).error().code, ErrorCode::timeout);
}

TEST_F(OnPostgres, TellsListenersOnceForATransaction) {
    Database listener = open();
    Database teller = open();
    ASSERT_TRUE(listener.listen("swarm"));
    auto transaction = Transaction::begin(teller);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(teller.notify("swarm"));
    EXPECT_FALSE(*listener.wait_notification(milliseconds(10)));
    ASSERT_TRUE(transaction->commit());
    EXPECT_TRUE(*listener.wait_notification(milliseconds(30'000)));
    EXPECT_FALSE(*listener.wait_notification(milliseconds(1)));
    EXPECT_EQ(teller.notify("x; DROP TABLE note").error().code, ErrorCode::internal);
    EXPECT_EQ(teller.listen("").error().code, ErrorCode::internal);
}

TEST_F(OnPostgres, RefusesATextWithAZeroByteOrThatIsNoUtf8) {
    Database database = open();
    for (const std::string& text : {std::string("a\0b", 3), std::string("\xff")}) {
        const Status put = database.run("INSERT INTO note (body) VALUES (?)", text);
        ASSERT_FALSE(put);
        EXPECT_EQ(put.error().code, ErrorCode::invalid_argument) << put.error().message;
    }
}

constexpr std::array kSteps{
    Migration{.number = 1, .name = "one", .sql = "CREATE TABLE one (a INTEGER) STRICT", .down = "DROP TABLE one"},
    Migration{.number = 2,
              .name = "two",
              .sql = "CREATE TABLE two (a BLOB) STRICT",
              .postgres = "CREATE TABLE two (a BYTEA); CREATE FUNCTION two() RETURNS integer LANGUAGE sql STRICT AS "
                          "$$ SELECT 2 $$;",
              .down = "DROP TABLE two",
              .postgres_down = "DROP FUNCTION two; DROP TABLE two"}};

TEST_F(OnPostgres, StepsGoUpAndDown) {
    Database database = open();
    ASSERT_TRUE(migrate(database, "set", kSteps));
    EXPECT_TRUE(database.run("SELECT two() FROM two, one"));
    EXPECT_EQ(*last_step(database, "set"), 2U);
    ASSERT_TRUE(migrate_to(database, "set", kSteps, 0));
    EXPECT_EQ(*last_step(database, "set"), 0U);
    EXPECT_FALSE(database.run("SELECT two()"));
    EXPECT_TRUE(migrate(database, "set", kSteps));
    EXPECT_TRUE(migrate(database, "other", std::array{Migration{1, "x", "CREATE TABLE x (a INTEGER) STRICT"}}));
}

TEST_F(OnPostgres, ProgramsThatStartAtTheSameTimeDoNotCollide) {
    std::vector<std::jthread> programs;
    for (int i = 0; i < 8; ++i) {
        programs.emplace_back([this] {
            Database database = open();
            const Status status = migrate(database, "set", kSteps);
            EXPECT_TRUE(status) << status.error().message;
        });
    }
}

}  // namespace
}  // namespace ec::sql
