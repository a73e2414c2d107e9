// The parts of the host that are pure: text streams, transcripts, drafts, the memory plan.
#include <gtest/gtest.h>

#include <ec/core/text.hpp>

#include "embedded/host/drafter.hpp"
#include "embedded/host/gguf_facts.hpp"
#include "embedded/host/text_stream.hpp"
#include "embedded/host/transcript.hpp"

namespace ec::model::embedded {
namespace {

struct Streamed {
    std::string text;
    std::string thinking;
    bool stopped = false;
    bool operator==(const Streamed&) const = default;
};

/// Fed in pieces of `size` bytes; every piece that comes out is whole text.
Streamed stream(TextStreamOptions options, std::string_view bytes, std::size_t size) {
    TextStream stream(std::move(options));
    Streamed out;
    const auto take = [&](const TextStream::Piece& piece) {
        EXPECT_TRUE(is_valid_utf8(piece.text) && is_valid_utf8(piece.thinking));
        out.text += piece.text;
        out.thinking += piece.thinking;
    };
    for (std::size_t at = 0; at < bytes.size(); at += size) take(stream.feed(bytes.substr(at, size)));
    take(stream.finish());
    out.stopped = stream.stopped();
    return out;
}

TEST(TextStream, GivesTheSameHoweverTheBytesAreCut) {
    const TextStreamOptions options{{"STOP", "\n\nUser:"}, "<think>", "</think>", false};
    const std::string euros = "\xe2\x82\xac";
    struct Case {
        std::string bytes;
        Streamed expected;
    };
    const std::vector<Case> cases{
        {"", {}},
        {"plain", {"plain", "", false}},
        {euros + "5 \xf0\x9f\xa6\x80", {euros + "5 \xf0\x9f\xa6\x80", "", false}},
        {"a STOP b", {"a ", "", true}},
        {"a STO", {"a STO", "", false}},
        {"a\n\nUser: hi", {"a", "", true}},
        {"a\n\nUse", {"a\n\nUse", "", false}},
        {" \n<think>" + euros + "hm</think>\n\nanswer", {"answer", euros + "hm", false}},
        {"<think>never ends", {"", "never ends", false}},
        {"<think>STOP</think>x", {"x", "STOP", false}},
        {"<thin", {"<thin", "", false}},
        {"a <think>b</think>", {"a <think>b</think>", "", false}},
        {"\xff"
         "a\xe2\x82",
         {"\xef\xbf\xbd"
          "a\xef\xbf\xbd",
          "", false}},
    };
    for (const Case& one : cases) {
        for (const std::size_t size : {1U, 2U, 3U, 7U, 100U}) {
            Streamed got = stream(options, one.bytes, size);
            // How many replacement characters stand for a broken one depends on nothing but where it breaks off.
            if (one.bytes.starts_with("\xff"))
                got.text = replace_all(got.text, "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd");
            EXPECT_EQ(got, one.expected) << one.bytes << " in pieces of " << size;
        }
    }
}

TEST(TextStream, KnowsThinkingThatThePromptOpened) {
    EXPECT_EQ(stream({{}, "<think>", "</think>", true}, "hm</think>answer", 3), (Streamed{"answer", "hm", false}));
}

std::vector<std::int32_t> by_byte(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Transcript, KeepsTheTokensThatTextWasGeneratedAs) {
    const RunSplitter splitter({"<end>", "<start>", "<e"});
    const std::string prompt = "<start>user: hi<end><start>model: ";
    Transcript held = transcribe(splitter.split(prompt), {}, by_byte);
    held.append(9001, "yes", false);
    held.append(9002, "!", false);
    const std::string next = prompt + "yes!<end><start>user: more<end>";
    const Transcript again = transcribe(splitter.split(next), held, by_byte);
    EXPECT_EQ(common_tokens(again, held), held.tokens.size());
    const Transcript changed = transcribe(splitter.split(prompt + "no<end>"), held, by_byte);
    EXPECT_EQ(common_tokens(changed, held), held.tokens.size() - 2);
}

TEST(Transcript, TakesOverNothingBehindADifference) {
    const RunSplitter splitter({"|"});
    const Transcript held = transcribe(splitter.split("a|b|c"), {}, by_byte);
    const Transcript other = transcribe(splitter.split("a|x|c"), held, by_byte);
    EXPECT_EQ(common_tokens(held, other), 2U);
    EXPECT_EQ(other.tokens, by_byte("a|x|c"));
}

TEST(RunSplitter, AlternatesPlainRunsAndControls) {
    const RunSplitter splitter({"<a>", "<a><b>", ""});
    EXPECT_EQ(splitter.split("<a><b>x<a>"), (std::vector<std::string_view>{"", "<a><b>", "x", "<a>", ""}));
    EXPECT_EQ(splitter.split(""), std::vector<std::string_view>{""});
}

BatchCost cheap() { return {1, 1.1, 1.2, 1.3, 1.5, 2}; }
BatchCost dear() { return {1, 2.1, 3.9, 8, 16, 32}; }

TEST(Drafter, CopiesWhatFollowsTheSameWords) {
    const Drafter drafter({1, 2, 3, 4, 5, 6, 7, 8}, cheap());
    const std::vector<std::int32_t> written{9, 2, 3, 4};
    const auto draft = drafter.propose(written, 31);
    EXPECT_EQ(std::vector<std::int32_t>(draft.begin(), draft.end()), (std::vector<std::int32_t>{5, 6, 7, 8}));
    EXPECT_EQ(drafter.propose(written, 2).size(), 2U);
    EXPECT_TRUE(drafter.propose(std::vector<std::int32_t>{2, 3, 9}, 31).empty());
    EXPECT_TRUE(drafter.propose(std::vector<std::int32_t>{2, 3}, 31).empty());
    EXPECT_TRUE(drafter.propose(std::vector<std::int32_t>{6, 7, 8}, 31).empty());
}

TEST(Drafter, PrefersThePlaceWithMoreInCommon) {
    const Drafter drafter({7, 1, 2, 3, 50, 8, 1, 2, 3, 60, 0}, cheap());
    EXPECT_EQ(drafter.propose(std::vector<std::int32_t>{7, 1, 2, 3}, 1).front(), 50);
    EXPECT_EQ(drafter.propose(std::vector<std::int32_t>{8, 1, 2, 3}, 1).front(), 60);
}

TEST(Drafter, KeepsQuietWhereDraftsDoNotPay) {
    const std::vector<std::int32_t> written{1, 2, 3};
    EXPECT_TRUE(Drafter({1, 2, 3, 4, 5}, dear()).propose(written, 31).empty());
    EXPECT_TRUE(Drafter({1, 2, 3, 4, 5}, {}).propose(written, 31).empty());
    Drafter wrong({1, 2, 3, 4, 5}, {1, 1.5, 2, 3, 6, 12});
    ASSERT_FALSE(wrong.propose(written, 31).empty());
    for (int i = 0; i < 60; ++i) wrong.learn(3, 0);
    EXPECT_TRUE(wrong.propose(written, 31).empty());
}

TEST(MemoryPlan, GivesTheContextThatFits) {
    GgufFacts facts;
    facts.bytes = 1 << 30;
    facts.width = 1024;
    facts.context = 131072;
    facts.cache_per_token = 16 << 10;
    EXPECT_EQ(plan_memory(facts, 0, std::int64_t{16} << 30, false)->context, 32768);
    const auto tight = plan_memory(facts, 0, (std::int64_t{1} << 30) + (400 << 20), false);
    ASSERT_TRUE(tight);
    EXPECT_LT(tight->context, 16384);
    EXPECT_GE(tight->context, 1024);
    EXPECT_GT(plan_memory(facts, 0, (std::int64_t{1} << 30) + (400 << 20), true)->context, tight->context);
    EXPECT_EQ(plan_memory(facts, 0, std::int64_t{1} << 30, false).error().code, ErrorCode::too_large);
    EXPECT_EQ(plan_memory(facts, 131072, std::int64_t{2} << 30, false).error().code, ErrorCode::too_large);
    EXPECT_EQ(plan_memory(facts, 131072, std::int64_t{16} << 30, false)->context, 131072);
}

}  // namespace
}  // namespace ec::model::embedded
