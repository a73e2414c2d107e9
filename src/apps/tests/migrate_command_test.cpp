#include "../migrate_command.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/identity/registry.hpp>
#include <ec/ledger/books.hpp>
#include <ec/sql/testing/postgres.hpp>
#include <ec/swarm/schema.hpp>
#include <sstream>

namespace ec::apps {
namespace {

using ledger::AccountKind;
using ledger::Credits;

class MigrateCommand : public ::testing::Test {
protected:
    void SetUp() override {
        ::unsetenv("DATABASE_URL");
        auto dir = TempDir::create();
        ASSERT_TRUE(dir);
        dir_.emplace(*std::move(dir));
    }
    /// A coordinator's database with money that was earned, set aside and paid.
    void fill_source() {
        sql::Database database = *sql::Database::open(file());
        ASSERT_TRUE(swarm::migrate_coordinator(database));
        auto transaction = sql::Transaction::begin(database);
        ledger::Books books(database);
        ASSERT_TRUE(books.open_account("mint", AccountKind::mint, std::nullopt));
        ASSERT_TRUE(books.open_account("ada", AccountKind::user, Credits::milli(0)));
        ASSERT_TRUE(books.open_account("bob", AccountKind::user, Credits::milli(0)));
        const ledger::Entry grant[] = {{"mint", Credits::milli(-5000)}, {"ada", Credits::milli(5000)}};
        ASSERT_TRUE(books.post("grant", "grant-1", grant, 1000));
        ASSERT_TRUE(books.hold("job-1", "ada", Credits::milli(900), 99'000));
        ASSERT_TRUE(books.pay("job-1", "task-1", "bob", Credits::milli(300), 2000));
        const auto token = identity::Registry(database).create_token({.account = "ada"}, 1000, "test");
        ASSERT_TRUE(token);
        ASSERT_TRUE(transaction->commit());
    }
    [[nodiscard]] std::filesystem::path file() const { return dir_->path() / "coordinator.db"; }
    int run(const MigrateOptions& options) {
        out_.str("");
        err_.str("");
        return run_migrate(options, out_, err_);
    }

    std::optional<TempDir> dir_;
    std::ostringstream out_;
    std::ostringstream err_;
};

TEST_F(MigrateCommand, MovesACoordinatorsDatabaseOnceAndKeepsTheSource) {
    const auto server = sql::testing::Postgres::of_this_program();
    if (!server) GTEST_SKIP() << server.error().message;
    fill_source();
    const std::string url = *(*server)->fresh();
    ASSERT_EQ(run({.from = dir_->path().string(), .to = url}), 0) << err_.str();
    EXPECT_TRUE(out_.str().starts_with("copied ")) << out_.str();
    for (auto& database : {std::make_shared<sql::Database>(*sql::Database::connect(url)),
                           std::make_shared<sql::Database>(*sql::Database::open(file()))}) {
        ledger::Books books(*database);
        EXPECT_TRUE(books.audit());
        EXPECT_EQ(books.account("ada")->balance, Credits::milli(4700));
        EXPECT_EQ(books.account("ada")->held, Credits::milli(600));
        EXPECT_EQ(books.account("bob")->balance, Credits::milli(300));
    }
    // The books go on there.
    sql::Database moved = *sql::Database::connect(url);
    {
        auto transaction = sql::Transaction::begin(moved);
        ledger::Books books(moved);
        EXPECT_FALSE(*books.pay("job-1", "task-1", "bob", Credits::milli(300), 2000));
        const auto paid = books.pay("job-1", "task-2", "bob", Credits::milli(600), 3000);
        ASSERT_TRUE(paid) << paid.error().message;
        EXPECT_TRUE(*paid);
        ASSERT_TRUE(transaction->commit());
    }
    // Not twice, and not over what a coordinator has written.
    EXPECT_EQ(run({.from = "sqlite:" + file().string(), .to = url}), 1);
    EXPECT_TRUE(err_.str().contains("not empty")) << err_.str();
    EXPECT_EQ(ledger::Books(moved).account("bob")->balance, Credits::milli(900));
}

TEST_F(MigrateCommand, SaysWhatIsWrong) {
    EXPECT_EQ(run({}), 2);
    EXPECT_EQ(run({.from = dir_->path().string()}), 2);                                                // no target
    EXPECT_EQ(run({.from = dir_->path().string(), .to = "postgresql://a:hunter2@127.0.0.1:1/x"}), 2);  // no source
    fill_source();
    EXPECT_EQ(run({.from = dir_->path().string(), .to = "postgresql://a:hunter2@127.0.0.1:1/x"}), 3);
    EXPECT_FALSE(err_.str().contains("hunter2"));
    EXPECT_EQ(run({.from = dir_->path().string(), .to = "mysql://b"}), 2);
    const auto server = sql::testing::Postgres::of_this_program();
    if (!server) return;
    ASSERT_TRUE(sql::Database::open(dir_->path() / "other.db"));
    EXPECT_EQ(run({.from = "sqlite:" + (dir_->path() / "other.db").string(), .to = *(*server)->fresh()}), 2);
    EXPECT_TRUE(err_.str().contains("no database of a coordinator")) << err_.str();
}

TEST_F(MigrateCommand, LeavesTheDatabaseOfARunningCoordinatorAlone) {
    fill_source();
    ASSERT_TRUE(std::filesystem::create_directory(dir_->path() / "run"));
    const UniqueFd coordinator(::open((dir_->path() / "run/coordinator.lock").c_str(), O_RDWR | O_CREAT, 0600));
    ASSERT_EQ(::flock(coordinator.get(), LOCK_EX), 0);
    for (const std::string& from : {dir_->path().string(), "sqlite:" + file().string()}) {
        EXPECT_EQ(run({.from = from, .to = "postgresql://a@127.0.0.1:1/x"}), 1);
        EXPECT_TRUE(err_.str().contains("a coordinator runs on")) << err_.str();
    }
    EXPECT_EQ(run({.data_dir = dir_->path(), .down = "swarm=0"}), 1);
    ASSERT_EQ(run({.data_dir = dir_->path(), .status = true}), 0) << "to look does no harm";
    EXPECT_TRUE(out_.str().contains("swarm: step 1 of 1")) << out_.str();
}

TEST_F(MigrateCommand, TellsAndTakesBackSchemaSteps) {
    fill_source();
    ASSERT_EQ(run({.data_dir = dir_->path(), .status = true}), 0) << err_.str();
    EXPECT_TRUE(out_.str().contains("swarm: step 1 of 1")) << out_.str();
    ASSERT_EQ(run({.data_dir = dir_->path(), .down = "swarm=0"}), 0) << err_.str();
    ASSERT_EQ(run({.data_dir = dir_->path(), .status = true}), 0);
    EXPECT_TRUE(out_.str().contains("swarm: step 0 of 1")) << out_.str();
    for (const char* wrong : {"swarm", "swarm=", "swarm=x", "swarm=7", "nothing=0", "=1", "swarm=-1"})
        EXPECT_EQ(run({.data_dir = dir_->path(), .down = wrong}), 2) << wrong;
}

}  // namespace
}  // namespace ec::apps
