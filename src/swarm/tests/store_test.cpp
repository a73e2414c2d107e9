// Blobs and keys: who may have which, how much, how long.
#include <gmock/gmock.h>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

BlobId blob_id(const std::string& name) { return *BlobId::parse(name); }

class Store : public ::testing::TestWithParam<StoreKind> {
protected:
    void SetUp() override {
        auto made = QueueBed::make(GetParam());
        if (!made && made.error().code == ErrorCode::unavailable) GTEST_SKIP() << made.error().message;
        ASSERT_TRUE(made) << made.error().message;
        bed_ = *std::move(made);
        blobs_.emplace(*bed_->database, BlobRules{.account_bytes = 100 + 2 * 128});
        keys_.emplace(*bed_->database);
    }
    QueueBed& bed() { return *bed_; }
    Status put(const std::string& account, const std::string& name, const std::string& bytes) {
        const std::vector<SealedBlob> blobs{{.id = blob_id(name), .bytes = bytes}};
        return bed().within([&] { return blobs_->put(account, blobs, bed().now_ms); });
    }
    std::vector<std::string> fetch(const identity::Node& node, const std::string& name) {
        const std::vector<BlobId> ids{blob_id(name)};
        const auto fetched = bed().within([&] { return blobs_->fetch(node, ids); });
        EXPECT_TRUE(fetched) << fetched.error().message;
        std::vector<std::string> bytes;
        if (fetched) {
            for (const SealedBlob& blob : *fetched) bytes.push_back(blob.bytes);
        }
        return bytes;
    }
    std::size_t sweep() {
        return *bed().within([&] { return blobs_->sweep(100, bed().now_ms); });
    }
    Result<std::string> key_of(const identity::Node& node, const Lease& lease) {
        return bed().within([&] { return keys_->key_of(node, lease.task, lease.fence, bed().now_ms); });
    }
    Status give(const std::string& account, const JobId& job, const identity::Node& node, const std::string& key) {
        return bed().within([&] { return keys_->give(account, job, node.id, key); });
    }

    std::unique_ptr<QueueBed> bed_;
    std::optional<Blobs> blobs_;
    std::optional<Keys> keys_;
    identity::Node anns_ = node_named("anns client", "ann"), w1_ = node_named("w1"), w2_ = node_named("w2");
};
INSTANTIATE_TEST_SUITE_P(Stores, Store, ::testing::Values(StoreKind::memory, StoreKind::file, StoreKind::postgres),
                         store_name);

TEST_P(Store, OnlyWhoWorksOnAJobMayFetchWhatItNames) {
    ASSERT_TRUE(put("ann", "tree", "sealed tree"));
    NewJob job = job_of({task_of("a")});
    job.blobs = {blob_id("tree")};
    bed().submitted(job);
    EXPECT_THAT(fetch(anns_, "tree"), ElementsAre("sealed tree"));
    EXPECT_THAT(fetch(w1_, "tree"), IsEmpty()) << "it has no lease yet";
    const Lease lease = bed().claim_one(w1_);
    EXPECT_THAT(fetch(w1_, "tree"), ElementsAre("sealed tree"));
    EXPECT_THAT(fetch(w2_, "tree"), IsEmpty());
    ASSERT_TRUE(bed().report(w1_, lease, Outcome::solved));
    EXPECT_THAT(fetch(w1_, "tree"), IsEmpty()) << "its lease is over";
}

TEST_P(Store, NobodyCanPutOtherBytesUnderAnothersName) {
    ASSERT_TRUE(put("bob", "tree", "poison"));
    ASSERT_TRUE(put("ann", "tree", "sealed tree"));
    ASSERT_TRUE(put("ann", "tree", "changed")) << "a name that is there keeps its bytes";
    NewJob job = job_of({task_of("a")});
    job.blobs = {blob_id("tree")};
    bed().submitted(job);
    bed().claim_one(w1_);
    EXPECT_THAT(fetch(w1_, "tree"), ElementsAre("sealed tree"));
}

TEST_P(Store, TheSubmitterMayFetchWhatItsResultsName) {
    bed().submitted(job_of({task_of("a")}));
    const Lease lease = bed().claim_one(w1_);
    ASSERT_TRUE(put("w1", "patch", "sealed patch"));
    Report report;
    report.task = lease.task;
    report.fence = lease.fence;
    report.outcome = Outcome::solved;
    report.result = "result";
    report.blobs = {blob_id("nowhere")};
    EXPECT_EQ(code(bed().complete(w1_, report)), ErrorCode::invalid_argument);
    report.blobs = {blob_id("patch")};
    ASSERT_TRUE(bed().complete(w1_, report));
    EXPECT_THAT(fetch(anns_, "patch"), ElementsAre("sealed patch"));
    EXPECT_THAT(fetch(node_named("bobs", "bob"), "patch"), IsEmpty());
}

