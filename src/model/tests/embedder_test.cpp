// The embedder with a real model, where there is one.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <numeric>

#include "embedded_fixture.hpp"

namespace ec::model {
namespace {

std::filesystem::path shared_folder() {
    if (const char* named = std::getenv("EC_SHARED")) return named;
    const char* source = std::getenv("EC_SOURCE_DIR");
    return std::filesystem::path(source != nullptr ? source : ".") / "../shared";
}

class EmbedderOfMiniLm : public ::testing::Test {
protected:
    void SetUp() override {
        EmbeddedOptions options = testing::tiny_options();
        options.file = shared_folder() / "models/all-MiniLM-L6-v2-q4_0.gguf";
        if (!std::filesystem::exists(options.file)) GTEST_SKIP() << options.file << " is not here";
        auto embedder = make_embedder(options);
        ASSERT_TRUE(embedder) << embedder.error().message;
        embedder_ = *std::move(embedder);
    }

    std::vector<std::vector<float>> embed(const std::vector<std::string>& texts) {
        auto vectors = embedder_->embed(texts, {});
        EXPECT_TRUE(vectors) << vectors.error().message;
        return vectors ? *std::move(vectors) : std::vector<std::vector<float>>(texts.size());
    }

    std::unique_ptr<codeindex::Embedder> embedder_;
};

float dot(const std::vector<float>& a, const std::vector<float>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

TEST_F(EmbedderOfMiniLm, RanksTheCodeThatAQuestionAsksForFirst) {
    const auto code = embed({
        "def load_lines(path):\n    with open(path) as f:\n        return f.read().splitlines()",
        "def quicksort(items):\n    if len(items) < 2: return items\n    pivot = items[0]\n    return quicksort([x for "
        "x in "
        "items[1:] if x < pivot]) + [pivot] + quicksort([x for x in items[1:] if x >= pivot])",
        "def connect_socket(host, port):\n    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)\n    "
        "s.connect((host, "
        "port))\n    return s",
    });
    const auto questions = embed({"read all lines of a text file", "sort a list of numbers", "open a TCP connection"});
    for (std::size_t q = 0; q < 3; ++q) {
        for (std::size_t c = 0; c < 3; ++c) {
            if (c == q) continue;
            EXPECT_GT(dot(questions[q], code[q]), dot(questions[q], code[c])) << q << " " << c;
        }
    }
}

TEST_F(EmbedderOfMiniLm, GivesVectorsOfLengthOne) {
    const auto vectors = embed({"one", "two words", std::string(100000, 'x'), "\xff\xfe"});
    ASSERT_EQ(vectors.size(), 4U);
    for (const auto& vector : vectors) {
        EXPECT_EQ(vector.size(), embedder_->width());
        EXPECT_NEAR(dot(vector, vector), 1, 1e-4);
    }
}

TEST_F(EmbedderOfMiniLm, TreatsATextAlikeAloneAndAmongOthers) {
    std::vector<std::string> texts;
    for (int i = 0; i < 100; ++i) texts.push_back("the function number " + std::to_string(i));
    const auto together = embed(texts);
    const auto alone = embed({texts[70]});
    EXPECT_GT(dot(together.at(70), alone.at(0)), 0.999F);
}

TEST_F(EmbedderOfMiniLm, EmbedsNothingAsNothing) {
    EXPECT_TRUE(embed({}).empty());
    EXPECT_TRUE(embedder_->embed(std::vector<std::string>{""}, {}));
}

TEST(Embedder, IsNoModelThatWrites) {
    EmbeddedOptions options = testing::tiny_options();
    options.file = shared_folder() / "models/all-MiniLM-L6-v2-q4_0.gguf";
    if (!std::filesystem::exists(options.file)) GTEST_SKIP() << options.file << " is not here";
    const auto model = make_embedded_model(options);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace ec::model
