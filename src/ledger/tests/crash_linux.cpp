// Books and log whose process is killed at every write, and that run out of disk at every size.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <ec/sql/testing/killed_at_write_linux.hpp>
#include <fstream>

#include "log_fixture.hpp"

namespace ec::ledger {
namespace {

namespace fs = std::filesystem;
using sql::testing::killed_at_write;

constexpr int kTasks = 4;
constexpr std::int64_t kPrice = 1000;

/// Of a database in a file, for one process.
struct Ledger {
    sql::Database database;
    Books books{database};
    Log log{database, std::string(kOrigin), *crypto::SecretKey::parse(kSeed)};
};

std::unique_ptr<Ledger> open_store(const fs::path& file) {
    auto database = sql::Database::open(file);
    EXPECT_TRUE(database) << database.error().message;
    return std::unique_ptr<Ledger>(new Ledger{*std::move(database)});
}

/// What a coordinator does for a task: sets aside, pays, gives back and logs, in one transaction.
Status settle(Ledger& store, int task) {
    const std::string name = fmt::format("task-{}", task);
    EC_ASSIGN(sql::Transaction transaction, sql::Transaction::begin(store.database));
    EC_TRY(store.books.hold(name, "alice", Credits::milli(kPrice + 1), 0));
    EC_ASSIGN(const bool paid, store.books.pay(name, name, "bob", Credits::milli(kPrice), 0));
    EC_TRY(store.books.release(name));
    if (paid) EC_TRY(store.log.append(name, 0));
    return transaction.commit();
}

std::int64_t count(Ledger& store, std::string_view query) {
    auto rows = store.database.prepare(query);
    EXPECT_TRUE(rows && *rows->step()) << query;
    return rows ? rows->integer(0) : -1;
}

/// The books balance, and what bob has is what was logged.
std::int64_t expect_sound(Ledger& store) {
    const Status sound = store.books.audit();
    EXPECT_TRUE(sound) << sound.error().message;
    const std::int64_t tasks = store.books.account("bob")->balance.milli() / kPrice;
    EXPECT_EQ(store.books.account("bob")->balance.milli(), tasks * kPrice);
    EXPECT_EQ(store.books.account("alice")->balance.milli(), -tasks * kPrice);
    EXPECT_EQ(store.books.account("alice")->held.milli(), 0);
    EXPECT_EQ(count(store, "SELECT (SELECT count(*) FROM log_pending) + (SELECT count(*) FROM log_leaf)"), tasks);
    return tasks;
}

class Crash : public ::testing::Test {
protected:
    void SetUp() override {
        // A killed process leaves what it wrote, whether it was synced or not.
        if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
        auto dir = TempDir::create();
        ASSERT_TRUE(dir);
        dir_.emplace(*std::move(dir));
        auto store = open_store(fresh());
        ASSERT_TRUE(sql::migrate(store->database, "ledger", ledger_migrations()));
        ASSERT_TRUE(store->books.open_account("alice", AccountKind::user, std::nullopt));
        ASSERT_TRUE(store->books.open_account("bob", AccountKind::user, Credits()));
    }
    [[nodiscard]] fs::path fresh() const { return dir_->path() / "fresh.db"; }
    [[nodiscard]] fs::path told() const { return dir_->path() / "told"; }
    /// A database as SetUp() made it.
    [[nodiscard]] fs::path copy() const {
        const fs::path file = dir_->path() / "store.db";
        for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(file.string() + suffix);
        fs::remove(told());
        fs::copy_file(fresh(), file);
        return file;
    }
    /// Appends to what the process told the world.
    void tell(std::string_view text) const { std::ofstream(told(), std::ios::app) << text << std::flush; }
    [[nodiscard]] std::string what_was_told() const {
        auto text = read_file(told());
        return text ? *text : std::string();
    }

