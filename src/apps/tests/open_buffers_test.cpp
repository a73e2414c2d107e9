// What an editor has not saved, and changes that go through it.
#include "open_buffers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/undo.hpp>
#include <map>

#include "data_dir.hpp"

namespace ec::apps {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Holds buffers by absolute path, saves what it writes, and can be stuck.
class FakeEditor final : public Editor {
public:
    [[nodiscard]] bool reads() const override { return can_read; }
    [[nodiscard]] bool writes() const override { return can_write; }
    Result<std::string> read(const std::filesystem::path& path) override {
        asked.push_back(path.filename().string());
        if (stuck) return fail(ErrorCode::timeout, "no answer");
        const auto at = buffers.find(path.string());
        if (at == buffers.end()) return fail(ErrorCode::not_found, "not open");
        return at->second;
    }
    Status write(const std::filesystem::path& path, const std::string& text) override {
        written.push_back(path.filename().string());
        if (refuses == path.filename()) return fail(ErrorCode::unavailable, "read-only buffer");
        buffers[path.string()] = text;
        std::filesystem::create_directories(path.parent_path());
        return saves ? write_file_atomic(path, text) : Status{};
    }
    bool can_read = true, can_write = true, stuck = false, saves = true;
    std::string refuses;
    std::map<std::string, std::string> buffers;
    std::vector<std::string> asked, written;
};

class OpenBuffersTest : public ::testing::Test {
protected:
    void SetUp() override {
        ::setenv("EDGECODER_DATA_DIR", (dir_.path() / "data").c_str(), 1);
        std::filesystem::create_directories(root());
        put("a.py", "one\n");
        put("b.py", "two\n");
        put(".env", "TOKEN=secret\n");
    }
    [[nodiscard]] std::filesystem::path root() const { return std::filesystem::canonical(dir_.path()) / "project"; }
    void put(const std::string& name, const std::string& text) { ASSERT_TRUE(write_file_atomic(root() / name, text)); }
    std::string disk(const std::string& name) { return read_file(root() / name).value_or("(nothing)"); }
    void type(const std::string& name, const std::string& text) { editor_.buffers[(root() / name).string()] = text; }
    OpenBuffers& buffers() {
        if (!project_) {
            project_.emplace(ProjectView::open(root()).value());
            buffers_.emplace(&editor_, *project_);
        }
        return *buffers_;
    }
    ProjectView& project() {
        buffers();
        return *project_;
    }
    Result<std::vector<executor::Applied>> write(const std::vector<vcs::FileVersion>& files) {
        return buffers().write(files, {}, "a test");
    }
    Result<executor::Undone> undo() { return executor::undo(root(), {undo_dir().value(), false, {}}); }

    TempDir dir_ = TempDir::create().value();
    FakeEditor editor_;
    std::optional<ProjectView> project_;
    std::optional<OpenBuffers> buffers_;
};

struct Pair {
    const char* disk;
    const char* buffer;
    std::optional<std::string> newer;
};
class NewerText : public ::testing::TestWithParam<Pair> {};
TEST_P(NewerText, IsWhatSavingWouldLeave) {
    EXPECT_EQ(newer_text(GetParam().buffer, GetParam().disk), GetParam().newer);
}
INSTANTIATE_TEST_SUITE_P(OfBuffers, NewerText,
                         ::testing::Values(Pair{"a\n", "a\n", std::nullopt}, Pair{"a\n", "b\n", "b\n"},
                                           Pair{"a\r\nb\r\n", "a\nb\n", std::nullopt},
                                           Pair{"a\r\nb\r\n", "a\nc\n", "a\r\nc\r\n"},
                                           Pair{"a\r\nb\r\n", "a\r\nc\r\n", "a\r\nc\r\n"},
                                           Pair{"\xef\xbb\xbf"
                                                "a\n",
                                                "a\n", std::nullopt},
                                           Pair{"\xef\xbb\xbf"
                                                "a\n",
                                                "b\n",
                                                "\xef\xbb\xbf"
                                                "b\n"},
                                           Pair{"a\n", "a", std::nullopt}, Pair{"a", "a\n", std::nullopt},
                                           Pair{"", "x", "x"}, Pair{"x", "", ""}));

TEST_F(OpenBuffersTest, AFileThatTheTaskNamesIsReadFromTheEditor) {
    type("a.py", "typed\n");
    type("b.py", "typed too\n");
    buffers().begin("make a.py better");
    EXPECT_EQ(project().read("a.py"), "typed\n");
    EXPECT_EQ(project().read("b.py"), "two\n") << "nobody has asked for it";
    buffers().attend("b.py");
    EXPECT_EQ(project().read("b.py"), "typed too\n");
    EXPECT_EQ(project().unsaved().size(), 2U);
}

TEST_F(OpenBuffersTest, AFileIsAskedForOnceATaskAndAgainInTheNext) {
    type("a.py", "typed\n");
    buffers().begin("a.py");
    buffers().attend("a.py");
    EXPECT_THAT(editor_.asked, ElementsAre("a.py"));
    put("a.py", "typed\n");
    buffers().begin("something else");
    EXPECT_THAT(editor_.asked, ElementsAre("a.py", "a.py"));
    EXPECT_THAT(project().unsaved(), IsEmpty()) << "it was saved meanwhile";
}

TEST_F(OpenBuffersTest, WhatTheAgentMayNotSeeIsNotAskedFor) {
    type(".env", "TOKEN=other\n");
    buffers().begin(".env");
    buffers().attend(".env");
    EXPECT_THAT(editor_.asked, IsEmpty());
    EXPECT_THAT(project().unsaved(), IsEmpty());
}

TEST_F(OpenBuffersTest, AnEditorThatDoesNotAnswerIsAskedOnceATask) {
    editor_.stuck = true;
    buffers().begin("a.py and b.py");
    EXPECT_EQ(editor_.asked.size(), 1U);
    const auto applied = write({{"a.py", "one\n", "uno\n", false, false}});
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::timeout);
    EXPECT_EQ(disk("a.py"), "one\n");
}

