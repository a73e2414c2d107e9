// Stores that fail, or are lost, at every write of a job's life, and processes that are killed while they write.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <ec/core/fd.hpp>
#include <ec/swarm/writer.hpp>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

// --- every write fails once

constexpr std::string_view kTablesSqlite =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('fault', 'sqlite_sequence') AND "
    "name NOT LIKE 'schema_step%'";
constexpr std::string_view kTablesPostgres =
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'fault' AND "
    "tablename NOT LIKE 'schema_step%'";
// Refuses, or ends the server's process that serves this connection.
constexpr std::string_view kFaultPostgres = R"sql(
CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    left_over BIGINT;
BEGIN
    UPDATE fault SET count = count - 1 RETURNING count INTO left_over;
    IF left_over = 0 AND (SELECT cut FROM fault) = 1 THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
    ELSIF left_over = 0 THEN
        RAISE EXCEPTION 'a fault of the test';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$)sql";

/// Triggers that count the writes to every table, and refuse the one that brings the count to zero.
Status arm(sql::Database& database) {
    EC_TRY(
        database.execute("CREATE TABLE fault (count INTEGER NOT NULL, cut INTEGER NOT NULL) STRICT; "
                         "INSERT INTO fault VALUES (0, 0)"));
    const bool postgres = database.dialect() == sql::Dialect::postgres;
    if (postgres) EC_TRY(database.execute_as_it_stands(kFaultPostgres));
    std::vector<std::string> tables;
    {
        EC_ASSIGN(sql::Statement rows, database.prepare(postgres ? kTablesPostgres : kTablesSqlite));
        for (;;) {
            EC_ASSIGN(const bool row, rows.step());
            if (!row) break;
            tables.push_back(rows.text(0));
        }
    }
    for (const std::string& table : tables) {
        for (const char* change : {"INSERT", "UPDATE", "DELETE"}) {
            const std::string when = fmt::format("CREATE TRIGGER fault_{0}_{1} BEFORE {1} ON {0}", table, change);
            EC_TRY(database.execute(postgres ? when + " FOR EACH ROW EXECUTE FUNCTION fault()"
                                             : when + " BEGIN UPDATE fault SET count = count - 1; "
                                                      "SELECT RAISE(ABORT, 'a fault of the test') FROM fault "
                                                      "WHERE count = 0; END"));
        }
    }
    return {};
}

