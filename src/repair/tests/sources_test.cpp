// Which files a repair may edit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/core/fs.hpp>
#include <ec/repair/sources.hpp>

namespace ec::repair {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::set<std::string> tests_of(const std::string& command, const std::vector<std::string>& ids,
                               const std::set<std::string>& files) {
    return files_of_tests(executor::recognise_test_command(command, "/nonexistent"), ids, files);
}

TEST(FilesOfTests, AreThoseThatTheIdsOfTestsName) {
    EXPECT_THAT(
        tests_of("pytest -q", {"check_lib.py::Checks::check_high", "check_lib.py::f[1.5]"}, {"check_lib.py", "lib.py"}),
        ElementsAre("check_lib.py"));
    EXPECT_THAT(tests_of("python3 -m unittest ut", {"ut.Clamp.test_a"}, {"ut.py", "lib.py", "utils.py"}),
                ElementsAre("ut.py"));
    EXPECT_THAT(
        tests_of("python3 -m unittest discover -s checks", {"ut.Clamp.test_a"}, {"checks/ut.py", "checks/lib.py"}),
        ElementsAre("checks/ut.py"));
    EXPECT_THAT(tests_of("npx mocha specs", {"specs/clamp.js > clamp > b"}, {"specs/clamp.js", "lib/c.js"}),
                ElementsAre("specs/clamp.js"));
}

TEST(FilesOfTests, AreThoseThatTheCommandNames) {
    EXPECT_THAT(tests_of("python3 check.py", {"check.py"}, {"check.py", "lib.py"}), ElementsAre("check.py"));
    EXPECT_THAT(tests_of("true && node 'check.js'", {"command"}, {"check.js", "lib.js"}), ElementsAre("check.js"));
    EXPECT_THAT(tests_of("npx tape 'specs/*.js'", {"sums > adds"}, {"specs/a.js", "lib/a.js"}),
                ElementsAre("specs/a.js"));
}

TEST(FilesOfTests, ADoctestStandsInWhatIsToBeRepaired) {
    EXPECT_THAT(tests_of("pytest --doctest-modules pkg/mod.py", {"pkg/mod.py::pkg.mod.f", "pkg/mod.py::pkg.mod"},
                         {"pkg/mod.py"}),
                IsEmpty());
    EXPECT_THAT(tests_of("pytest --doctest-modules", {"src/pkg/mod.py::pkg.mod.C.f"}, {"src/pkg/mod.py"}), IsEmpty());
    EXPECT_THAT(tests_of("python3 -m doctest mod.py", {"mod.f:3"}, {"mod.py"}), IsEmpty());
}

TEST(SourcesTooLarge, AreNamedWhereTheyWouldBeEditedOtherwise) {
    const TempDir dir = TempDir::create().value();
    const std::string text(kLargestSource + 1, '\n');
    for (const char* file : {"pkg/big.py", "small.py", "test_big.py", "big.cpp", "node_modules/x/big.js"}) {
        std::filesystem::create_directories((dir.path() / file).parent_path());
        ASSERT_TRUE(write_file_atomic(dir.path() / file, std::string_view(file) == "small.py" ? "\n" : text));
    }
    EXPECT_THAT(sources_too_large(dir.path(), false), ElementsAre("pkg/big.py"));
    EXPECT_THAT(sources_too_large(dir.path(), true), ElementsAre("pkg/big.py", "test_big.py"));
}

TEST(LoadUnits, TakeOnlyWhatTheMutationOperatorsCanEdit) {
    const TempDir dir = TempDir::create().value();
    const auto root = std::filesystem::canonical(dir.path());
    const std::set<std::string> files = {"a.py", "b.ts", "c.cpp", "d.go", "e.rs", "f.java"};
    for (const std::string& file : files) ASSERT_TRUE(write_file_atomic(root / file, "\n"));
    std::set<std::string> taken;
    for (const SourceUnit& unit : load_units(root, files, false)) taken.insert(unit.path);
    EXPECT_EQ(taken, (std::set<std::string>{"a.py", "b.ts"}));
    std::stop_source over;
    over.request_stop();
    EXPECT_THAT(load_units(root, files, false, over.get_token()), IsEmpty());
    EXPECT_FALSE(repairable_language("src/x.cpp"));
    EXPECT_TRUE(repairable_language("src/x.tsx"));
}

TEST(TestLines, HoldWhatDecidesTheExitStatusOfALoneScript) {
    const auto ranges = [](codeindex::Language language, const std::string& text) {
        return test_line_ranges({"f", *codeindex::Tree::parse(language, text)});
    };
    using Ranges = std::vector<std::pair<int, int>>;
    EXPECT_EQ(ranges(codeindex::Language::python, "import sys\nx = f()\nif x != 5:\n    sys.exit(1)\n"),
              (Ranges{{3, 4}}));
    EXPECT_EQ(ranges(codeindex::Language::javascript, "const x = f();\nif (x !== 5) {\n  process.exit(1);\n}\n"),
              (Ranges{{2, 4}}));
}

}  // namespace
}  // namespace ec::repair
