#include <gtest/gtest.h>

#include <ec/codeindex/syntax.hpp>

namespace ec::codeindex {
namespace {

Tree tree_of(Language language, std::string text) {
    auto tree = Tree::parse(language, std::move(text));
    EXPECT_TRUE(tree.has_value());
    return *std::move(tree);
}

TEST(Syntax, LanguageFollowsTheFileNameEnding) {
    EXPECT_EQ(language_of("a/b.py"), Language::python);
    EXPECT_EQ(language_of("types.pyi"), Language::python);
    for (const char* path : {"a.js", "a.mjs", "a.cjs", "a.jsx"}) EXPECT_EQ(language_of(path), Language::javascript);
    for (const char* path : {"a.ts", "a.mts", "a.cts", "a.d.ts"}) EXPECT_EQ(language_of(path), Language::typescript);
    EXPECT_EQ(language_of("a.tsx"), Language::tsx);
    for (const char* path : {"a.txt", "Makefile", "a.py/readme", "", "py"}) EXPECT_FALSE(language_of(path).has_value());
}

TEST(Syntax, NodesGiveKindsRangesLinesAndFields) {
    const Tree tree = tree_of(Language::python, "def f(a):\n    return a <= 1\n");
    EXPECT_FALSE(tree.has_error());
    const Node function = tree.root().named_child(0);
    EXPECT_EQ(function.kind(), "function_definition");
    EXPECT_EQ(tree.text(function.field("name")), "f");
    EXPECT_FALSE(function.field("no_such_field").valid());
    const Node comparison = function.field("body").named_child(0).named_child(0);
    EXPECT_EQ(comparison.kind(), "comparison_operator");
    EXPECT_EQ(tree.text(comparison), "a <= 1");
    EXPECT_EQ(comparison.line(), 2);
    EXPECT_EQ(comparison.column(), 11);
    EXPECT_EQ(comparison.child(1).kind(), "<=");
    EXPECT_FALSE(comparison.child(1).named());
    EXPECT_EQ(comparison.named_child(0).next_named_sibling(), comparison.named_child(1));
    EXPECT_EQ(comparison.named_child(1).previous_named_sibling(), comparison.named_child(0));
    EXPECT_EQ(comparison.named_child(0).parent(), comparison);
    EXPECT_EQ(tree.named_descendant(comparison.begin(), comparison.end()), comparison);
    const auto children = function.children();
    ASSERT_EQ(children.size(), function.child_count());
    EXPECT_EQ(children[1].field, "name");
    EXPECT_EQ(children[0].field, "");
    EXPECT_EQ(children[4].node, function.field("body"));
}

TEST(Syntax, AnInvalidNodeAnswersEverythingWithNothing) {
    const Node none;
    EXPECT_FALSE(none.valid());
    EXPECT_EQ(none.kind(), "");
    EXPECT_FALSE(none.child(0).valid());
    EXPECT_FALSE(none.parent().valid());
    EXPECT_TRUE(none.children().empty());
    EXPECT_EQ(none, none.field("x"));
}

TEST(Syntax, TokensAreTheLeavesWithoutComments) {
    const Tree tree = tree_of(Language::javascript, "// hi\nlet x = a ?? 1; /* c */\n");
    std::string joined;
    for (const Token& token : tree.tokens()) joined += std::string(token.text) + "|";
    EXPECT_EQ(joined, "let|x|=|a|??|1|;|");
    EXPECT_EQ(tree.tokens().front().line, 2);
}

TEST(Syntax, PreorderIsTheWholeTreeAsPlainData) {
    const Tree tree = tree_of(Language::python, "x = f(1)\ny = 2\n");
    const auto nodes = tree.preorder();
    EXPECT_EQ(nodes[0].kind, "module");
    EXPECT_EQ(nodes[0].next, nodes.size());
    EXPECT_EQ(nodes[0].parent, 0U);
    const FlatNode& first = nodes[1];
    EXPECT_EQ(first.kind, "expression_statement");
    EXPECT_EQ(nodes[first.next].kind, "expression_statement");
    EXPECT_EQ(nodes[first.next].line, 2);
    for (std::size_t i = 1; i < nodes.size(); ++i) {
        EXPECT_LT(nodes[i].parent, i);
        EXPECT_GT(nodes[i].next, i);
        EXPECT_LE(nodes[i].next, nodes[nodes[i].parent].next);
    }
    EXPECT_EQ(nodes[3].field, "left");
}

TEST(Syntax, EveryGrammarTakesItsOwnLanguage) {
    EXPECT_TRUE(parses(Language::python, "match x:\n    case 1:\n        y = (z := 2)\n"));
    EXPECT_TRUE(parses(Language::javascript, "const f = async ({a}) => <b>{await a?.b}</b>;\n"));
    EXPECT_TRUE(parses(Language::typescript, "function f<T>(x: T): x is T { return <any>x satisfies T; }\n"));
    EXPECT_TRUE(parses(Language::tsx, "const f = <T,>(x: T) => <p>{x}</p>;\n"));
    EXPECT_FALSE(parses(Language::python, "def f(:\n"));
    EXPECT_FALSE(parses(Language::javascript, "let = (;\n"));
}

TEST(Syntax, OddBytesNeitherCrashNorMoveTheRanges) {
    for (const std::string& text :
         {std::string("x = 1\r\ny = 2\r\n"), std::string("x = '\xff\xfe'\n"), std::string("\xef\xbb\xbfx = 1\n"),
          std::string("if x:\n\ty = 1\n"), std::string("a\0b", 3), std::string(), std::string("\xff")}) {
        const Tree tree = tree_of(Language::python, text);
        EXPECT_EQ(tree.text(), text);
        std::uint32_t last = 0;
        for (const Token& token : tree.tokens()) {
            EXPECT_GE(token.begin, last);
            last = token.begin + static_cast<std::uint32_t>(token.text.size());
            EXPECT_LE(last, text.size());
        }
    }
}

TEST(Syntax, DeepNestingIsParsedWithoutRunningOutOfStack) {
    for (const Language language : {Language::python, Language::javascript, Language::tsx}) {
        const Tree tree = tree_of(language, std::string(10000, '(') + "x" + std::string(10000, ')') + "\n");
        EXPECT_EQ(tree.tokens().size(), 20001U);
        tree_of(language, std::string(10000, '[') + "\n");
    }
}

TEST(Syntax, TextsAboveFourMebibytesAreRefused) {
    const auto tree = Tree::parse(Language::python, std::string((std::size_t{4} << 20) + 1, ' '));
    ASSERT_FALSE(tree.has_value());
    EXPECT_EQ(tree.error().code, ErrorCode::too_large);
}

TEST(Syntax, AMovedTreeKeepsItsNodes) {
    Tree tree = tree_of(Language::python, "x = 1\n");
    const Node root = tree.root();
    const Tree moved = std::move(tree);
    EXPECT_EQ(moved.text(root.named_child(0)), "x = 1");
}

}  // namespace
}  // namespace ec::codeindex
