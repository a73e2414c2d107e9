// Processes that are killed at any instant while eight threads write: what was acknowledged is on the disk, and nothing
// is there by halves.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ec/core/fs.hpp>
#include <ec/swarm/writer.hpp>
#include <random>
#include <set>
#include <thread>

namespace ec::swarm {
namespace {

constexpr int kRounds = 200;
constexpr int kThreads = 8;

/// Two rows that belong together; acknowledged by eight bytes in the pipe.
[[noreturn]] void write_for_ever(const std::filesystem::path& file, std::int64_t first, int pipe) {
    auto writer = Writer::start([&] { return sql::Database::open(file); });
    if (!writer) ::_exit(1);
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            for (std::int64_t id = first + thread;; id += kThreads) {
                const Status written = (*writer)->run([id](sql::Database& database) -> Status {
                    EC_TRY(database.run("INSERT INTO job (id) VALUES (?)", id));
                    return database.run("INSERT INTO pay (job) VALUES (?)", id);
                });
                if (!written || ::write(pipe, &id, sizeof id) != sizeof id) ::_exit(1);
            }
        });
    }
    threads.clear();
    ::_exit(1);
}

std::set<std::int64_t> numbers(sql::Database& database, std::string_view sql) {
    std::set<std::int64_t> found;
    auto rows = database.prepare(sql);
    for (auto row = rows->step(); row && *row; row = rows->step()) found.insert(rows->integer(0));
    return found;
}

TEST(WriterProcesses, WhatWasAcknowledgedIsThereAfterAKillAtAnyInstant) {
    auto dir = TempDir::create();
    ASSERT_TRUE(dir);
    const auto file = dir->path() / "store.db";
    ASSERT_TRUE(
        sql::Database::open(file)->execute("CREATE TABLE job (id INTEGER PRIMARY KEY) STRICT;"
                                           "CREATE TABLE pay (job INTEGER PRIMARY KEY) STRICT"));
    std::mt19937 random(20261127);
    std::set<std::int64_t> acknowledged;
    std::int64_t first = 1;
    for (int round = 0; round < kRounds; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        if (child == 0) write_for_ever(file, first, ends[1]);
        ::close(ends[1]);
        std::int64_t id = 0;
        std::int64_t last = first;
        const auto take = [&] {
            if (::read(ends[0], &id, sizeof id) != sizeof id) return false;
            last = std::max(last, id);
            return acknowledged.insert(id).second;
        };
        // After so many acknowledgements, and then a moment that falls anywhere in the next commits.
        for (auto left = random() % 20; left > 0; --left) ASSERT_TRUE(take());
        pollfd quiet{.fd = -1, .events = 0, .revents = 0};
        ::poll(&quiet, 1, static_cast<int>(random() % 4));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        while (take()) continue;
        ::close(ends[0]);
        first = last + kThreads * kThreads;  // beyond what was written and not acknowledged
    }
    sql::Database database = *sql::Database::open(file);
    const auto jobs = numbers(database, "SELECT id FROM job");
    EXPECT_EQ(jobs, numbers(database, "SELECT job FROM pay"));
    EXPECT_GT(acknowledged.size(), static_cast<std::size_t>(kRounds));
    for (const std::int64_t id : acknowledged) EXPECT_TRUE(jobs.contains(id)) << id;
    auto check = database.prepare("PRAGMA integrity_check");
    ASSERT_TRUE(*check->step());
    EXPECT_EQ(check->text(0), "ok");
}

/// Writes until the disk is full, and goes on when it no longer is; how many changes were acknowledged, or -1.
int fill_the_disk(const std::filesystem::path& file) {
    ::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit fails then, as on a full disk
    auto writer = Writer::start([&] { return sql::Database::open(file); });
    if (!writer) return -1;
    const auto insert = [&](std::int64_t id) {
        return (*writer)->run([id](sql::Database& database) -> Status {
            EC_TRY(database.run("INSERT INTO job (id) VALUES (?)", id));
            return database.run("INSERT INTO pay (job, note) VALUES (?, ?)", id, std::string(5000, 'x'));
        });
    };
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = std::exchange(limit.rlim_cur, 400'000);
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int acknowledged = 0;
    Status status;
    while ((status = insert(acknowledged + 1)) && acknowledged < 1000) ++acknowledged;
    if (status || status.error().code != ErrorCode::io || insert(5000)) return -1;
    limit.rlim_cur = before;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return insert(acknowledged + 1) ? acknowledged + 1 : -1;
}

TEST(WriterProcesses, AFullDiskIsSaidAndNothingIsThereByHalves) {
    auto dir = TempDir::create();
    ASSERT_TRUE(dir);
    const auto file = dir->path() / "store.db";
    ASSERT_TRUE(
        sql::Database::open(file)->execute("CREATE TABLE job (id INTEGER PRIMARY KEY) STRICT;"
                                           "CREATE TABLE pay (job INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT"));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const int acknowledged = fill_the_disk(file);
        ::_exit(::write(ends[1], &acknowledged, sizeof acknowledged) == sizeof acknowledged ? 0 : 1);
    }
    ::close(ends[1]);
    int acknowledged = -1;
    ASSERT_EQ(::read(ends[0], &acknowledged, sizeof acknowledged), static_cast<ssize_t>(sizeof acknowledged));
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    EXPECT_GT(acknowledged, 1);
    sql::Database database = *sql::Database::open(file);
    const auto jobs = numbers(database, "SELECT id FROM job");
    EXPECT_EQ(jobs, numbers(database, "SELECT job FROM pay"));
    EXPECT_EQ(jobs.size(), static_cast<std::size_t>(acknowledged));
}

}  // namespace
}  // namespace ec::swarm
