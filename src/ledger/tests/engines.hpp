// The same case on each database: in a file, and on PostgreSQL where it is installed.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/ledger/books.hpp>
#include <ec/sql/sql.hpp>
#include <ec/sql/testing/postgres.hpp>
#include <memory>
#include <optional>
#include <string>

namespace ec::ledger {

/// An empty database with the schema of the ledger, and as many connections to it as are asked for.
class Store {
public:
    /// `unavailable` where there is no server of this kind.
    static Result<Store> make(sql::Dialect dialect) {
        // What is tested here outlives processes, not power cuts: let syncs cost nothing.
        if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
        Store store;
        if (dialect == sql::Dialect::postgres) {
            static const Result<std::unique_ptr<sql::testing::Postgres>> kServer = sql::testing::Postgres::start();
            if (!kServer) return fail(kServer.error());
            EC_ASSIGN(store.url_, (*kServer)->fresh());
        } else {
            EC_ASSIGN(TempDir dir, TempDir::create());
            store.dir_.emplace(std::move(dir));
        }
        EC_ASSIGN(sql::Database database, store.open());
        EC_TRY(sql::migrate(database, "ledger", ledger_migrations()));
        return store;
    }
    [[nodiscard]] Result<sql::Database> open() const {
        if (dir_) return sql::Database::open(dir_->path() / "ledger.db");
        return sql::Database::connect(url_);
    }

private:
    std::optional<TempDir> dir_;
    std::string url_;
};

class OnEveryEngine : public ::testing::TestWithParam<sql::Dialect> {
protected:
    void SetUp() override {
        Result<Store> store = Store::make(GetParam());
        if (!store && store.error().code == ErrorCode::unavailable) GTEST_SKIP() << store.error().message;
        ASSERT_TRUE(store) << store.error().message;
        store_.emplace(*std::move(store));
        database_.emplace(open());
    }
    [[nodiscard]] sql::Database open() const {
        auto database = store_->open();
        EXPECT_TRUE(database) << database.error().message;
        return *std::move(database);
    }

    std::optional<Store> store_;
    std::optional<sql::Database> database_;
};

#define EC_ON_EVERY_ENGINE(suite)                                                        \
    INSTANTIATE_TEST_SUITE_P(                                                            \
        Engines, suite, ::testing::Values(sql::Dialect::sqlite, sql::Dialect::postgres), \
        [](const auto& each) { return each.param == sql::Dialect::sqlite ? "Sqlite" : "Postgres"; })

}  // namespace ec::ledger