/// The life of two jobs: checks, a lie, a heartbeat, an expired lease, a cancellation.
std::vector<std::function<Status(QueueBed&)>> life() {
    struct Told {
        JobId first, second;
        std::vector<Lease> leases;
    };
    const auto told = std::make_shared<Told>();
    const auto claims = [told](const char* worker) {
        return [told, worker](QueueBed& bed) -> Status {
            EC_ASSIGN(const auto leases,
                      bed.within([&] { return bed.queue->claim(node_named(worker), any_offer(), 1); }));
            if (leases.size() != 1) return fail(ErrorCode::internal, fmt::format("{} got nothing", worker));
            told->leases.push_back(leases[0]);
            return {};
        };
    };
    const auto reports = [told](const char* worker, Outcome outcome) {
        return [told, worker, outcome](QueueBed& bed) -> Status {
            EC_TRY(bed.report(node_named(worker), told->leases.back(), outcome, outcome == Outcome::solved ? "r" : ""));
            return {};
        };
    };
    return {
        [told](QueueBed& bed) -> Status {
            NewTask last = task_of("b", TaskKind::merge);
            last.after = {"a"};
            NewJob job = job_of({task_of("a", TaskKind::subtask), last}, Verification::always);
            job.kind = JobKind::split;
            EC_ASSIGN(const Submitted submitted, bed.submit(job, "ann", "key-1"));
            told->first = submitted.job;
            return {};
        },
        claims("w1"),
        [told](QueueBed& bed) -> Status {
            const std::vector<Held> held{
                {.task = told->leases.back().task, .fence = told->leases.back().fence, .progress = "p"}};
            EC_TRY(bed.within([&] { return bed.queue->renew(node_named("w1").id, held); }));
            return {};
        },
        reports("w1", Outcome::solved),
        claims("w2"),
        reports("w2", Outcome::rejected),
        claims("w3"),
        reports("w3", Outcome::rejected),
        claims("w2"),
        reports("w2", Outcome::solved),
        claims("w3"),
        reports("w3", Outcome::passed),
        claims("w2"),
        [](QueueBed& bed) -> Status {
            // Where rows are made older for it, that is no change of the queue's.
            if (!bed.own_clock) EC_TRY(bed.within([&] { return bed.database->run("UPDATE fault SET count = 0"); }));
            bed.advance(90'001);
            return {};
        },
        [](QueueBed& bed) -> Status {
            EC_TRY(bed.within([&] { return bed.queue->sweep(10); }));
            return {};
        },
        claims("w3"),
        reports("w3", Outcome::solved),
        claims("w2"),
        reports("w2", Outcome::passed),
        [told](QueueBed& bed) -> Status {
            EC_ASSIGN(const Submitted submitted, bed.submit(job_of({task_of("c"), task_of("d")}), "bob", "key-1"));
            told->second = submitted.job;
            return {};
        },
        claims("w2"),
        [told](QueueBed& bed) -> Status { return bed.within([&] { return bed.queue->cancel("bob", told->second); }); },
        [told](QueueBed& bed) -> Status {
            EXPECT_EQ(bed.state(told->first, "ann"), State::done);
            EXPECT_EQ(bed.state(told->second, "bob"), State::cancelled);
            return {};
        },
    };
}

/// At the `count`th write from now on; 0: never.
void set_fault(QueueBed& bed, std::int64_t count, bool cut = false) {
    ASSERT_TRUE(bed.within([&] { return bed.database->run("UPDATE fault SET count = ?1, cut = ?2", count, cut); }));
}

void expect_each_was_paid_once(QueueBed& bed, std::int64_t nth) {
    EXPECT_EQ(bed.balance("w1"), 0) << nth;
    EXPECT_EQ(bed.balance("w2"), 1000 + 100 + 100) << nth;
    EXPECT_EQ(bed.balance("w3"), 1000 + 100 + 100) << nth;
    EXPECT_EQ(bed.held("ann") + bed.held("bob"), 0) << nth;
    EXPECT_TRUE(bed.books->audit()) << nth;
}

TEST(QueueFaults, AChangeThatFailedAtAnyWriteHappensWholeWhenItIsMadeAgain) {
    int faults = 0;
    for (std::int64_t nth = 1; !HasFailure(); ++nth) {
        auto made = QueueBed::make(StoreKind::memory);
        ASSERT_TRUE(made);
        QueueBed& bed = **made;
        const Status armed = arm(*bed.database);
        ASSERT_TRUE(armed) << armed.error().message;
        set_fault(bed, nth);
        bool failed = false;
        for (const auto& step : life()) {
            Status status = step(bed);
            if (!status && !failed) {
                failed = true;
                ++faults;
                set_fault(bed, 0);
                status = step(bed);
            }
            ASSERT_TRUE(status) << nth << ": " << status.error().message;
        }
        expect_each_was_paid_once(bed, nth);
        if (!failed) break;
    }
    EXPECT_GT(faults, 100) << "it failed at too few places";
}

/// One life, in which each change fails at each of its writes before it succeeds; how often it failed. `cut`: the
/// connection is lost there, and made anew.
int fail_at_each_write(QueueBed& bed, bool cut) {
    int faults = 0;
    for (const auto& step : life()) {
        for (std::int64_t nth = 1;; ++nth) {
            set_fault(bed, nth, cut);
            const Status status = step(bed);
            const bool lost = !bed.database->usable();
            EXPECT_EQ(!status && cut, lost) << "a connection is lost, or not, as it was told to be";
            if (lost) {
                const Status back = bed.connect_again();
                EXPECT_TRUE(back) << back.error().message;
            }
            if (status || ::testing::Test::HasFailure()) break;
            ++faults;
        }
        if (::testing::Test::HasFailure()) break;
    }
    set_fault(bed, 0);
    return faults;
}

class QueueFaultsOnAStore : public OnEveryStore {};
INSTANTIATE_TEST_SUITE_P(Stores, QueueFaultsOnAStore, ::testing::Values(StoreKind::file, StoreKind::postgres),
                         store_name);

TEST_P(QueueFaultsOnAStore, AChangeThatIsRefusedAtEachOfItsWritesLeavesNothingBehind) {
    const Status armed = arm(*bed().database);
    ASSERT_TRUE(armed) << armed.error().message;
    const int faults = fail_at_each_write(bed(), false);
    EXPECT_GT(faults, 100) << "it failed at too few places";
    expect_each_was_paid_once(bed(), faults);
}

TEST(QueueFaults, AConnectionThatIsLostAtAnyWriteTakesTheWholeChangeWithIt) {
    auto made = QueueBed::make(StoreKind::postgres);
    if (!made && made.error().code == ErrorCode::unavailable) GTEST_SKIP() << made.error().message;
    ASSERT_TRUE(made) << made.error().message;
    QueueBed& bed = **made;
    const Status armed = arm(*bed.database);
    ASSERT_TRUE(armed) << armed.error().message;
    const int faults = fail_at_each_write(bed, true);
    EXPECT_GT(faults, 100) << "it failed at too few places";
    expect_each_was_paid_once(bed, faults);
}

// --- processes that are killed

/// A coordinator in a process of its own: submits, claims and completes through its writer, and says what it was told
/// was done, a line each, as soon as it was told.
[[noreturn]] void run_coordinator(const std::filesystem::path& file, int round, int out) {
    auto opened = sql::Database::open(file);
    if (!opened) ::_exit(2);
    auto writer = Writer::start([&file] { return sql::Database::open(file); }, {.group = 32});
    if (!writer) ::_exit(3);
    const auto say = [out](const std::string& line) { static_cast<void>(!::write(out, line.data(), line.size())); };
    const auto serve = [&](int thread) {
        const identity::Node worker = node_named(fmt::format("w{}", thread));
        Rng rng(static_cast<std::uint64_t>(round * 16 + thread));
        FixedPricing pricing;
        const auto with_queue = [&](const std::function<Status(Queue&)>& work) {
            return (*writer)->run([&](sql::Database& database) {
                ledger::Books books(database);
                ledger::Log log(database, "test/log", *crypto::SecretKey::parse(crypto::sha256("log key").hex()));
                Queue queue({.database = database,
                             .books = books,
                             .log = &log,
                             .pricing = pricing,
                             .now_ms = [&database] { return database.now_ms().value_or(0); },
                             .random = [&rng] { return rng.next(); }},
                            {});
                return work(queue);
            });
        };
        for (int i = 0;; ++i) {
            const std::string key = fmt::format("{}-{}-{}", round, thread, i);
            JobId job;
            Status status = with_queue([&](Queue& queue) -> Status {
                EC_ASSIGN(const Submitted submitted, queue.submit("ann", key, key, job_of({task_of("a")})));
                job = submitted.job;
                return {};
            });
            if (!status) ::_exit(4);
            say(fmt::format("job {}\n", job.text()));
            std::vector<Lease> leases;
            status = with_queue([&](Queue& queue) -> Status {
                EC_ASSIGN(leases, queue.claim(worker, any_offer(), 1));
                return {};
            });
            if (!status) ::_exit(5);
            for (const Lease& lease : leases) {
                Report report;
                report.task = lease.task;
                report.fence = lease.fence;
                report.outcome = Outcome::solved;
                report.result = "result";
                status = with_queue([&](Queue& queue) -> Status {
                    EC_TRY(queue.complete(worker, report));
                    return {};
                });
                if (!status) ::_exit(6);
                say(fmt::format("done {}\n", lease.job.text()));
            }
        }
    };
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) threads.emplace_back(serve, thread);
    threads.clear();
    ::_exit(7);
}

