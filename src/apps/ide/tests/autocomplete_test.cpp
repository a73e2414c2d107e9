// How far a completion reaches, where it ends, and which neighbours go before it.
#include "ide/autocomplete.hpp"

#include <gtest/gtest.h>

namespace ec::apps::ide {
namespace {

TEST(Extents, AreALineInsideOfOneAndABlockWhereOneBegins) {
    struct Case {
        const char* prefix;
        const char* suffix;
        Extent extent;
    };
    for (const Case& each :
         {Case{"x = ", "\n", Extent::line}, Case{"f(", ")\n", Extent::block}, Case{"x = f(a, ", "b)\n", Extent::line},
          Case{"def f():", "\n", Extent::block}, Case{"def f():\n    ", "\n", Extent::block},
          Case{"int f() {", "\n}", Extent::block}, Case{"if (x) {\n", "\n}", Extent::block},
          Case{"", "", Extent::block}, Case{"const f = () => ", ";\n", Extent::block}, Case{"a", "", Extent::line}})
        EXPECT_EQ(extent_at(each.prefix, each.suffix), each.extent) << each.prefix << "|" << each.suffix;
    EXPECT_EQ(extent_named("raw"), Extent::raw);
    EXPECT_FALSE(extent_named("page"));
}

struct EndCase {
    const char* prefix;
    const char* text;
    const char* kept;  ///< null: it may go on
};

void expect_end(Extent extent, const EndCase& each, std::optional<std::size_t> indent = {}) {
    const std::string_view text = each.text;
    const auto end = CompletionEnd(extent, each.prefix, indent).find(text);
    if (each.kept == nullptr)
        EXPECT_FALSE(end) << each.text;
    else
        EXPECT_EQ(end ? text.substr(0, *end) : "(no end)", each.kept) << each.prefix << "|" << each.text;
}

TEST(CompletionEnds, OfALineAreItsEnd) {
    expect_end(Extent::line, {"x = ", "1", nullptr});
    expect_end(Extent::line, {"x = ", "1\ny", "1"});
    expect_end(Extent::raw, {"x = ", "1\ny\n\n\n\nz", nullptr});
}

TEST(CompletionEnds, OfABlockAreWhereItsIndentationEnds) {
    for (const EndCase& each : {EndCase{"def f():", "\n    return 1\n", nullptr},
                                EndCase{"def f():", "\n    return 1\n\ndef g", "\n    return 1"},
                                EndCase{"def f():\n    ", "a = 1\n    return a\ndef g():", "a = 1\n    return a"},
                                EndCase{"def f():\n    ", "a = 1\n  ", nullptr},  // it may become deeper
                                EndCase{"def f():\n    ", "if a:\n        b\n    c\nd", "if a:\n        b\n    c"},
                                EndCase{"int f() {\n", "    return 1;\n}\n\nint g", "    return 1;\n}"},
                                EndCase{"  if (x) {", "\n    y();\n  }\n  z();", "\n    y();\n  }"},
                                EndCase{"\tif x {\n", "\t\ty()\n\t}\n\tz()", "\t\ty()\n\t}"},
                                EndCase{"def f():\n    a = 1\n    ", "b = 2\n\n    c = 3\nd", "b = 2\n\n    c = 3"},
                                EndCase{"x\n", "a\n\n\nb", "a"}})
        expect_end(Extent::block, each);
}

TEST(CompletionEnds, TakeTheIndentationThatTheEditorNames) {
    expect_end(Extent::block, {"x\n    ", "a\n  b", "a"}, 4);
    expect_end(Extent::block, {"x\n    ", "a\n  b\n", nullptr}, 2);
}

TEST(Overlaps, WithTheSuffixAreTakenOffTheEnd) {
    EXPECT_EQ(without_overlap("a, b)", ")"), "a, b");
    EXPECT_EQ(without_overlap("foo(1)", ")"), "foo(1)");  // its own bracket
    EXPECT_EQ(without_overlap("foo(1))", ")"), "foo(1)");
    EXPECT_EQ(without_overlap("return x\n}\n", "\n}\nint"), "return x");
    EXPECT_EQ(without_overlap("x = 1;", ";\n"), "x = 1");
    EXPECT_EQ(without_overlap("abc", "xyz"), "abc");
    EXPECT_EQ(without_overlap("", "x"), "");
    EXPECT_EQ(without_overlap("x", ""), "x");
}

TEST(NeighbourRings, GiveOtherFilesInTheOrderThatTheyWereLeft) {
    NeighbourRing ring;
    EXPECT_TRUE(ring.visit("w", "a.py", "a = 1\n", "").empty());
    EXPECT_TRUE(ring.visit("w", "a.py", "a = 2\n", "").empty());
    EXPECT_EQ(ring.visit("w", "b.py", "b = 1\n", ""), (std::vector<model::Excerpt>{{"a.py", "a = 2\n"}}));
    const auto two = ring.visit("w", "c.py", "c = 1\n", "");
    ASSERT_EQ(two.size(), 2U);
    EXPECT_EQ(two[0].path, "a.py");  // what was there keeps its place
    EXPECT_EQ(two[1].path, "b.py");
    EXPECT_TRUE(ring.visit("elsewhere", "d.py", "d", "").empty());
    EXPECT_TRUE(ring.visit("w", "", "x", "").empty());
}

TEST(NeighbourRings, KeepANewStateOfAPieceInsteadOfItsOldOne) {
    NeighbourRing ring;
    ring.visit("w", "a.py", "one\ntwo\n", "");
    ring.visit("w", "b.py", "b\n", "");
    ring.visit("w", "a.py", "one\ntwo\nthree\n", "");
    const auto pieces = ring.visit("w", "c.py", "c\n", "");
    ASSERT_EQ(pieces.size(), 2U);
    EXPECT_EQ(pieces[0].path, "b.py");
    EXPECT_EQ(pieces[1].text, "one\ntwo\nthree\n");
}

TEST(NeighbourRings, AreBounded) {
    NeighbourRing ring;
    for (int i = 0; i < 100; ++i) ring.visit("w", std::to_string(i), std::string(1 << 20, 'x') + std::to_string(i), "");
    const auto pieces = ring.visit("w", "last", "", "");
    EXPECT_EQ(pieces.size(), NeighbourRing::kMostPieces);
    EXPECT_LE(pieces[0].text.size(), NeighbourRing::kMostBytes);
}

TEST(Surroundings, AreTheLinesNearestToTheGap) {
    std::string before;
    std::string after;
    for (int i = 0; i < 100; ++i) {
        before += "b" + std::to_string(i) + "\n";
        after += "\na" + std::to_string(i);
    }
    const std::string text = around(before, after);
    EXPECT_TRUE(text.contains("b99\n") && text.contains("a0") && !text.contains("b1\n") && !text.contains("a90"));
    EXPECT_EQ(around("", ""), "");
    EXPECT_EQ(around("a", "b"), "ab");
}

}  // namespace
}  // namespace ec::apps::ide