TEST_F(OpenBuffersTest, AChangeIsWrittenByTheEditorAndTakenBackByUndo) {
    type("a.py", "typed\n");
    buffers().begin("a.py");
    const auto applied =
        write({{"a.py", "typed\n", "typed, changed\n", false, false}, {"c/d.py", "", "new\n", true, false}});
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(applied->size(), 1U);
    EXPECT_THAT(editor_.written, ElementsAre("a.py", "d.py"));
    EXPECT_THAT(project().unsaved(), IsEmpty());
    ASSERT_TRUE(undo());
    EXPECT_EQ(disk("a.py"), "typed\n");
    EXPECT_EQ(disk("c/d.py"), "(nothing)");
}

TEST_F(OpenBuffersTest, ATextThatChangedSinceIsNotOverwritten) {
    type("a.py", "typed\n");
    buffers().begin("a.py");
    type("a.py", "typed again\n");
    const auto applied = write({{"b.py", "two\n", "zwei\n", false, false}, {"a.py", "typed\n", "x\n", false, false}});
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::conflict);
    EXPECT_THAT(editor_.written, IsEmpty());
}

TEST_F(OpenBuffersTest, AFileThatAppearedMeanwhileIsNotOverwritten) {
    buffers().begin("");
    put("new.py", "somebody's\n");
    const auto applied = write({{"new.py", "", "ours\n", true, false}});
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::conflict);
    EXPECT_EQ(disk("new.py"), "somebody's\n");
}

TEST_F(OpenBuffersTest, AnEditorThatCannotWriteKeepsWhatItHasNotSaved) {
    editor_.can_write = false;
    type("a.py", "typed\n");
    buffers().begin("a.py");
    const auto refused = write({{"a.py", "typed\n", "x\n", false, false}});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("unsaved changes"));
    ASSERT_TRUE(write({{"b.py", "two\n", "zwei\n", false, false}}));
    EXPECT_EQ(disk("b.py"), "zwei\n");
    ASSERT_TRUE(undo());
    EXPECT_EQ(disk("b.py"), "two\n");
}

TEST_F(OpenBuffersTest, AChangeOfWhichTheEditorRefusesAPartIsNotMade) {
    editor_.refuses = "b.py";
    buffers().begin("");
    EXPECT_FALSE(write({{"a.py", "one\n", "x\n", false, false}, {"b.py", "two\n", "x\n", false, false}}));
    EXPECT_EQ(disk("a.py"), "one\n");
}

TEST_F(OpenBuffersTest, WhatTheEditorHoldsUnsavedStaysKnown) {
    editor_.saves = false;
    buffers().begin("");
    const auto applied = write({{"a.py", "one\n", "uno\n", false, false}});
    ASSERT_TRUE(applied);
    EXPECT_THAT(*applied, IsEmpty());
    EXPECT_THAT(buffers().left_unsaved(), ElementsAre("a.py"));
    EXPECT_EQ(project().read("a.py"), "uno\n");
    EXPECT_EQ(disk("a.py"), "one\n");
}

TEST_F(OpenBuffersTest, AFileIsRemovedByUsAndComesBackWithUndo) {
    buffers().begin("");
    ASSERT_TRUE(write({{"a.py", "one\n", "uno\n", false, false}, {"b.py", "two\n", "", false, true}}));
    EXPECT_EQ(disk("b.py"), "(nothing)");
    ASSERT_TRUE(undo());
    EXPECT_EQ(disk("b.py"), "two\n");
    ASSERT_TRUE(undo());
    EXPECT_EQ(disk("a.py"), "one\n");
}

TEST_F(OpenBuffersTest, AGuardedPlaceNeedsTheSameApprovalAsEver) {
    buffers().begin("");
    const auto applied = write({{".vscode/tasks.json", "", "{}", true, false}});
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::denied);
    EXPECT_THAT(editor_.written, IsEmpty());
}

}  // namespace
}  // namespace ec::apps