    std::optional<TempDir> dir_;
};

TEST_F(Crash, KilledAtEveryWriteTheBooksHoldWhatWasToldAndNothingTwice) {
    unsigned nth = 1;
    for (;; ++nth) {
        const fs::path file = copy();
        const bool killed = killed_at_write(nth, [&] {
            auto store = open_store(file);
            for (int task = 0; task < kTasks; ++task) {
                if (!settle(*store, task)) return false;
                tell("x");
            }
            return true;
        });
        const auto done = static_cast<std::int64_t>(what_was_told().size());
        auto store = open_store(file);
        const std::int64_t kept = expect_sound(*store);
        EXPECT_GE(kept, done) << nth;
        EXPECT_LE(kept, done + 1) << nth;
        for (int task = 0; task < kTasks; ++task) ASSERT_TRUE(settle(*store, task));
        EXPECT_EQ(expect_sound(*store), kTasks) << nth;
        if (!killed || HasFailure()) break;
    }
    EXPECT_GT(nth, 3U * kTasks) << "it was killed at too few places";
}

/// Every entry that the log serves.
std::vector<std::string> entries_of(Log& log, std::uint64_t size) {
    std::vector<std::string> entries;
    const auto bundle = log.tile(fmt::format("tile/entries/000.p/{}", size));
    EXPECT_TRUE(bundle);
    for (std::size_t at = 0; bundle && at + 2 <= bundle->size();) {
        const std::size_t length =
            static_cast<unsigned char>((*bundle)[at]) * 256U + static_cast<unsigned char>((*bundle)[at + 1]);
        entries.push_back(bundle->substr(at + 2, length));
        at += 2 + length;
    }
    return entries;
}

TEST_F(Crash, KilledAtEveryWriteTheLogContradictsNoCheckpointThatItShowed) {
    unsigned nth = 1;
    for (;; ++nth) {
        const fs::path file = copy();
        const bool killed = killed_at_write(nth, [&] {
            auto store = open_store(file);
            for (int task = 0; task < kTasks; ++task) {
                if (!settle(*store, task) || !store->log.integrate(10, 0)) return false;
                tell(*store->log.checkpoint() + "\f");
            }
            return true;
        });
        auto store = open_store(file);
        if (const auto kept = store->log.checkpoint()) tell(*kept + "\f");
        for (int task = kTasks; task-- > 0;) {
            ASSERT_TRUE(settle(*store, task));
            ASSERT_TRUE(store->log.integrate(10, 0));
            tell(*store->log.checkpoint() + "\f");
        }
        std::vector<crypto::Sha256Digest> leaves;
        for (const std::string& entry : entries_of(store->log, kTasks)) leaves.push_back(crypto::leaf_hash(entry));
        ASSERT_EQ(leaves.size(), static_cast<std::size_t>(kTasks)) << nth;
        const std::string shown = what_was_told();
        std::size_t checked = 0;
        for (std::size_t at = 0, end = 0; (end = shown.find('\f', at)) != std::string::npos; at = end + 1, ++checked) {
            const Checkpoint checkpoint =
                read_checkpoint(shown.substr(at, end - at), crypto::SecretKey::parse(kSeed)->public_key());
            ASSERT_LE(checkpoint.size, leaves.size());
            EXPECT_EQ(checkpoint.root, root_by_definition(std::span(leaves).first(checkpoint.size))) << nth;
        }
        EXPECT_GE(checked, static_cast<std::size_t>(kTasks));
        if (!killed || HasFailure()) break;
    }
    EXPECT_GT(nth, 6U * kTasks) << "it was killed at too few places";
}

bool set_file_limit(rlim_t bytes) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    limit.rlim_cur = bytes;
    return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

// A child, for the limit is the process's; 0: all was well, 1: it was not, 2: the disk was never full.
int run_out_of_disk(const fs::path& file, rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto store = open_store(file);
    bool failed = false;
    if (!set_file_limit(bytes)) return 1;
    for (int task = 0; task < kTasks; ++task) {
        const Status settled = settle(*store, task);
        const auto placed = store->log.integrate(10, 0);
        if (!settled && settled.error().code != ErrorCode::io) return 1;
        if (!placed && placed.error().code != ErrorCode::io) return 1;
        failed = failed || !settled || !placed;
        expect_sound(*store);
    }
    if (!set_file_limit(RLIM_INFINITY)) return 1;
    for (int task = 0; task < kTasks; ++task) {
        if (!settle(*store, task) || !store->log.integrate(10, 0)) return 1;
    }
    const bool whole = expect_sound(*store) == kTasks && entries_of(store->log, kTasks).size() == kTasks;
    if (::testing::Test::HasFailure() || !whole) return 1;
    return failed ? 0 : 2;
}

TEST_F(Crash, AFullDiskLeavesNothingHalfAndWorkGoesOnWhenThereIsRoom) {
    constexpr rlim_t kStep = 4096 + 512;
    int full = 0;
    for (rlim_t bytes = 0;; bytes += kStep) {
        const fs::path file = copy();
        const pid_t child = ::fork();
        if (child == 0) ::_exit(run_out_of_disk(file, bytes));
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFEXITED(status)) << bytes;
        ASSERT_NE(WEXITSTATUS(status), 1) << "with files of at most " << bytes << " bytes";
        if (WEXITSTATUS(status) == 2) break;
        ++full;
    }
    EXPECT_GT(full, 10);
}

}  // namespace
}  // namespace ec::ledger