TEST_P(Store, BlobsStayWhileAJobNamesThemAndADayAfter) {
    ASSERT_TRUE(put("ann", "kept", "k"));
    ASSERT_TRUE(put("ann", "loose", "l"));
    NewJob job = job_of({task_of("a")});
    job.blobs = {blob_id("kept"), blob_id("kept")};
    const JobId id = bed().submitted(job);
    bed().submitted(job);
    bed().now_ms += 86'400'001;
    EXPECT_EQ(sweep(), 1U);
    EXPECT_THAT(fetch(anns_, "loose"), IsEmpty());
    EXPECT_THAT(fetch(anns_, "kept"), SizeIs(1));
    for (int i = 0; i < 2; ++i) bed().work(w1_, Outcome::solved);
    bed().advance(QueueRules{}.keep_ms + 1);
    bed().sweep();
    EXPECT_EQ(sweep(), 1U);
    EXPECT_EQ(bed().number("SELECT bytes FROM store_account WHERE account = 'ann'"), 0);
}

TEST_P(Store, AskingWhatIsMissingKeepsTheRest) {
    ASSERT_TRUE(put("ann", "old", "o"));
    bed().now_ms += 86'000'000;
    const std::vector<BlobId> ids{blob_id("old"), blob_id("new")};
    const auto missing = bed().within([&] { return blobs_->missing("ann", ids, bed().now_ms); });
    ASSERT_TRUE(missing);
    EXPECT_THAT(*missing, ElementsAre(blob_id("new")));
    EXPECT_THAT(*bed().within([&] { return blobs_->missing("bob", ids, bed().now_ms); }), SizeIs(2));
    bed().now_ms += 86'000'000;
    EXPECT_EQ(sweep(), 0U);
}

TEST_P(Store, AnAccountStoresOnlySoMuch) {
    ASSERT_TRUE(put("ann", "a", std::string(60, 'x')));
    EXPECT_EQ(code(put("ann", "b", std::string(60, 'x'))), ErrorCode::over_quota);
    EXPECT_THAT(fetch(anns_, "b"), IsEmpty());
    EXPECT_TRUE(put("ann", "c", std::string(40, 'x')));
    EXPECT_TRUE(put("bob", "b", std::string(60, 'x')));
    EXPECT_EQ(code(put("cid", "d", std::string(kBlobBytes + 1, 'x'))), ErrorCode::too_large);
}

TEST_P(Store, ManyEmptyBlobsAreMuchToo) {
    ASSERT_TRUE(put("ann", "a", ""));
    ASSERT_TRUE(put("ann", "b", ""));
    EXPECT_EQ(code(put("ann", "c", "")), ErrorCode::over_quota);
}

TEST_P(Store, AKeyReachesOnlyTheNodeThatHoldsTheLease) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    const Lease lease = bed().claim_one(w1_);
    EXPECT_EQ(code(key_of(w2_, lease)), ErrorCode::conflict);
    EXPECT_EQ(key_of(w1_, lease).value_or("?"), "") << "not given yet";
    EXPECT_EQ(key_of(w1_, lease).value_or("?"), "");
    const auto events = bed().within([&] { return bed().queue->events(id, 0, 100); });
    ASSERT_TRUE(events);
    EXPECT_EQ(std::ranges::count(*events, "key_wanted", &Event::type), 1) << "asked once";
    EXPECT_EQ(events->back().node, w1_.id);
    EXPECT_EQ(events->back().data, w1_.key.hex());
    EXPECT_EQ(code(give("bob", id, w1_, "sealed key")), ErrorCode::not_found);
    EXPECT_EQ(code(give("ann", id, w1_, "")), ErrorCode::invalid_argument);
    ASSERT_TRUE(give("ann", id, w1_, "sealed key"));
    ASSERT_TRUE(give("ann", id, w1_, "another")) << "the first one stays";
    EXPECT_EQ(key_of(w1_, lease).value_or("?"), "sealed key");
    ASSERT_TRUE(bed().report(w1_, lease, Outcome::solved));
    EXPECT_EQ(code(key_of(w1_, lease)), ErrorCode::conflict);
    EXPECT_EQ(code(give("ann", id, w2_, "key")), ErrorCode::conflict) << "the job has ended";
}

}  // namespace
}  // namespace ec::swarm