/// What processes said before they were killed.
struct Said {
    std::set<std::string> jobs, done;
};
/// Hears one of them, line by line.
class Ear {
public:
    explicit Ear(int in) : in_(in) {}
    /// Waits for more; false when there is none to come.
    bool hear(Said& said) {
        char bytes[4096];
        const ssize_t got = ::read(in_.get(), bytes, sizeof bytes);
        if (got <= 0) return false;
        text_.append(bytes, static_cast<std::size_t>(got));
        std::size_t from = 0;
        for (std::size_t end = 0; (end = text_.find('\n', from)) != std::string::npos; from = end + 1) {
            const std::string line = text_.substr(from, end - from);
            (line.starts_with("job ") ? said.jobs : said.done).insert(line.substr(line.find(' ') + 1));
        }
        text_.erase(0, from);
        return true;
    }

private:
    UniqueFd in_;
    std::string text_;
};

int rounds() {
    const char* wanted = std::getenv("EC_CRASH_ROUNDS");
    int count = 60;
    if (wanted != nullptr) std::from_chars(wanted, wanted + std::string_view(wanted).size(), count);
    return count;
}

TEST(QueueCrashes, KilledAtAnyInstantNoAcknowledgedJobIsLostAndNoneIsPaidTwice) {
    auto made = QueueBed::make(StoreKind::file);
    ASSERT_TRUE(made);
    QueueBed& bed = **made;
    bed.grant("ann", 1'000'000'000'000);
    const auto file = bed.folder->path() / "coordinator.db";
    Rng rng(20261127);
    Said said;
    for (int round = 0; round < rounds(); ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        Ear ear(ends[0]);
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(ends[0]);
            run_coordinator(file, round, ends[1]);
        }
        ::close(ends[1]);
        // After so many jobs, and then at a moment that falls anywhere in the next ones.
        const std::size_t enough = said.done.size() + rng.next() % 6;
        while (said.done.size() < enough && ear.hear(said)) continue;
        std::this_thread::sleep_for(std::chrono::microseconds(rng.next() % 40'000));
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        while (ear.hear(said)) continue;
        ASSERT_TRUE(WIFSIGNALED(status)) << "the coordinator ended by itself: " << WEXITSTATUS(status);
    }
    EXPECT_GT(said.done.size(), 20U) << "too little happened";
    for (const std::string& id : said.jobs)
        EXPECT_EQ(bed.number("SELECT COUNT(*) FROM job WHERE id = '" + id + "'"), 1) << id << " was lost";
    for (const std::string& id : said.done)
        EXPECT_EQ(bed.number("SELECT state FROM job WHERE id = '" + id + "'"), 4) << id << " is not done";
    const std::int64_t done = bed.number("SELECT COUNT(*) FROM task WHERE state = 4");
    std::int64_t paid = 0;
    for (int thread = 0; thread < 4; ++thread) paid += bed.balance(fmt::format("w{}", thread));
    EXPECT_EQ(paid, 1000 * done);
    EXPECT_EQ(bed.held("ann"), 1000 * bed.number("SELECT COUNT(*) FROM job WHERE state < 4"));
    EXPECT_EQ(bed.number("SELECT CAST(SUM(queued) AS BIGINT) FROM lane"),
              bed.number("SELECT COUNT(*) FROM task WHERE waits IS NOT NULL"));
    EXPECT_EQ(bed.number("SELECT (SELECT COUNT(*) FROM log_pending) + (SELECT COUNT(*) FROM log_leaf)"),
              bed.number("SELECT COUNT(*) FROM job") + done)
        << "what happened is in the log, once";
    const Status sound = bed.books->audit();
    EXPECT_TRUE(sound) << sound.error().message;
}

}  // namespace
}  // namespace ec::swarm
