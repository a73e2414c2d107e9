#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ec/core/fs.hpp>
#include <ec/core/token.hpp>
#include <set>
#include <thread>
#include <vector>

namespace ec {
namespace {

TEST(Tokens, TokensHave256BitsAndDiffer) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) seen.insert(*random_token());
    EXPECT_EQ(seen.size(), 100U);
    EXPECT_EQ(seen.begin()->size(), 64U);
}

TEST(Tokens, OnlyTheSameTextIsTheSame) {
    EXPECT_TRUE(same_secret("abc", "abc"));
    for (const char* other : {"", "a", "ab", "abcd", "abcabc", "abd", "Abc"}) EXPECT_FALSE(same_secret(other, "abc"));
    EXPECT_FALSE(same_secret("", ""));  // no secret lets nobody in
}

class KeptToken : public ::testing::Test {
protected:
    void SetUp() override { dir_.emplace(*TempDir::create()); }
    [[nodiscard]] std::filesystem::path file() const { return dir_->path() / "data/secrets/token"; }
    std::optional<TempDir> dir_;
};

TEST_F(KeptToken, IsMadeOnceAndForItsOwner) {
    const auto first = keep_token(file());
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(*keep_token(file()), *first);
    struct stat info{};
    ASSERT_EQ(::stat(file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat(file().parent_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(KeptToken, IsTheSameForAllWhoAskAtOnce) {
    std::vector<std::string> tokens(8);
    {
        std::vector<std::jthread> threads;
        for (auto& token : tokens) threads.emplace_back([&] { token = keep_token(file()).value_or(""); });
    }
    EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), 1U);
    EXPECT_EQ(tokens.front().size(), 64U);
}

TEST_F(KeptToken, IsRefusedWhereOthersCouldReadItOrItIsNone) {
    ASSERT_TRUE(keep_token(file()));
    ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
    EXPECT_EQ(keep_token(file()).error().code, ErrorCode::denied);
    ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
    for (const char* bad : {"", "\n", "short", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"}) {
        ASSERT_TRUE(write_file_atomic(file(), bad));
        EXPECT_EQ(keep_token(file()).error().code, ErrorCode::corrupt) << bad;
    }
}

TEST_F(KeptToken, IsNotReadThroughALink) {
    ASSERT_TRUE(keep_token(file()));
    const auto link = file().parent_path() / "link";
    std::filesystem::create_symlink(file(), link);
    EXPECT_FALSE(keep_token(link));
}

}  // namespace
}  // namespace ec
