#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ec/codeindex/search.hpp>
#include <set>

#include "memory_files.hpp"

namespace ec::codeindex {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string filler(int lines) {
    std::string out;
    for (int i = 0; i < lines; ++i) out += "value = compute(value)\n";
    return out;
}

const MemoryFiles kFiles{{
    {"auth/session.py", filler(40) + "def refreshSessionToken(user):\n    return renew(user)\n" + filler(40)},
    {"auth/login.py", "def login(user):\n    session = open_session(user)\n"},
    {"docs/guide.md", "How to refresh a session token.\n"},
    {"other.py", filler(10)},
}};

std::vector<std::string> found(const Index& index, std::string_view query) {
    std::vector<std::string> out;
    for (const FileHit& hit : search_files(index, query)) out.push_back(index.files()[hit.file].path);
    return out;
}

TEST(SearchFiles, FindsPartsOfIdentifiersAndPaths) {
    const Index index = kFiles.index();
    EXPECT_THAT(found(index, "refresh token"), ElementsAre("docs/guide.md", "auth/session.py"));
    EXPECT_EQ(found(index, "refreshSessionToken").front(), "auth/session.py");
    EXPECT_EQ(found(index, "where is login handled").front(), "auth/login.py");
    EXPECT_TRUE(found(index, "zebra").empty());
    EXPECT_TRUE(found(index, "").empty());
    EXPECT_TRUE(found(Index(), "login").empty());
}

TEST(SearchFiles, ScoresAsBm25Does) {
    // Three documents of words x (2 each, path words aside): one has the word once, so idf = ln(1 + 2.5 / 1.5).
    const MemoryFiles files{{{"1", "apple pear"}, {"2", "pear pear"}, {"3", "pear pear"}}};
    const auto hits = search_files(files.index(), "apple");
    ASSERT_EQ(hits.size(), 1U);
    EXPECT_NEAR(hits[0].score, std::log(1 + 2.5 / 1.5) * 2.2 / 2.2, 1e-9);
}

TEST(Search, GivesTheRegionsThatAnswer) {
    const auto hits = search(kFiles.index(), "refreshSessionToken", kFiles.reader(), {.lines = 6});
    ASSERT_FALSE(hits.empty());
    EXPECT_EQ(hits[0].path, "auth/session.py");
    EXPECT_LE(hits[0].line, 41);
    EXPECT_GE(hits[0].end_line, 41);
    EXPECT_LE(hits[0].end_line - hits[0].line, 6);
    EXPECT_THAT(hits[0].text, HasSubstr("def refreshSessionToken(user):\n    return renew(user)\n"));
}

TEST(Search, SkipsFilesThatCanNoLongerBeRead) {
    const MemoryFiles none;
    EXPECT_TRUE(search(kFiles.index(), "login", none.reader()).empty());
}

TEST(Search, KeepsRegionsOfLongLinesShort) {
    const MemoryFiles files{
        {{"a.txt", "needle " + std::string(3000, 'x') + "\n" + std::string(9000, 'y') + " needle\nneedle\n"}}};
    for (const RegionHit& hit : search(files.index(), "needle", files.reader())) EXPECT_LE(hit.text.size(), 4097U);
    EXPECT_NO_THROW(search(files.index(), std::string(1 << 20, 'n'), files.reader()));
    EXPECT_NO_THROW(
        search(files.index(), "\xff\xfe needle", files.reader(), {.regions = 0, .regions_of_a_file = 0, .lines = 0}));
}

/// Calls alike what shares its first letter.
class LetterEmbedder final : public Embedder {
public:
    [[nodiscard]] std::size_t width() const override { return 256; }
    Result<std::vector<std::vector<float>>> embed(std::span<const std::string> texts, std::stop_token) override {
        if (broken) return fail(ErrorCode::unavailable, "no model");
        std::vector<std::vector<float>> out;
        for (const std::string& text : texts) {
            std::vector<float> vector(256, 0.0F);
            vector[text.empty() ? 0 : static_cast<unsigned char>(text[0])] = 3.0F;
            out.push_back(std::move(vector));
        }
        return out;
    }
    bool broken = false;
};

TEST(Search, FusesTheRankingOfAnEmbedder) {
    const Index index = kFiles.index();
    LetterEmbedder embedder;
    const Embeddings embeddings = Embeddings::of(index, embedder, {}).value();
    const auto semantic = embeddings.rank("other things", embedder, {}, 1).value();
    EXPECT_EQ(semantic, std::vector<std::uint32_t>{*index.file_index("other.py")});
    const auto hits = search(index, "refreshSessionToken", kFiles.reader(), {}, semantic);
    std::set<std::string> paths;
    for (const RegionHit& hit : hits) paths.insert(hit.path);
    EXPECT_TRUE(paths.contains("other.py"));
    EXPECT_TRUE(paths.contains("auth/session.py"));
    embedder.broken = true;
    EXPECT_EQ(embeddings.rank("x", embedder, {}).error().code, ErrorCode::unavailable);
    EXPECT_FALSE(Embeddings::of(index, embedder, {}));
}

TEST(FuseRanks, PrefersWhatSeveralRankingsFind) {
    EXPECT_THAT(fuse_ranks({{1, 2, 3}, {3, 4}}), ElementsAre(3, 1, 2, 4));
    EXPECT_TRUE(fuse_ranks({}).empty());
}

}  // namespace
}  // namespace ec::codeindex
