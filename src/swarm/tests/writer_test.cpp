#include <gtest/gtest.h>

#include <atomic>
#include <ec/core/fs.hpp>
#include <ec/sql/testing/postgres.hpp>
#include <ec/swarm/writer.hpp>
#include <future>
#include <latch>
#include <thread>

namespace ec::swarm {
namespace {

using sql::testing::Postgres;

constexpr std::string_view kTable = "CREATE TABLE done (id INTEGER NOT NULL UNIQUE, by INTEGER NOT NULL) STRICT";

Writer::Change insert(std::int64_t id, int by = 0) {
    return [=](sql::Database& database) -> Status {
        EC_ASSIGN(sql::Statement * statement, database.cached("INSERT INTO done (id, by) VALUES (?1, ?2)"));
        return statement->run(id, by);
    };
}

std::int64_t count(sql::Database& database) {
    auto rows = database.prepare("SELECT count(*) FROM done");
    auto row = rows->step();
    EXPECT_TRUE(row) << row.error().message;
    return row ? rows->integer(0) : -1;
}

/// Holds the writer's thread in a change until it goes, so that what comes meanwhile waits in the queue.
class Gate {
public:
    explicit Gate(Writer& writer) {
        writer.submit(
            [this](sql::Database&) -> Status {
                entered_.count_down();
                opened_.wait();
                return {};
            },
            [](const Status&) {});
        entered_.wait();
    }
    void open() { opened_.count_down(); }

private:
    std::latch entered_{1};
    std::latch opened_{1};
};

class WriterOnFile : public ::testing::Test {
protected:
    void SetUp() override {
        auto dir = TempDir::create();
        ASSERT_TRUE(dir);
        dir_.emplace(*std::move(dir));
        ASSERT_TRUE(open().execute(kTable));
    }
    [[nodiscard]] sql::Database open() const { return *sql::Database::open(dir_->path() / "store.db"); }
    [[nodiscard]] std::unique_ptr<Writer> writer(WriterLimits limits = {}, Writer::Change before_commit = {}) const {
        return *Writer::start([file = dir_->path() / "store.db"] { return sql::Database::open(file); }, limits,
                              std::move(before_commit));
    }
    std::optional<TempDir> dir_;
};

TEST_F(WriterOnFile, CarriesThousandsOfChangesFromEightThreads) {
    constexpr int kThreads = 8;
    constexpr int kEach = 500;
    std::atomic<int> groups = 0;
    {
        const auto all = writer({}, [&](sql::Database&) -> Status {
            ++groups;
            return {};
        });
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < kThreads; ++thread) {
            threads.emplace_back([&, thread] {
                for (int i = 0; i < kEach; ++i) EXPECT_TRUE(all->run(insert(thread * kEach + i, thread)));
            });
        }
    }
    sql::Database database = open();
    EXPECT_EQ(count(database), kThreads * kEach);
    EXPECT_LT(groups, kThreads * kEach);
}

TEST_F(WriterOnFile, AChangeThatFailsDoesNotHurtItsNeighbours) {
    const auto all = writer();
    Gate gate(*all);
    std::vector<std::future<Status>> outcomes;
    for (const std::int64_t id : {1, 2, 1, 3, 2, 4}) {
        auto promise = std::make_shared<std::promise<Status>>();
        outcomes.push_back(promise->get_future());
        all->submit(insert(id), [promise](Status status) { promise->set_value(std::move(status)); });
    }
    gate.open();
    std::string seen;
    for (auto& outcome : outcomes) {
        const Status status = outcome.get();
        seen += status ? '.' : 'x';
        EXPECT_TRUE(status || status.error().code == ErrorCode::conflict);
    }
    EXPECT_EQ(seen, "..x.x.");
    sql::Database database = open();
    EXPECT_EQ(count(database), 4);
}

TEST_F(WriterOnFile, AChangeThatRefusesLeavesNothingOfIt) {
    const auto all = writer();
    const Status refused = all->run([](sql::Database& database) -> Status {
        EC_TRY(insert(7)(database));
        return fail(ErrorCode::denied, "not today");
    });
    EXPECT_EQ(refused.error().code, ErrorCode::denied);
    EXPECT_TRUE(all->run(insert(7)));
}

TEST_F(WriterOnFile, RefusesWhatIsTooManyAndFinishesTheRest) {
    std::atomic<int> good = 0;
    std::atomic<int> refused = 0;
    {
        const auto all = writer({.waiting = 10});
        Gate gate(*all);
        for (int i = 0; i < 15; ++i) {
            all->submit(insert(i), [&](const Status& status) {
                if (status) ++good;
                if (!status && status.error().code == ErrorCode::unavailable) ++refused;
            });
        }
        EXPECT_EQ(refused, 5);
        EXPECT_EQ(good, 0);
        gate.open();
    }
    EXPECT_EQ(good, 10);
    sql::Database database = open();
    EXPECT_EQ(count(database), 10);
}

TEST_F(WriterOnFile, AHookThatFailsFailsItsGroup) {
    bool refuse = true;
    const auto all = writer({}, [&](sql::Database&) -> Status {
        if (refuse) return fail(ErrorCode::io, "no");
        return {};
    });
    EXPECT_EQ(all->run(insert(1)).error().code, ErrorCode::io);
    refuse = false;
    EXPECT_TRUE(all->run(insert(1)));
}

class WriterOnPostgres : public ::testing::Test {
protected:
    void SetUp() override {
        const auto server = Postgres::of_this_program();
        if (!server) GTEST_SKIP() << server.error().message;
        server_ = *server;
        url_ = *server_->fresh();
        ASSERT_TRUE(sql::Database::connect(url_)->execute(kTable));
    }
    [[nodiscard]] std::unique_ptr<Writer> writer(WriterLimits limits = {}, Writer::Change before_commit = {}) const {
        return *Writer::start([url = url_] { return sql::Database::connect(url); }, limits, std::move(before_commit));
    }
    Postgres* server_ = nullptr;
    std::string url_;
};

TEST_F(WriterOnPostgres, AChangeThatFailsDoesNotHurtItsNeighbours) {
    const auto all = writer();
    Gate gate(*all);
    std::atomic<int> good = 0;
    std::atomic<int> bad = 0;
    std::latch answered(6);
    for (const std::int64_t id : {1, 2, 1, 3, 2, 4}) {
        all->submit(insert(id), [&](const Status& status) {
            ++(status ? good : bad);
            answered.count_down();
        });
    }
    gate.open();
    answered.wait();
    EXPECT_EQ(good, 4);
    EXPECT_EQ(bad, 2);
    sql::Database database = *sql::Database::connect(url_);
    EXPECT_EQ(count(database), 4);
}

TEST_F(WriterOnPostgres, TellsOnceForEachGroup) {
    sql::Database listener = *sql::Database::connect(url_);
    ASSERT_TRUE(listener.listen("swarm"));
    EXPECT_FALSE(*listener.wait_notification(std::chrono::milliseconds(1)));
    const auto all = writer({}, [](sql::Database& database) { return database.notify("swarm"); });
    ASSERT_TRUE(all->run(insert(1)));
    EXPECT_TRUE(*listener.wait_notification(std::chrono::seconds(30)));
    EXPECT_FALSE(*listener.wait_notification(std::chrono::milliseconds(1)));
}

TEST_F(WriterOnPostgres, GoesOnWhenTheDatabaseComesBack) {
    const auto all = writer({.between_connects = std::chrono::milliseconds(1)});
    ASSERT_TRUE(all->run(insert(1)));
    server_->stop(SIGQUIT);
    const Status away = all->run(insert(2));
    ASSERT_FALSE(away);
    EXPECT_TRUE(away.error().code == ErrorCode::unavailable || sql::in_doubt(away.error())) << away.error().message;
    ASSERT_TRUE(server_->start_again());
    const Status back = all->run(insert(3));
    ASSERT_TRUE(back) << back.error().message;
    // A restart that nobody's change fell into is not noticed at all.
    server_->stop(SIGINT);
    ASSERT_TRUE(server_->start_again());
    const Status later = all->run(insert(4));
    ASSERT_TRUE(later) << later.error().message;
    sql::Database database = *sql::Database::connect(url_);
    EXPECT_EQ(count(database), 3);
}

}  // namespace
}  // namespace ec::swarm
