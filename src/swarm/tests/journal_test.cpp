#include "journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ec/core/fs.hpp>

#include "blob_cache.hpp"

namespace ec::swarm {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Report report(const std::string& task, std::int64_t fence = 1, std::string result = "sealed \0 bytes") {
    Report out;
    out.task = TaskId::parse(task).value();
    out.fence = {fence};
    out.outcome = Outcome::solved;
    out.result = std::move(result);
    out.wall_ms = 5;
    return out;
}

class JournalTest : public ::testing::Test {
protected:
    [[nodiscard]] ResultJournal open() const { return ResultJournal::open(folder_.path() / "journal.db").value(); }
    TempDir folder_ = TempDir::create().value();
};

TEST_F(JournalTest, GivesBackWhatWasPutInOrder) {
    ResultJournal journal = open();
    ASSERT_TRUE(journal.put(report("task-2")).has_value());
    ASSERT_TRUE(journal.put(report("task-1")).has_value());
    ASSERT_TRUE(journal.put(report("task-2", 1, "later")).has_value());
    ASSERT_TRUE(journal.remove(TaskId::parse("nobody").value(), {1}).has_value());
    const auto all = journal.all().value();
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].task.text(), "task-1");
    EXPECT_EQ(all[1].result, "later");
    ASSERT_TRUE(journal.remove(all[0].task, all[0].fence).has_value());
    EXPECT_THAT(journal.all().value(), SizeIs(1));
}

TEST_F(JournalTest, KnowsWhatIsInHandUntilThereIsAResult) {
    const TaskId one = TaskId::parse("task-1").value(), two = TaskId::parse("task-2").value();
    {
        ResultJournal journal = open();
        for (const TaskId& task : {one, two}) ASSERT_TRUE(journal.begin(task, {3}).has_value());
        ASSERT_TRUE(journal.begin(one, {3}).has_value()) << "again is no error";
    }
    ResultJournal journal = open();
    ASSERT_THAT(journal.in_hand().value(), SizeIs(2));
    ASSERT_TRUE(journal.put(report("task-1", 3)).has_value());
    ASSERT_TRUE(journal.remove(two, {2}).has_value()) << "another lease of it";
    ASSERT_THAT(journal.in_hand().value(), SizeIs(1));
    EXPECT_EQ(journal.in_hand().value().front().task, two);
    ASSERT_TRUE(journal.remove(two, {3}).has_value());
    EXPECT_THAT(journal.in_hand().value(), IsEmpty());
    EXPECT_THAT(journal.all().value(), SizeIs(1));
}

TEST_F(JournalTest, HasAfterAKillWhatWasPut) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        auto journal = ResultJournal::open(folder_.path() / "journal.db");
        for (int i = 0;; ++i) {
            if (!journal || !journal->put(report("task-" + std::to_string(i)))) ::_exit(1);
            const char done = 'd';
            if (::write(pipe[1], &done, 1) != 1) ::_exit(1);
        }
    }
    int acknowledged = 0;
    for (char done = 0; acknowledged < 20 && ::read(pipe[0], &done, 1) == 1;) ++acknowledged;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(pipe[0]);
    ::close(pipe[1]);
    ASSERT_EQ(acknowledged, 20);
    EXPECT_GE(open().all().value().size(), 20U);
}

TEST_F(JournalTest, DropsAnEntryThatCannotBeReadAnyMore) {
    {
        ResultJournal journal = open();
        ASSERT_TRUE(journal.put(report("task-1")).has_value());
        auto database = sql::Database::open(folder_.path() / "journal.db").value();
        ASSERT_TRUE(database.run("INSERT INTO undelivered (task, fence, report) VALUES ('x', 1, '{\"nonsense\":')"));
    }
    EXPECT_THAT(open().all().value(), SizeIs(1));
    auto database = sql::Database::open(folder_.path() / "journal.db").value();
    auto rows = database.prepare("SELECT count(*) FROM undelivered").value();
    ASSERT_TRUE(rows.step().value());
    EXPECT_EQ(rows.integer(0), 1);
}

class BlobCacheTest : public ::testing::Test {
protected:
    BlobSource source() {
        return [this](const std::vector<BlobId>& ids) -> Result<std::vector<SealedBlob>> {
            asked_ += ids.size();
            std::vector<SealedBlob> out;
            for (const BlobId& id : ids)
                out.push_back({sends_other_ ? BlobId::parse("other").value() : id, "0123456789"});
            return out;
        };
    }
    static std::vector<BlobId> ids(std::initializer_list<const char*> names) {
        std::vector<BlobId> out;
        for (const char* name : names) out.push_back(BlobId::parse(name).value());
        return out;
    }
    TempDir folder_ = TempDir::create().value();
    std::size_t asked_ = 0;
    bool sends_other_ = false;
};

TEST_F(BlobCacheTest, KeepsWhatWasUsedLastWithinItsBounds) {
    BlobCache cache(folder_.path() / "blobs", 30);
    ASSERT_THAT(cache.get(ids({"a", "b", "c"}), source()).value(), SizeIs(3));
    ASSERT_THAT(cache.get(ids({"a"}), source()).value(), SizeIs(1));
    EXPECT_EQ(asked_, 3U);
    ASSERT_THAT(cache.get(ids({"d"}), source()).value(), SizeIs(1));  // b goes
    ASSERT_THAT(cache.get(ids({"a", "c", "d"}), source()).value(), SizeIs(3));
    EXPECT_EQ(asked_, 4U);
    ASSERT_THAT(cache.get(ids({"b"}), source()).value(), SizeIs(1));
    EXPECT_EQ(asked_, 5U);
}

TEST_F(BlobCacheTest, GoesOnWithWhatAnEarlierOneLeft) {
    (void)BlobCache(folder_.path() / "blobs", 100).get(ids({"a", "b"}), source());
    BlobCache cache(folder_.path() / "blobs", 100);
    EXPECT_EQ(cache.get(ids({"a", "b"}), source()).value().front().bytes, "0123456789");
    EXPECT_EQ(asked_, 2U);
    std::filesystem::remove(folder_.path() / "blobs/a");
    EXPECT_THAT(cache.get(ids({"a"}), source()).value(), SizeIs(1)) << "a file that went away is fetched again";
    cache.forget(ids({"b"}));
    ASSERT_TRUE(cache.get(ids({"b"}), source()).has_value());
    EXPECT_EQ(asked_, 4U);
    BlobCache smaller(folder_.path() / "blobs", 10);
    EXPECT_THAT(smaller.get(ids({"z"}), source()).value(), SizeIs(1));
    std::size_t left = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path() / "blobs")) ++left;
    EXPECT_EQ(left, 1U);
}

TEST_F(BlobCacheTest, RefusesABlobThatNobodyAskedFor) {
    BlobCache cache(folder_.path() / "blobs", 100);
    sends_other_ = true;
    EXPECT_EQ(cache.get(ids({"a"}), source()).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace ec::swarm
