#include "kept_vectors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <ec/core/fs.hpp>

namespace ec::apps {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Counts what it is asked for; a text's vector is its length and its first letter.
class Counting final : public codeindex::Embedder {
public:
    explicit Counting(std::vector<std::string>& asked) : asked_(asked) {}
    [[nodiscard]] std::size_t width() const override { return 2; }
    Result<std::vector<std::vector<float>>> embed(std::span<const std::string> texts, std::stop_token) override {
        std::vector<std::vector<float>> vectors;
        for (const std::string& text : texts) {
            asked_.push_back(text);
            vectors.push_back({static_cast<float>(text.size()), text.empty() ? 0.0F : static_cast<float>(text[0])});
        }
        return vectors;
    }

private:
    std::vector<std::string>& asked_;
};

class KeptVectorsTest : public ::testing::Test {
protected:
    std::unique_ptr<KeptVectors> open(const std::string& model = "a", std::int64_t most = KeptVectors::kMostRows) {
        asked_.clear();
        auto opened = KeptVectors::open(file_, model, std::make_unique<Counting>(asked_), most);
        EXPECT_TRUE(opened) << opened.error().message;
        return *std::move(opened);
    }

    TempDir dir_ = TempDir::create().value();
    std::filesystem::path file_ = dir_.path() / "cache" / "vectors.db";
    std::vector<std::string> asked_;
};

TEST_F(KeptVectorsTest, EmbedsOnceAndOverRestartsOnlyWhatIsNew) {
    const std::vector<std::string> first{"one", "three"};
    const auto vectors = open()->embed(first, {}).value();
    EXPECT_THAT(asked_, ElementsAre("one", "three"));
    const auto again = open();
    const std::vector<std::string> second{"three", "new one", "one"};
    const auto mixed = again->embed(second, {}).value();
    EXPECT_THAT(asked_, ElementsAre("new one"));
    EXPECT_EQ(mixed[0], vectors[1]);
    EXPECT_THAT(mixed[1], ElementsAre(7.0F, static_cast<float>('n')));
    EXPECT_EQ(mixed[2], vectors[0]);
}

TEST_F(KeptVectorsTest, KeepsModelsApart) {
    const std::vector<std::string> texts{"one"};
    ASSERT_TRUE(open("a")->embed(texts, {}));
    ASSERT_TRUE(open("b")->embed(texts, {}));
    EXPECT_THAT(asked_, ElementsAre("one"));
}

TEST_F(KeptVectorsTest, ForgetsTheOldestAndNeverGrowsBeyondItsRows) {
    const std::vector<std::string> old{"a", "b"}, more{"c", "d", "e"};
    const auto vectors = open("a", 3);
    ASSERT_TRUE(vectors->embed(old, {}));
    ASSERT_TRUE(vectors->embed(more, {}));
    asked_.clear();
    ASSERT_TRUE(vectors->embed(more, {}));
    EXPECT_THAT(asked_, IsEmpty());
    ASSERT_TRUE(vectors->embed(old, {}));
    EXPECT_THAT(asked_, ElementsAre("a", "b"));
}

TEST_F(KeptVectorsTest, EmbedsAnewWhatTheStoreHasInAnotherForm) {
    const std::vector<std::string> texts{"one"};
    ASSERT_TRUE(open()->embed(texts, {}));
    sql::Database database = sql::Database::open(file_).value();
    ASSERT_TRUE(database.run("UPDATE vectors SET vector = ?1", sql::Blob{"abc"}));
    EXPECT_THAT(open()->embed(texts, {}).value()[0], ElementsAre(3.0F, static_cast<float>('o')));
    EXPECT_THAT(asked_, ElementsAre("one"));
}

TEST_F(KeptVectorsTest, BeginsAnewWhereTheFileIsNoStoreOrAnothersVersion) {
    const std::vector<std::string> texts{"one"};
    std::filesystem::create_directories(file_.parent_path());
    ASSERT_TRUE(write_file_atomic(file_, "no database at all, but long enough to be looked at as one"));
    ASSERT_TRUE(open()->embed(texts, {}));
    ASSERT_TRUE(open()->embed(texts, {}));
    EXPECT_THAT(asked_, IsEmpty());
    constexpr sql::Migration kOthers{2, "of a newer program", "CREATE TABLE more (a INTEGER) STRICT"};
    {
        sql::Database database = sql::Database::open(file_).value();
        const std::array steps{sql::Migration{1, "others", "CREATE TABLE others (a INTEGER) STRICT"}, kOthers};
        std::filesystem::remove(file_);
        database = sql::Database::open(file_).value();
        ASSERT_TRUE(sql::migrate(database, steps));
    }
    ASSERT_TRUE(open()->embed(texts, {}));
    ASSERT_TRUE(open()->embed(texts, {}));
    EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(KeptVectorsTest, WorksWhereNothingCanBeKept) {
    const std::vector<std::string> texts{"one"};
    std::filesystem::create_directories(file_);  // a folder stands in its place
    ASSERT_TRUE(open()->embed(texts, {}));
    EXPECT_THAT(asked_, ElementsAre("one"));
    EXPECT_TRUE(std::filesystem::is_directory(file_));
}

TEST_F(KeptVectorsTest, HoldsNoTextAndIsNobodyElses) {
    const std::vector<std::string> texts{"def secret_algorithm():"};
    ASSERT_TRUE(open()->embed(texts, {}));
    EXPECT_EQ(read_file(file_)->find("secret_algorithm"), std::string::npos);
    struct stat info{};
    ASSERT_EQ(::stat(file_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
}

}  // namespace
}  // namespace ec::apps
