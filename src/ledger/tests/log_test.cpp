#include <map>
#include <thread>

#include "log_fixture.hpp"

namespace ec::ledger {
namespace {

class LogTest : public LogFixture {};
EC_ON_EVERY_ENGINE(LogTest);

TEST_P(LogTest, SignsAnEmptyTreeFirst) {
    EXPECT_EQ(log_->checkpoint().error().code, ErrorCode::not_found);
    ASSERT_EQ(log_->integrate(10, 1), 0U);
    const Checkpoint empty = checkpoint();
    EXPECT_EQ(empty.size, 0U);
    EXPECT_EQ(empty.root, crypto::sha256(""));
    EXPECT_EQ(log_->tile("tile/0/000").error().code, ErrorCode::not_found);
    EXPECT_EQ(log_->receipt(0).error().code, ErrorCode::not_found);
}

TEST_P(LogTest, EveryCheckpointIsTheRootOfWhatWasAppended) {
    for (const std::uint64_t size : {1, 2, 3, 7, 8, 255, 256, 257, 511, 700}) {
        grow_to(size);
        const Checkpoint now = checkpoint();
        EXPECT_EQ(now.size, size);
        EXPECT_EQ(now.root, root_of(size)) << size;
    }
}

TEST_P(LogTest, SignsNothingNewWithoutNewLeaves) {
    grow_to(5);
    const auto before = log_->checkpoint();
    ASSERT_EQ(log_->integrate(10, 99), 0U);
    EXPECT_EQ(*log_->checkpoint(), *before);
}

TEST_P(LogTest, PlacesNoMoreThanAskedAtOnce) {
    auto transaction = sql::Transaction::begin(*database_);
    for (std::uint64_t i = 0; i < 25; ++i) ASSERT_TRUE(log_->append(leaf(i), 1));
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(log_->integrate(10, 1), 10U);
    EXPECT_EQ(checkpoint().size, 10U);
    EXPECT_EQ(log_->integrate(10, 1), 10U);
    EXPECT_EQ(log_->integrate(10, 1), 5U);
    EXPECT_EQ(checkpoint().root, root_of(25));
}

TEST_P(LogTest, ALeafGoesWithTheTransactionItTellsOf) {
    {
        auto transaction = sql::Transaction::begin(*database_);
        ASSERT_TRUE(log_->append("never happened", 1));
    }
    ASSERT_EQ(log_->integrate(10, 1), 0U);
    EXPECT_EQ(checkpoint().size, 0U);
    grow_to(2);
    EXPECT_EQ(checkpoint().root, root_of(2)) << "its place was left to the next";
}

TEST_P(LogTest, PlacesAndSignsInTransactionsOfTheCaller) {
    const auto in_transaction = [this](const auto& work) {
        auto transaction = sql::Transaction::begin(*database_);
        ASSERT_TRUE(work());
        ASSERT_TRUE(transaction->commit());
    };
    in_transaction([this] { return log_->append(leaf(0), 1); });
    in_transaction([this] { return log_->sign(1); });
    EXPECT_EQ(checkpoint().size, 0U) << "it is not placed yet";
    EXPECT_EQ(log_->tile("tile/0/000.p/1").error().code, ErrorCode::not_found);
    in_transaction([this] { return log_->place(10) == 1U; });
    EXPECT_EQ(checkpoint().size, 0U) << "it is not signed yet";
    EXPECT_EQ(log_->receipt(0).error().code, ErrorCode::not_found);
    in_transaction([this] { return log_->append(leaf(1), 1); });
    in_transaction([this] { return log_->sign(1); });
    EXPECT_EQ(checkpoint().root, root_of(1)) << "only what was placed";
}

TEST_P(LogTest, FindsALeafByItsMomentAndWhatItHolds) {
    const std::vector<std::pair<std::int64_t, std::string>> told{
        {1'000, "a"}, {1'000, "b"}, {5'000, "c"}, {5'400, "d"}, {5'300, "a late one"}, {5'400, "e"}, {90'000, "f"}};
    {
        auto transaction = sql::Transaction::begin(*database_);
        for (const auto& [at_ms, text] : told) ASSERT_TRUE(log_->append("<" + text + ">", at_ms));
        ASSERT_TRUE(transaction->commit());
    }
    ASSERT_EQ(log_->integrate(100, 100'000), told.size());
    for (std::uint64_t i = 0; i < told.size(); ++i) {
        const auto& [at_ms, text] = told[i];
        const auto leaf = log_->find(at_ms, "<" + text);
        ASSERT_TRUE(leaf) << text;
        EXPECT_EQ(leaf->index, i);
        EXPECT_EQ(leaf->bytes, "<" + text + ">");
    }
    EXPECT_EQ(log_->find(1'000, "c").error().code, ErrorCode::not_found) << "of another moment";
    EXPECT_EQ(log_->find(1'001, "a").error().code, ErrorCode::not_found);
    EXPECT_EQ(log_->find(0, "a").error().code, ErrorCode::not_found);
    EXPECT_EQ(log_->find(1'000'000, "f").error().code, ErrorCode::not_found);
}

TEST_P(LogTest, FindsNothingInAnEmptyLog) { EXPECT_EQ(log_->find(1, "").error().code, ErrorCode::not_found); }

TEST_P(LogTest, ServesEntriesBehindTheirLengths) {
    {
        auto transaction = sql::Transaction::begin(*database_);
        ASSERT_TRUE(log_->append("", 1));
        ASSERT_TRUE(log_->append(std::string(65'535, 'x'), 1));
        ASSERT_TRUE(log_->append(std::string("\0\xff", 2), 1));
        EXPECT_EQ(log_->append(std::string(65'536, 'x'), 1).error().code, ErrorCode::too_large);
        ASSERT_TRUE(transaction->commit());
    }
    ASSERT_EQ(log_->integrate(10, 1), 3U);
    const std::string first_two = std::string("\0\0\xff\xff", 4) + std::string(65'535, 'x');
    EXPECT_EQ(*log_->tile("tile/entries/000.p/2"), first_two);
    EXPECT_EQ(*log_->tile("tile/entries/000.p/3"), first_two + std::string("\0\2\0\xff", 4));
    EXPECT_EQ(log_->tile("tile/entries/000").error().code, ErrorCode::not_found);
}

TEST_P(LogTest, RefusesPathsThatAreNone) {
    grow_to(300);
    for (const char* path : {"",
                             "tile",
                             "tile/",
                             "tile/0",
                             "tile/0/",
                             "tile/0/0",
                             "tile/0/00",
                             "tile/0/0000",
                             "tile/00/000",
                             "tile/64/000",
                             "tile/-1/000",
                             "tile/0/x000/001",
                             "tile/0/x001",
                             "tile/0/001/002",
                             "tile/0/000.p",
                             "tile/0/000.p/",
                             "tile/0/000.p/0",
                             "tile/0/000.p/256",
                             "tile/0/000.p/01",
                             "tile/0/000.p/1/",
                             "tile/0/000.p/1.p/1",
                             "tile/0/000/",
                             "tile/0//000",
                             "/tile/0/000",
                             "tile/entry/000",
                             "tile/0/+01",
                             "tile/0/ 00",
                             "tile/0/000.p/ 1",
                             "tile/0/x999/x999/x999/x999/x999/x999/999",
                             "tile/18446744073709551616/000",
                             "checkpoint",
                             "tile/../0/000"})
        EXPECT_EQ(log_->tile(path).error().code, ErrorCode::invalid_argument) << path;
    EXPECT_EQ(log_->tile("tile/0/000")->size(), 8192U);
    EXPECT_EQ(log_->tile("tile/0/001.p/44")->size(), 44U * 32);
}

TEST_P(LogTest, AReceiptProvesItsLeafOffline) {
    grow_to(700);
    for (const std::uint64_t index : {0, 1, 255, 256, 511, 512, 698, 699}) {
        const auto receipt = log_->receipt(index);
        ASSERT_TRUE(receipt) << receipt.error().message;
        const std::size_t blank = receipt->find("\n\n");
        const std::vector<std::string> head = lines_of(receipt->substr(0, blank + 1));
        ASSERT_GE(head.size(), 2U);
        EXPECT_EQ(head[0], "c2sp.org/tlog-proof@v1");
        EXPECT_EQ(head[1], "index " + std::to_string(index));
        crypto::Proof proof;
        for (std::size_t i = 2; i < head.size(); ++i)
            proof.push_back(*crypto::Sha256Digest::from_bytes(*crypto::from_base64(head[i])));
        const Checkpoint signed_tree = read_checkpoint(receipt->substr(blank + 2), key().public_key());
        EXPECT_TRUE(
            crypto::check_inclusion(index, signed_tree.size, crypto::leaf_hash(leaf(index)), signed_tree.root, proof));
    }
    EXPECT_EQ(log_->receipt(700).error().code, ErrorCode::not_found);
    EXPECT_EQ(log_->receipt(UINT64_MAX).error().code, ErrorCode::not_found);
}

TEST_P(LogTest, TwoWhoIntegrateGiveEveryLeafOnePlace) {
    sql::Database other_connection = open();
    Log other(other_connection, std::string(kOrigin), key());
    for (std::uint64_t i = 0; i < 20; ++i) {
        ASSERT_TRUE((i % 2 == 0 ? *log_ : other).append(leaf(i), 1));
        ASSERT_TRUE((i % 3 == 0 ? *log_ : other).integrate(1, 1));
    }
    EXPECT_EQ(checkpoint().size, 20U);
    EXPECT_EQ(checkpoint().root, root_of(20));
    EXPECT_EQ(*other.checkpoint(), *log_->checkpoint());
}

TEST_P(LogTest, NobodySignsOverAnothersCheckpoints) {
    grow_to(1);
    const std::string before = *log_->checkpoint();
    Log other(*database_, std::string(kOrigin), *crypto::SecretKey::generate());
    const Status strange = other.check_signer();
    ASSERT_FALSE(strange);
    EXPECT_EQ(strange.error().code, ErrorCode::conflict);
    ASSERT_TRUE(other.append(leaf(1), 1));
    const auto integrated = other.integrate(10, 1);
    ASSERT_FALSE(integrated);
    EXPECT_EQ(integrated.error().code, ErrorCode::conflict);
    EXPECT_EQ(*log_->checkpoint(), before);
    EXPECT_TRUE(log_->check_signer());
    ASSERT_TRUE(log_->integrate(10, 1));
    EXPECT_EQ(checkpoint().root, root_of(2)) << "its owner goes on";
}

TEST_P(LogTest, ItsRowsCannotBeChanged) {
    grow_to(300);
    for (const char* attack :
         {"UPDATE log_leaf SET leaf = 'x' WHERE position = 3", "DELETE FROM log_leaf WHERE position = 299",
          "INSERT INTO log_leaf (position, at_ms, leaf, hash) SELECT 400, 1, leaf, hash FROM log_leaf LIMIT 1",
          "INSERT INTO log_leaf (position, at_ms, leaf, hash) SELECT 3, 1, leaf, hash FROM log_leaf WHERE position = 1 "
          "ON CONFLICT (position) DO UPDATE SET at_ms = 7",
          "UPDATE log_tile SET root = hashes", "DELETE FROM log_tile", "UPDATE log_head SET size = 299",
          "UPDATE log_head SET signed_size = 299", "UPDATE log_head SET note = 'x'", "DELETE FROM log_head"})
        EXPECT_EQ(database_->run(attack).error().code, ErrorCode::conflict) << attack;
}

TEST_P(LogTest, AnOriginThatIsNoneSignsNothing) {
    for (const char* origin : {"", "with space", "with+plus", "with\nline", "with\u00a0space"}) {
        Log log(*database_, origin, key());
        EXPECT_EQ(log.integrate(1, 1).error().code, ErrorCode::invalid_argument) << origin;
    }
    EXPECT_EQ(log_->checkpoint().error().code, ErrorCode::not_found);
}

class LargeLogTest : public LogFixture {};
INSTANTIATE_TEST_SUITE_P(Sqlite, LargeLogTest, ::testing::Values(sql::Dialect::sqlite));

// The worked example of the specification: 273 full tiles and one of 112, 1 full and one of 17, one of 1.
TEST_P(LargeLogTest, ServesTheTilesOfSeventyThousandLeaves) {
    grow_to(70'000);
    EXPECT_EQ(checkpoint().root, root_of(70'000));
    const auto width = [&](std::string_view path) {
        const auto tile = log_->tile(path);
        return tile ? static_cast<int>(tile->size() / 32) : -1;
    };
    EXPECT_EQ(width("tile/0/000"), 256);
    EXPECT_EQ(width("tile/0/272"), 256);
    EXPECT_EQ(width("tile/0/273.p/112"), 112);
    EXPECT_EQ(width("tile/0/273.p/111"), 111);
    EXPECT_EQ(width("tile/0/273.p/113"), -1);
    EXPECT_EQ(width("tile/0/273"), -1);
    EXPECT_EQ(width("tile/1/000"), 256);
    EXPECT_EQ(width("tile/1/001.p/17"), 17);
    EXPECT_EQ(width("tile/2/000.p/1"), 1);
    EXPECT_EQ(width("tile/3/000.p/1"), -1);
    EXPECT_EQ(width("tile/63/000.p/1"), -1);
    EXPECT_EQ(width("tile/0/x999/x999/x999/x999/x999/999"), -1);

    std::vector<crypto::Sha256Digest> hashes;
    for (std::uint64_t i = 0; i < 65'536; ++i) hashes.push_back(crypto::leaf_hash(leaf(i)));
    EXPECT_EQ(*log_->tile("tile/2/000.p/1"), root_by_definition(hashes).bytes());
    EXPECT_EQ(log_->tile("tile/1/000")->substr(32, 32),
              root_by_definition(std::span(hashes).subspan(256, 256)).bytes());
}

// Leaves are numbered when they are appended, and committed in another order.
class ManyWritersLogTest : public LogFixture {};
INSTANTIATE_TEST_SUITE_P(Postgres, ManyWritersLogTest, ::testing::Values(sql::Dialect::postgres));

TEST_P(ManyWritersLogTest, ALeafThatIsCommittedLateIsPlacedLateAndNotLost) {
    sql::Database slow_connection = open();
    Log slow(slow_connection, std::string(kOrigin), key());
    auto transaction = sql::Transaction::begin(slow_connection, sql::Writers::several);
    ASSERT_TRUE(slow.append("first to be appended", 1));
    ASSERT_TRUE(log_->append("first to be committed", 1));
    const auto placed = log_->integrate(10, 1);
    ASSERT_TRUE(placed) << placed.error().message;
    EXPECT_EQ(*placed, 1U);
    ASSERT_TRUE(transaction->commit());
    ASSERT_EQ(log_->integrate(10, 1), 1U);
    EXPECT_EQ(log_->tile("tile/entries/000.p/2")->substr(2, 21), "first to be committed");
    EXPECT_EQ(checkpoint().size, 2U);
}

TEST_P(ManyWritersLogTest, ManyWhoAppendAndIntegrateAtOnceMakeOneTree) {
    constexpr std::uint64_t kEach = 60;
    std::vector<std::jthread> writers;
    for (std::uint64_t writer = 0; writer < 4; ++writer) {
        writers.emplace_back([this] {
            sql::Database connection = open();
            Log log(connection, std::string(kOrigin), key());
            for (std::uint64_t i = 0; i < kEach; ++i) {
                EXPECT_TRUE(log.append(leaf(i), 1));
                const auto placed = log.integrate(5, 1);
                EXPECT_TRUE(placed) << placed.error().message;
            }
        });
    }
    writers.clear();
    while (*log_->integrate(1000, 1) != 0) continue;
    const auto hashes = log_->tile("tile/0/000.p/240");
    ASSERT_TRUE(hashes);
    std::map<std::string, int> times;
    std::vector<crypto::Sha256Digest> leaves;
    for (std::size_t at = 0; at < hashes->size(); at += 32) {
        leaves.push_back(*crypto::Sha256Digest::from_bytes(hashes->substr(at, 32)));
        ++times[hashes->substr(at, 32)];
    }
    EXPECT_EQ(checkpoint().root, root_by_definition(leaves));
    EXPECT_EQ(times.size(), kEach);
    for (const auto& [hash, count] : times) EXPECT_EQ(count, 4);
}

}  // namespace
}  // namespace ec::ledger
