// Evaluated prefixes over restarts of the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "embedded_fixture.hpp"

namespace ec::model {
namespace {

using testing::asking;
using testing::start;
using testing::tiny_options;

class EmbeddedRestart : public ::testing::Test {
protected:
    EmbeddedRestart() {
        options_.cache_dir = folder_.path() / "prefixes";
        std::string text;
        for (int i = 0; i < 40; ++i) text += "def function_" + std::to_string(i) + "(a, b): return a + b\n";
        request_ = asking(text, 16);
    }

    /// One turn in a host of its own; the conversation goes on with it.
    ChatReply turn() {
        const auto model = start(options_);
        auto reply = model->complete(request_, {}, {});
        EXPECT_TRUE(reply) << reply.error().message;
        request_.messages.push_back({Role::assistant, reply->text, {}, {}});
        request_.messages.push_back({Role::user, "and now?", {}, {}});
        return *reply;
    }

    std::vector<std::filesystem::path> saved() const {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(options_.cache_dir)) files.push_back(entry.path());
        return files;
    }

    TempDir folder_ = TempDir::create().value();
    EmbeddedOptions options_ = tiny_options();
    ChatRequest request_;
};

TEST_F(EmbeddedRestart, GoesOnWhereTheLastProcessStopped) {
    const ChatReply first = turn();
    EXPECT_EQ(first.usage.cached_tokens, 0);
    ASSERT_EQ(saved().size(), 1U);
    const ChatReply second = turn();
    EXPECT_GE(second.usage.cached_tokens, first.usage.prompt_tokens);
    EXPECT_LE(second.usage.prompt_tokens - second.usage.cached_tokens, 32);
}

TEST_F(EmbeddedRestart, SaysTheSameAsAProcessThatWasNotRestarted) {
    const TempDir other = TempDir::create().value();
    ChatRequest request = request_;
    const auto model = start(tiny_options());
    const auto one = model->complete(request, {}, {});
    ASSERT_TRUE(one);
    request.messages.push_back({Role::assistant, one->text, {}, {}});
    request.messages.push_back({Role::user, "and now?", {}, {}});
    const auto two = model->complete(request, {}, {});
    ASSERT_TRUE(two);
    EXPECT_EQ(turn().text, one->text);
    EXPECT_EQ(turn().text, two->text);
}

TEST_F(EmbeddedRestart, PassesOverFilesWithAByteWrong) {
    turn();
    const std::filesystem::path file = saved().at(0);
    const std::string whole = read_file(file).value();
    for (const std::size_t at : {std::size_t{3}, whole.size() / 2, whole.size() - 1}) {
        std::string wrong = whole;
        wrong[at] = static_cast<char>(wrong[at] ^ 0x55);
        std::filesystem::remove_all(options_.cache_dir);
        std::filesystem::create_directories(options_.cache_dir);
        std::ofstream(file, std::ios::binary) << wrong;
        const auto model = start(options_);
        const auto reply = model->complete(request_, {}, {});
        ASSERT_TRUE(reply) << reply.error().message;
        EXPECT_EQ(reply->usage.cached_tokens, 0) << "byte " << at;
    }
}

TEST_F(EmbeddedRestart, PassesOverFilesThatAreCutShort) {
    turn();
    const std::filesystem::path file = saved().at(0);
    const std::string whole = read_file(file).value();
    std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, whole.size() / 3);
    const auto model = start(options_);
    const auto reply = model->complete(request_, {}, {});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->usage.cached_tokens, 0);
}

TEST_F(EmbeddedRestart, KeepsTheFolderBelowItsSize) {
    turn();
    const auto one = std::filesystem::file_size(saved().at(0));
    options_.cache_bytes = static_cast<std::int64_t>(one + one / 2);
    for (int i = 0; i < 3; ++i) {
        request_ = asking("conversation " + std::to_string(i) + request_.messages.at(0).text, 4);
        turn();
        EXPECT_LE(saved().size(), 1U);
    }
}

TEST_F(EmbeddedRestart, KeepsNothingWithoutRoom) {
    options_.cache_bytes = 0;
    turn();
    EXPECT_TRUE(saved().empty());
}

}  // namespace
}  // namespace ec::model
