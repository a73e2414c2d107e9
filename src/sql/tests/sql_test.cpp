#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ec/core/fs.hpp>
#include <ec/sql/sql.hpp>

namespace ec::sql {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTable =
    "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL, size INTEGER CHECK (size >= 0), "
    "parent INTEGER REFERENCES note(id)) STRICT";

/// Runs `check` in a process that may write nothing it is not given; 0 when it holds.
template <class Check>
int as_nobody(Check check) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
        ::_exit(check() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Sql : public ::testing::Test {
protected:
    void SetUp() override {
        auto dir = TempDir::create();
        ASSERT_TRUE(dir);
        dir_.emplace(*std::move(dir));
    }
    [[nodiscard]] fs::path file() const { return dir_->path() / "store.db"; }
    [[nodiscard]] Database open() const {
        auto database = Database::open(file());
        EXPECT_TRUE(database) << database.error().message;
        return *std::move(database);
    }
    std::optional<TempDir> dir_;
};

TEST_F(Sql, GivesBackWhatWasBound) {
    Database database = open();
    ASSERT_TRUE(database.execute("CREATE TABLE t (a INTEGER, b TEXT, c BLOB, d INTEGER) STRICT"));
    const std::string hostile = "x'); DROP TABLE t; --\xc3\xa9\xe2\x82\xac";
    const std::string bytes("\0\xff\x01", 3);
    ASSERT_TRUE(database.run("INSERT INTO t VALUES (?, ?, ?, ?)", INT64_MIN, hostile, Blob{bytes},
                             std::optional<std::int64_t>()));
    EXPECT_EQ(database.changed_rows(), 1);
    auto rows = database.prepare("SELECT a, b, c, d FROM t WHERE b = ?1");
    ASSERT_TRUE(rows);
    ASSERT_TRUE(rows->bind(hostile));
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->integer(0), INT64_MIN);
    EXPECT_EQ(rows->text(1), hostile);
    EXPECT_EQ(rows->text(2), bytes);
    EXPECT_TRUE(rows->is_null(3));
    EXPECT_EQ(rows->integer(3), 0);
    EXPECT_FALSE(*rows->step());
}

TEST_F(Sql, AnEmptyTextIsNoNull) {
    Database database = open();
    ASSERT_TRUE(database.execute(kTable));
    EXPECT_TRUE(database.run("INSERT INTO note (body) VALUES (?)", std::string_view()));
}

TEST_F(Sql, RefusesAnotherNumberOfValuesThanParameters) {
    Database database = open();
    ASSERT_TRUE(database.execute(kTable));
    EXPECT_EQ(database.run("INSERT INTO note (body) VALUES (?)").error().code, ErrorCode::internal);
    EXPECT_EQ(database.run("INSERT INTO note (body) VALUES (?)", "a", "b").error().code, ErrorCode::internal);
}

TEST_F(Sql, RefusesMoreThanOneStatementAtOnce) {
    Database database = open();
    EXPECT_FALSE(database.prepare("SELECT 1; DROP TABLE x"));
    EXPECT_FALSE(database.prepare(""));
    EXPECT_FALSE(database.prepare("SELEKT 1"));
    EXPECT_TRUE(database.prepare("SELECT 1;\n"));
}

TEST_F(Sql, HoldsTablesToTypesChecksAndForeignKeys) {
    Database database = open();
    ASSERT_TRUE(database.execute(kTable));
    EXPECT_EQ(database.run("INSERT INTO note (body, size) VALUES ('a', 'many')").error().code, ErrorCode::conflict);
    EXPECT_EQ(database.run("INSERT INTO note (body, size) VALUES ('a', -1)").error().code, ErrorCode::conflict);
    EXPECT_EQ(database.run("INSERT INTO note (body, parent) VALUES ('a', 7)").error().code, ErrorCode::conflict);
}

TEST_F(Sql, ATransactionThatIsNotCommittedLeavesNothing) {
    Database database = open();
    ASSERT_TRUE(database.execute(kTable));
    {
        auto transaction = Transaction::begin(database);
        ASSERT_TRUE(transaction);
        ASSERT_TRUE(database.run("INSERT INTO note (body) VALUES ('lost')"));
    }
    {
        auto transaction = Transaction::begin(database);
        ASSERT_TRUE(transaction);
        ASSERT_TRUE(database.run("INSERT INTO note (body) VALUES ('kept')"));
        ASSERT_TRUE(transaction->commit());
        EXPECT_FALSE(transaction->commit());
    }
    auto rows = database.prepare("SELECT body FROM note");
    ASSERT_TRUE(*rows->step());
    EXPECT_EQ(rows->text(0), "kept");
    EXPECT_FALSE(*rows->step());
}

TEST_F(Sql, TheFileAndItsCompanionsAreForTheirOwnerOnly) {
    const mode_t before = ::umask(0);
    Database database = open();
    ASSERT_TRUE(database.execute(kTable));
    ::umask(before);
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat info{};
        ASSERT_EQ(::stat((file().string() + suffix).c_str(), &info), 0) << suffix;
        EXPECT_EQ(info.st_mode & 0777U, 0600U) << suffix;
    }
}

