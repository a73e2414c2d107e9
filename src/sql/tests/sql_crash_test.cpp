// Several processes on one database, and processes that are killed while they write.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ec/core/fs.hpp>
#include <ec/sql/sql.hpp>

namespace ec::sql {
namespace {

constexpr int kRounds = 50;

/// Runs `work` in a process of its own; its result is the exit status.
template <class Work>
pid_t in_child(Work work) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work() ? 0 : 1);
    return child;
}

int status_of(pid_t child) {
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
}

bool count_up(const std::filesystem::path& file) {
    auto database = Database::open(file, {.busy_timeout = std::chrono::seconds(60)});
    if (!database) return false;
    for (int i = 0; i < kRounds; ++i) {
        auto transaction = Transaction::begin(*database);
        if (!transaction) return false;
        auto read = database->prepare("SELECT value FROM counter");
        if (!read || !read->step()) return false;
        const std::int64_t value = read->integer(0);
        if (!database->run("UPDATE counter SET value = ?", value + 1)) return false;
        if (!transaction->commit()) return false;
    }
    return true;
}

std::int64_t value_in(const std::filesystem::path& file, std::string_view sql) {
    auto database = Database::open(file);
    EXPECT_TRUE(database) << database.error().message;
    auto rows = database->prepare(sql);
    EXPECT_TRUE(rows);
    EXPECT_TRUE(*rows->step());
    return rows->integer(0);
}

TEST(SqlProcesses, TwoThatCountTogetherLoseNoStep) {
    auto dir = TempDir::create();
    ASSERT_TRUE(dir);
    const auto file = dir->path() / "store.db";
    {
        auto database = Database::open(file);
        ASSERT_TRUE(
            database->execute("CREATE TABLE counter (value INTEGER NOT NULL) STRICT; INSERT INTO counter VALUES (0)"));
    }
    const pid_t first = in_child([&] { return count_up(file); });
    const pid_t second = in_child([&] { return count_up(file); });
    EXPECT_EQ(status_of(first), 0);
    EXPECT_EQ(status_of(second), 0);
    EXPECT_EQ(value_in(file, "SELECT value FROM counter"), 2 * kRounds);
}

// The child moves one from one side to the other for ever, telling after each commit; it is killed without warning,
// usually inside a transaction. What was told is there, and the sum holds.
TEST(SqlProcesses, OneThatIsKilledInATransactionLeavesOnlyWholeOnes) {
    auto dir = TempDir::create();
    ASSERT_TRUE(dir);
    const auto file = dir->path() / "store.db";
    {
        auto database = Database::open(file);
        ASSERT_TRUE(
            database->execute("CREATE TABLE side (name TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT;"
                              "INSERT INTO side VALUES ('left', 1000000), ('right', 0)"));
    }
    std::int64_t told = 0;
    for (int round = 0; round < 10; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = in_child([&] {
            auto database = Database::open(file);
            if (!database) return false;
            for (;;) {
                auto transaction = Transaction::begin(*database);
                if (!transaction) return false;
                if (!database->run("UPDATE side SET amount = amount - 1 WHERE name = 'left'")) return false;
                if (!database->run("UPDATE side SET amount = amount + 1 WHERE name = 'right'")) return false;
                if (!transaction->commit() || ::write(ends[1], "x", 1) != 1) return false;
            }
        });
        ::close(ends[1]);
        char byte = 0;
        for (int i = 0; i <= round; ++i) told += ::read(ends[0], &byte, 1) == 1 ? 1 : 0;
        ::kill(child, SIGKILL);
        status_of(child);
        while (::read(ends[0], &byte, 1) == 1) ++told;
        ::close(ends[0]);
        EXPECT_EQ(value_in(file, "SELECT sum(amount) FROM side"), 1000000);
        const std::int64_t moved = value_in(file, "SELECT amount FROM side WHERE name = 'right'");
        EXPECT_GE(moved, told);
        EXPECT_LE(moved, told + round + 1);  // committed and killed before it could tell
    }
    auto database = Database::open(file);
    auto check = database->prepare("PRAGMA integrity_check");
    ASSERT_TRUE(*check->step());
    EXPECT_EQ(check->text(0), "ok");
}

// The same at a point that is certain: inside, after the writes and before the commit.
TEST(SqlProcesses, OneThatIsKilledBeforeItsCommitLeavesNothingOfIt) {
    auto dir = TempDir::create();
    const auto file = dir->path() / "store.db";
    {
        auto database = Database::open(file);
        ASSERT_TRUE(database->execute("CREATE TABLE t (a INTEGER) STRICT"));
    }
    const pid_t child = in_child([&] {
        auto database = Database::open(file);
        auto transaction = Transaction::begin(*database);
        if (!database->run("INSERT INTO t VALUES (1)")) return false;
        ::kill(::getpid(), SIGKILL);
        return true;
    });
    EXPECT_TRUE(WIFSIGNALED(status_of(child)));
    EXPECT_EQ(value_in(file, "SELECT count(*) FROM t"), 0);
}

}  // namespace
}  // namespace ec::sql
