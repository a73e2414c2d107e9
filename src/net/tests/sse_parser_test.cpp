#include <gtest/gtest.h>

#include <ec/core/rng.hpp>
#include <ec/net/http_client.hpp>

namespace ec::net {
namespace {

std::vector<std::string> shown(const std::vector<SseParser::Event>& events) {
    std::vector<std::string> out;
    for (const auto& event : events) out.push_back(event.type + "|" + event.id + "|" + event.data);
    return out;
}

std::vector<std::string> parsed(std::string_view bytes) {
    SseParser parser;
    return shown(*parser.feed(bytes));
}

using Events = std::vector<std::string>;

// The examples of WHATWG HTML, section 9.2.6.
TEST(ServerSentEvents, AreReadAsTheStandardsExamplesSay) {
    EXPECT_EQ(parsed("data: YHOO\ndata: +2\ndata: 10\n\n"), Events{"message||YHOO\n+2\n10"});
    EXPECT_EQ(parsed(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
              (Events{"message|1|first event", "message||second event", "message|| third event"}));
    EXPECT_EQ(parsed("data\n\ndata\ndata\n\ndata:"), (Events{"message||", "message||\n"}));
    EXPECT_EQ(parsed("data:test\n\ndata: test\n\n"), (Events{"message||test", "message||test"}));
}

TEST(ServerSentEvents, EndLinesInThreeWays) {
    EXPECT_EQ(parsed("data: a\r\n\r\ndata: b\r\rdata: c\n\n"), (Events{"message||a", "message||b", "message||c"}));
}

TEST(ServerSentEvents, HaveTypesThatLastOneEventAndIdsThatStay) {
    EXPECT_EQ(parsed("event: add\nid: 7\ndata: 1\n\ndata: 2\n\n"), (Events{"add|7|1", "message|7|2"}));
    EXPECT_EQ(parsed("event: lost\n\ndata: 1\n\n"), Events{"message||1"});
    EXPECT_EQ(parsed(std::string_view("id: a\0b\ndata: 1\n\n", 17)), Events{"message||1"});
}

TEST(ServerSentEvents, MayBeginWithAByteOrderMarkAndHoldAnything) {
    EXPECT_EQ(parsed("\xEF\xBB\xBF"
                     "data: 1\n\n"),
              Events{"message||1"});
    EXPECT_EQ(parsed("retry: 5\nnonsense\n: \ndata: \xFF\n\n"), Events{"message||\xFF"});
    EXPECT_EQ(parsed(""), Events{});
    EXPECT_EQ(parsed("data: never ended\n"), Events{});
}

TEST(ServerSentEvents, AreTheSameHoweverTheBytesAreCut) {
    constexpr std::string_view kWords[] = {"\r", "\n",    "\r\n", "data",         ":",       " ",
                                           "id", "event", "x",    "\xEF\xBB\xBF", "\xC3\xA9"};
    Rng rng(42);
    for (int round = 0; round < 3000; ++round) {
        std::string bytes;
        for (std::uint64_t i = rng.below(60); i > 0; --i) bytes += kWords[rng.below(std::size(kWords))];
        SseParser parser;
        Events pieces;
        for (std::string_view rest = bytes; !rest.empty();) {
            const std::size_t size = 1 + rng.below(rest.size() < 9 ? rest.size() : 9);
            for (std::string& event : shown(*parser.feed(rest.substr(0, size)))) pieces.push_back(std::move(event));
            rest.remove_prefix(size);
        }
        ASSERT_EQ(pieces, parsed(bytes)) << ::testing::PrintToString(bytes);
    }
}

TEST(ServerSentEvents, BeyondTheLimitAreRefused) {
    for (const char* endless : {"xxxxxxxxxx", "data: xxx\n"}) {
        SseParser parser(1000);
        Status status;
        for (int i = 0; status && i < 1000; ++i) {
            if (const auto events = parser.feed(endless); !events) status = fail(events.error());
        }
        ASSERT_FALSE(status);
        EXPECT_EQ(status.error().code, ErrorCode::too_large);
    }
    SseParser parser(1000);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(parser.feed("data: small\n\n"));
}

TEST(ServerSentEvents, SaysWhereAndWhenToTakeTheStreamUpAgain) {
    SseParser parser;
    EXPECT_EQ(parser.last_id(), "");
    EXPECT_EQ(parser.retry(), std::nullopt);
    ASSERT_TRUE(parser.feed("id: 7\nretry: 500\n"));
    EXPECT_EQ(parser.last_id(), "") << "an event that is not over may be lost";
    EXPECT_EQ(parser.feed("\n").value().size(), 0U);
    EXPECT_EQ(parser.last_id(), "7");
    EXPECT_EQ(parser.retry(), std::chrono::milliseconds(500));
    for (const char* nonsense : {"retry: soon\n\n", "retry: -1\n\n", "retry:\n\n", "retry: 1e3\n\n"}) {
        ASSERT_TRUE(parser.feed(nonsense));
        EXPECT_EQ(parser.retry(), std::chrono::milliseconds(500)) << nonsense;
    }
}

}  // namespace
}  // namespace ec::net
