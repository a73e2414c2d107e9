#include <gtest/gtest.h>

#include <ec/model/chat.hpp>
#include <ec/model/tokens.hpp>
#include <vector>

namespace ec::model {
namespace {

TEST(EstimateTokens, IsNeverBelowWhatRealVocabulariesCount) {
    // Counts of cl100k, llama 3 and llama 2 by their npm packages; the highest of the three stands here.
    EXPECT_GE(estimate_tokens("def add(a, b):\n    return a + b\n"), 13U);
    EXPECT_GE(estimate_tokens("The quick brown fox jumps over the lazy dog."), 10U);
    EXPECT_GE(estimate_tokens("1234567890"), 10U);
    EXPECT_GE(estimate_tokens("你好，世界"), 5U);
}

TEST(EstimateTokens, StaysWithinTheBytesOfAText) {
    EXPECT_EQ(estimate_tokens(""), 0U);
    for (const std::string& text :
         {std::string("a"), std::string(1000, ' '), std::string(1000, '='), std::string("\xff\xfe\0", 3),
          std::string(1000, '7'), std::string(10'000'000, 'x')}) {
        EXPECT_GE(estimate_tokens(text), 1U);
        EXPECT_LE(estimate_tokens(text), text.size());
    }
}

TEST(EstimateTokens, OfMessagesCountsCallsAndTheTemplate) {
    std::vector<Message> messages{{Role::user, "hi", {}, {}}};
    const std::size_t plain = estimate_tokens(messages);
    EXPECT_GT(plain, estimate_tokens("hi"));
    messages.push_back({Role::assistant, "", {{"1", "read", {{"path", "src/app.py"}}}}, {}});
    EXPECT_GT(estimate_tokens(messages), plain + estimate_tokens("read src/app.py"));
}

}  // namespace
}  // namespace ec::model
