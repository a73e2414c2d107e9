#include <gtest/gtest.h>

#include <ec/agent/loop_guard.hpp>

namespace ec::agent {
namespace {

using Verdict = LoopGuard::Verdict;

json::Object path(const char* name) { return {{"path", name}}; }
const Hash128 kSame{1, 1};

TEST(LoopGuard, WarnsAndStopsAtTheSameCallInARow) {
    LoopGuard guard;
    for (const Verdict wanted : {Verdict::fine, Verdict::fine, Verdict::warn, Verdict::warn, Verdict::stop})
        EXPECT_EQ(guard.call("read", path("a"), kSame), wanted);
    EXPECT_EQ(guard.reason(), "the call read was made 5 times in a row with the same result");
}

TEST(LoopGuard, TakesANewResultForProgress) {
    LoopGuard guard;
    for (std::uint64_t i = 0; i < 50; ++i) EXPECT_EQ(guard.call("test", {}, Hash128{i, 0}), Verdict::fine);
}

TEST(LoopGuard, KnowsTheSameArgumentsInAnotherOrder) {
    LoopGuard guard;
    EXPECT_EQ(guard.call("read", {{"a", 1}, {"b", 2}}, kSame), Verdict::fine);
    EXPECT_EQ(guard.call("read", {{"b", 2}, {"a", 1}}, kSame), Verdict::fine);
    EXPECT_EQ(guard.call("read", {{"a", 1}, {"b", 2}}, kSame), Verdict::warn);
}

TEST(LoopGuard, NoticesCallsThatTakeTurns) {
    LoopGuard pairs;
    Verdict last = Verdict::fine;
    for (int i = 0; i < 3; ++i) {
        EXPECT_NE(last, Verdict::stop);
        (void)pairs.call("edit", path("a"), kSame);
        last = pairs.call("test", {}, kSame);
    }
    EXPECT_EQ(last, Verdict::warn);
    for (int i = 0; i < 2; ++i) {
        (void)pairs.call("edit", path("a"), kSame);
        last = pairs.call("test", {}, kSame);
    }
    EXPECT_EQ(last, Verdict::stop);
    EXPECT_EQ(pairs.reason(), "the same 2 calls were made 5 times in turn");

    LoopGuard triples;
    for (int i = 0; i < 5; ++i)
        for (const char* file : {"a", "b", "c"}) last = triples.call("read", path(file), kSame);
    EXPECT_EQ(last, Verdict::stop);
}

TEST(LoopGuard, LetsAModelReadManyFilesAndComeBack) {
    LoopGuard guard;
    for (int round = 0; round < 2; ++round)
        for (const char* file : {"a", "b", "c", "d"}) EXPECT_EQ(guard.call("read", path(file), kSame), Verdict::fine);
}

Verdict fed(LoopGuard& guard, std::string_view text, int times) {
    Verdict last = Verdict::fine;
    for (int i = 0; i < times; ++i) last = std::max(last, guard.text(text));
    return last;
}

TEST(LoopGuard, NoticesRepeatedLinesHoweverTheyAreCut) {
    LoopGuard guard;
    EXPECT_EQ(fed(guard, "Wait, let me check the file again.\n", 9), Verdict::fine);
    EXPECT_EQ(fed(guard, "Wait, let me check the file again.\n", 1), Verdict::warn);
    LoopGuard pieces;
    Verdict last = Verdict::fine;
    for (int i = 0; i < 25; ++i)
        for (const char c : std::string_view("Wait, let me check the file again.\n"))
            last = std::max(last, pieces.text(std::string_view(&c, 1)));
    EXPECT_EQ(last, Verdict::stop);
    EXPECT_TRUE(pieces.reason().contains("again and again"));
}

TEST(LoopGuard, NoticesRepeatedPhrasesWithoutLineBreaks) {
    LoopGuard guard;
    EXPECT_EQ(fed(guard, "I should look at the test and then at the code. ", 30), Verdict::stop);
}

TEST(LoopGuard, LetsCodeAndTablesRepeatTheirSigns) {
    LoopGuard guard;
    EXPECT_EQ(fed(guard, "    }\n\n  });\n| --- | --- |\n0, 0, 0, 0, 0, 0, 0, 0, 0,\n", 100), Verdict::fine);
}

TEST(LoopGuard, NoticesAParagraphThatComesBack) {
    LoopGuard guard;
    const std::string paragraph =
        "First I read the file.\nThen I think about the test.\nIt fails in the parser.\nSo I change the parser.\n";
    EXPECT_EQ(fed(guard, paragraph, 3), Verdict::fine);
    EXPECT_EQ(fed(guard, paragraph, 6), Verdict::stop);
}

TEST(LoopGuard, LetsTestsAssertTheSameInManyPlaces) {
    LoopGuard guard;
    for (int i = 0; i < 60; ++i) {
        const std::string n = std::to_string(i);
        EXPECT_EQ(guard.text("def test_page_" + n + "(client):\n    response = client.get('/page/" + n +
                             "')\n    assert response.status_code == 200\n    assert response.headers['content-type'] "
                             "== 'text/html'\n\n"),
                  Verdict::fine);
    }
}

TEST(LoopGuard, CountsTextAnewForEachAnswer) {
    LoopGuard guard;
    for (int i = 0; i < 30; ++i) {
        guard.new_answer();
        EXPECT_EQ(fed(guard, "I will now run the tests once more.\n", 2), Verdict::fine);
    }
}

TEST(LoopGuard, StaysBoundedOnAnyText) {
    LoopGuard guard;
    EXPECT_EQ(guard.text(""), Verdict::fine);
    (void)guard.text(std::string(1'000'000, 'x'));
    (void)guard.text(std::string(100'000, '\xff'));
    for (int i = 0; i < 30'000; ++i)
        EXPECT_NE(guard.text("a line that differs " + std::to_string(i) + "\n"), Verdict::stop);
}

}  // namespace
}  // namespace ec::agent
