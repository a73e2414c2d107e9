#include <gtest/gtest.h>

#include <ec/core/toml.hpp>
#include <functional>

namespace ec {
namespace {

// What a reader that knows `name`, `count`, `on`, `words` and `inner.deep` says of a text.
std::string trouble(std::string_view text) {
    auto document = toml::Document::parse(text, "f.toml");
    if (!document) return document.error().message;
    toml::Table root = document->root();
    root.string("name");
    root.integer("count", 1, 10);
    root.boolean("on");
    root.strings("words");
    if (auto inner = root.table("inner")) inner->integer("deep", 0, 5);
    const Status status = document->finish();
    return status ? "" : status.error().message;
}

TEST(Toml, ReadsTypedFields) {
    auto document =
        toml::Document::parse("name = 'n'\ncount = 3\non = true\nwords = ['a',\n 'b']\n[inner]\ndeep = 5", "f");
    ASSERT_TRUE(document);
    toml::Table root = document->root();
    EXPECT_EQ(root.string("name"), "n");
    EXPECT_EQ(root.integer("count", 1, 10), 3);
    EXPECT_EQ(root.boolean("on"), true);
    const auto words = root.strings("words");
    ASSERT_TRUE(words);
    EXPECT_EQ((*words)[1].value, "b");
    EXPECT_EQ((*words)[1].line, 5U);
    EXPECT_EQ(root.table("inner")->integer("deep", 0, 5), 5);
    EXPECT_EQ(root.string("absent"), std::nullopt);
    EXPECT_TRUE(document->finish());
}

TEST(Toml, NamesTheLineAndTheField) {
    const std::pair<const char*, const char*> table[] = {
        {"\nname = 3", "f.toml:2: name: must be a string"},
        {"count = 11", "f.toml:1: count: must be from 1 to 10, not 11"},
        {"count = 1.5", "f.toml:1: count: must be a whole number"},
        {"count = 2026-01-01", "f.toml:1: count: must be a whole number"},
        {"on = 'yes'", "f.toml:1: on: must be true or false"},
        {"words = 'a'", "f.toml:1: words: must be an array of strings"},
        {"words = [\n'a',\n3]", "f.toml:3: words: must be an array of strings"},
        {"words = ['a', \"b\\u0000\"]", "f.toml:1: words: holds a NUL byte"},
        {"name = \"\\u0000\"", "f.toml:1: name: holds a NUL byte"},
        {"inner = 3", "f.toml:1: inner: must be a table"},
        {"[inner]\n\ndeep = -1", "f.toml:3: inner.deep: must be from 0 to 5, not -1"},
        {"name = 'n'\nnmae = 'x'", "f.toml:2: nmae: there is no such key"},
        {"[inner]\ndeep = 1\nx = 2\n[other]\n", "f.toml:3: inner.x: there is no such key"},
    };
    for (const auto& [text, message] : table) EXPECT_EQ(trouble(text), message) << text;
}

TEST(Toml, RefusesWhatIsNoToml) {
    for (const char* text : {"name", "name = ", "name = 'a'\nname = 'b'", "[inner]\n[inner]", "a = \"\xff\"", "\x01"}) {
        const std::string message = trouble(text);
        EXPECT_TRUE(message.starts_with("f.toml:")) << text << ": " << message;
        EXPECT_NE(message.find("not TOML"), std::string::npos) << message;
    }
    EXPECT_EQ(trouble(std::string_view("a = 1\n\0", 7)), "f.toml:2: there is a NUL byte in the text");
}

// Assertions of the library, which ended the program.
TEST(Toml, WhatTheLibraryTakesForGrantedIsRefusedToo) {
    for (const char* header : {"[.a]", "[=]", "[\n", "[#a]", "[ü]"}) {
        const std::string message = trouble("name = 'n'\n\n" + std::string(header) + "\ncount = 2\n");
        EXPECT_TRUE(message.starts_with("f.toml:3: this is not TOML")) << header << ": " << message;
    }
}

TEST(Toml, TheFirstFailureIsKept) { EXPECT_EQ(trouble("count = 99\nname = 3"), "f.toml:2: name: must be a string"); }

// Every level of a text is a stack frame, when it is copied and when it is destroyed.
TEST(Toml, LeavesToOthersWhatIsTheirs) {
    auto document = toml::Document::parse("[theirs]\nx = { y = [1] }\n[ours]\nz = 1\n", "f.toml");
    ASSERT_TRUE(document);
    toml::Table root = document->root();
    root.leave("theirs");
    root.leave("absent");
    EXPECT_FALSE(document->finish());
    EXPECT_TRUE(root.table("ours")->integer("z", 0, 9));
    EXPECT_TRUE(document->finish());
}

TEST(Toml, DeepTextsAreRefusedAndNotFollowed) {
    std::string dotted = "a";
    for (int i = 0; i < 100'000; ++i) dotted += ".a";
    EXPECT_NE(trouble(dotted + " = 1"), "");
    EXPECT_NE(trouble("[" + dotted + "]"), "");
    EXPECT_NE(trouble("x = \"\"\"a\"\"\"\"\n" + dotted + " = 1"), "");
    EXPECT_NE(trouble("a = " + std::string(100'000, '[')), "");
    EXPECT_NE(trouble(std::string(toml::kMostBytes + 1, '#')), "");
}

TEST(Toml, DotsInStringsAndCommentsAreNoDepth) {
    std::string text = "# " + std::string(5000, '.') + "\nname = '" + std::string(5000, '.') + "'\n";
    EXPECT_EQ(trouble(text), "");
}

TEST(Toml, QuotedTextReadsBack) {
    for (const std::string text : {"", "plain", "a\"b\\c", "tab\tnew\nline\x7f", "ü"}) {
        auto document = toml::Document::parse("name = " + toml::quoted(text), "f");
        ASSERT_TRUE(document) << text;
        EXPECT_EQ(document->root().string("name"), text);
    }
}

}  // namespace
}  // namespace ec