TEST_F(Sql, SaysThatAFileIsNoDatabase) {
    ASSERT_TRUE(write_file_atomic(file(), std::string(8192, 'x')));
    const auto database = Database::open(file());
    ASSERT_FALSE(database);
    EXPECT_EQ(database.error().code, ErrorCode::corrupt);
    EXPECT_NE(database.error().message.find("store.db"), std::string::npos);
}

TEST_F(Sql, SaysThatAPageIsDamaged) {
    {
        Database database = open();
        ASSERT_TRUE(database.execute(kTable));
        ASSERT_TRUE(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    auto bytes = read_file(file());
    ASSERT_TRUE(bytes);
    for (std::size_t i = 100; i < bytes->size(); ++i) (*bytes)[i] = static_cast<char>(0xa5);
    ASSERT_TRUE(write_file_atomic(file(), *bytes));
    auto database = Database::open(file());
    Status status = database ? database->run("INSERT INTO note (body) VALUES ('a')") : Status(fail(database.error()));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::corrupt);
}

TEST_F(Sql, SaysThatAFolderIsMissing) {
    EXPECT_EQ(Database::open(dir_->path() / "nowhere/store.db").error().code, ErrorCode::not_found);
    EXPECT_FALSE(Database::open(""));
    EXPECT_FALSE(Database::open(dir_->path()));
}

TEST_F(Sql, SaysThatAFolderOrAFileMayNotBeWritten) {
    {
        ASSERT_TRUE(open().execute(kTable));
    }
    ASSERT_EQ(::chmod(file().c_str(), 0444), 0);
    ASSERT_EQ(::chmod(dir_->path().c_str(), 0555), 0);
    const std::filesystem::path other = dir_->path() / "other.db";
    EXPECT_EQ(as_nobody([&] { return Database::open(other).error().code == ErrorCode::denied; }), 0);
    EXPECT_EQ(as_nobody([&] {
                  auto database = Database::open(file());
                  return !database && database.error().code == ErrorCode::denied;
              }),
              0);
    ::chmod(dir_->path().c_str(), 0700);
}

TEST_F(Sql, DoesNotFollowALinkThatStandsWhereTheFileShould) {
    fs::create_symlink(dir_->path() / "elsewhere.db", file());
    EXPECT_FALSE(Database::open(file()));
    EXPECT_FALSE(fs::exists(dir_->path() / "elsewhere.db"));
}

TEST_F(Sql, WaitsNoLongerThanTheBusyTimeout) {
    Database first = open();
    ASSERT_TRUE(first.execute(kTable));
    auto second = Database::open(file(), {.busy_timeout = std::chrono::milliseconds(1)});
    ASSERT_TRUE(second);
    auto held = Transaction::begin(first);
    ASSERT_TRUE(held);
    EXPECT_EQ(Transaction::begin(*second).error().code, ErrorCode::timeout);
    ASSERT_TRUE(held->commit());
    EXPECT_TRUE(Transaction::begin(*second));
}

TEST_F(Sql, ARefusedStatementCanBeUsedAgain) {
    Database database = open();
    ASSERT_TRUE(database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT"));
    auto insert = database.prepare("INSERT INTO t VALUES (?)");
    ASSERT_TRUE(insert);
    EXPECT_TRUE(insert->run(1));
    EXPECT_EQ(insert->run(1).error().code, ErrorCode::conflict);
    EXPECT_TRUE(insert->run(2));
}

}  // namespace
}  // namespace ec::sql
