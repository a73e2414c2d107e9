#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "memory_files.hpp"
#include "words.hpp"

namespace ec::codeindex {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAreArray;

TEST(Words, SplitIdentifiersAndKeepThemWhole) {
    const auto same = [](std::string_view text, std::string_view words) {
        EXPECT_THAT(words_of(text), UnorderedElementsAreArray(words_of(words))) << text;
    };
    same("parseHttpHeader", "parsehttpheader parse http header");
    same("HTTPServer", "httpserver http server");

    EXPECT_EQ(words_of("snake_case").size(), 3U);
    EXPECT_EQ(words_of("utf8Decode").size(), 3U);
    EXPECT_TRUE(words_of("a 1 22 _ __ 0x ;").empty());
    EXPECT_TRUE(words_of(std::string(65, 'a')).empty());
    EXPECT_EQ(words_of("Größe").size(), 1U);
}

TEST(Index, HoldsDefinitionsUsesAndWordsOfEveryFile) {
    const MemoryFiles files{
        {{"b.py", "from a import area\nprint(area(2))\n"}, {"a.py", "def area(r):\n    return r\n"}}};
    const Index index = files.index();
    ASSERT_EQ(index.files().size(), 2U);
    EXPECT_EQ(index.files()[0].path, "a.py");
    EXPECT_EQ(index.files()[0].definitions[0].name, "area");
    EXPECT_THAT(index.names(), ElementsAre("area"));
    ASSERT_EQ(index.files()[1].uses.size(), 1U);
    EXPECT_EQ(index.files()[1].uses[0].count, 2U);
    EXPECT_EQ(index.file_index("b.py"), 1U);
    EXPECT_FALSE(index.file_index("c.py"));
    EXPECT_FALSE(index.name_index("r"));
    EXPECT_EQ(index.postings(words_of("area")[0]).size(), 2U);
    EXPECT_TRUE(index.postings(0).empty());
}

TEST(Index, DoesNotDependOnTheOrderOfPathsOrTheNumberOfThreads) {
    MemoryFiles files;
    for (int i = 0; i < 300; ++i)
        files.texts["m" + std::to_string(i) + ".py"] =
            "def f" + std::to_string(i) + "(): return f" + std::to_string((i * 7) % 300) + "()\n";
    std::vector<std::string> backwards = files.paths();
    std::ranges::reverse(backwards);
    const Index one = Index::build(files.paths(), files.reader(), {.threads = 1});
    const Index other = Index::build(backwards, files.reader(), {.threads = 4});
    EXPECT_EQ(one.names(), other.names());
    for (std::size_t i = 0; i < one.files().size(); ++i) {
        EXPECT_EQ(one.files()[i].path, other.files()[i].path);
        EXPECT_EQ(one.files()[i].definitions, other.files()[i].definitions);
        EXPECT_EQ(one.files()[i].words, other.files()[i].words);
    }
}

TEST(Index, NeverHoldsWhatTheReaderRefuses) {
    const MemoryFiles files{{{"a.py", "visible = 1\n"}}};
    const Index index = Index::build({"a.py", "secret.py"}, files.reader());
    ASSERT_EQ(index.files().size(), 2U);
    EXPECT_TRUE(index.files()[1].definitions.empty());
    EXPECT_EQ(index.files()[1].words, 4U * words_of("secret.py").size());
}

TEST(Index, TakesOnlyTheNameOfBinaryMinifiedAndLargeFiles) {
    const MemoryFiles files{{{"b.py", std::string("x\0y = 1\ndef f(): pass\n", 22)},
                             {"line.js", std::string(10'000'000, 'a')},
                             {"min.js", "function f(){" + std::string(20'000, 'x') + "}"},
                             {"nest.py", std::string(900'000, '[')},
                             {"odd.py", "\xff\xfe def g(\n"},
                             {"empty.py", ""}}};
    const Index index = files.index();
    for (const IndexedFile& file : index.files()) {
        if (file.path != "odd.py") {
            EXPECT_TRUE(file.definitions.empty()) << file.path;
        }
    }
}

TEST(Index, IsBoundedInFilesAndBytes) {
    MemoryFiles files;
    for (int i = 0; i < 10; ++i)
        files.texts["f" + std::to_string(i) + ".py"] = "def g" + std::to_string(i) + "(): pass\n";
    EXPECT_EQ(files.index({.files = 4}).files().size(), 4U);
    EXPECT_TRUE(files.index({.files = 4}).truncated());
    const Index small = files.index({.all_bytes = 50});
    EXPECT_EQ(small.files().size(), 10U);
    EXPECT_TRUE(small.truncated());
    EXPECT_EQ(small.names().size(), 3U);
    EXPECT_FALSE(files.index().truncated());
    std::stop_source stopped;
    stopped.request_stop();
    EXPECT_TRUE(Index::build(files.paths(), files.reader(), {}, stopped.get_token()).names().empty());
    EXPECT_TRUE(Index::build({}, files.reader()).files().empty());
}

}  // namespace
}  // namespace ec::codeindex
