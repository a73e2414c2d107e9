// A workspace copied, changed by somebody hostile, and compared.
#include "private_copy.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <ec/core/fs.hpp>
#include <fstream>

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

class PrivateCopyTest : public ::testing::Test {
protected:
    void write(const fs::path& path, std::string_view content) {
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
    }
    PrivateCopy copy(const std::vector<FileEdit>& edits = {}) {
        auto made = PrivateCopy::make(workspace_, edits, tree_);
        if (!made) throw std::runtime_error(made.error().message);
        return std::move(*made);
    }
    static std::vector<std::string> paths(const PrivateCopy::Difference& difference) {
        std::vector<std::string> names;
        for (const Change& change : difference.changes) {
            names.push_back("+*-"[static_cast<int>(change.kind)] + change.path);
        }
        return names;
    }

    TempDir dir_ = std::move(*TempDir::create());
    fs::path workspace_ = dir_.path() / "real";
    fs::path tree_ = dir_.path() / "copy";
    void SetUp() override {
        write(workspace_ / "a.txt", "a");
        write(workspace_ / "src/b.txt", "b");
        write(workspace_ / "src/run.sh", "#!");
        fs::permissions(workspace_ / "src/run.sh", fs::perms::owner_all);
        fs::create_symlink("src/b.txt", workspace_ / "link");
    }
};

TEST_F(PrivateCopyTest, HoldsWhatTheWorkspaceHoldsAndNothingHasChanged) {
    const PrivateCopy made = copy();
    EXPECT_EQ(read_file(tree_ / "src/b.txt").value(), "b");
    EXPECT_EQ(fs::read_symlink(tree_ / "link"), "src/b.txt");
    EXPECT_EQ(fs::status(tree_ / "src/run.sh").permissions(), fs::perms::owner_all);
    EXPECT_TRUE(made.difference(0).changes.empty());
}

TEST_F(PrivateCopyTest, TellsWhatIsNewChangedAndGone) {
    const PrivateCopy made = copy();
    write(tree_ / "new/c.txt", "c");
    write(tree_ / "a.txt", "A");
    fs::remove(tree_ / "src/b.txt");
    fs::permissions(tree_ / "src/run.sh", fs::perms::owner_read);
    const auto difference = made.difference(100);
    EXPECT_EQ(paths(difference), (std::vector<std::string>{"*a.txt", "+new/c.txt", "-src/b.txt", "*src/run.sh"}));
    EXPECT_EQ(difference.changes[0].content, "A");
    EXPECT_EQ(difference.changes[3].mode, 0400U);
    EXPECT_FALSE(difference.cut);
    EXPECT_EQ(read_file(workspace_ / "a.txt").value(), "a");
}

TEST_F(PrivateCopyTest, AFileWrittenAgainWithTheSameBytesIsNoChange) {
    const PrivateCopy made = copy();
    write(tree_ / "a.txt", "a");
    EXPECT_TRUE(made.difference(0).changes.empty());
}

TEST_F(PrivateCopyTest, EditsAreThereAndAreNoChange) {
    const PrivateCopy made = copy({{"src/b.txt", "edited"}, {"deep/er/new.txt", "n"}, {"link", "a file now"}});
    EXPECT_EQ(read_file(tree_ / "src/b.txt").value(), "edited");
    EXPECT_EQ(read_file(tree_ / "deep/er/new.txt").value(), "n");
    EXPECT_EQ(read_file(tree_ / "link").value(), "a file now");
    EXPECT_TRUE(made.difference(0).changes.empty());
}

TEST_F(PrivateCopyTest, AnEditThroughALinkIsRefused) {
    write(dir_.path() / "outside/x", "x");
    fs::create_directory_symlink(dir_.path() / "outside", workspace_ / "out");
    const auto made = PrivateCopy::make(workspace_, {{"out/x", "y"}}, tree_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(read_file(dir_.path() / "outside/x").value(), "x");
}

TEST_F(PrivateCopyTest, LinksThatLeadOutComeWithoutTheirTargetAndAreNotFollowed) {
    const PrivateCopy made = copy();
    fs::create_symlink("/etc/passwd", tree_ / "passwd");
    fs::create_symlink("a.txt", tree_ / "inside");
    fs::remove(tree_ / "a.txt");
    fs::create_symlink("/etc/hostname", tree_ / "a.txt");
    fs::remove_all(tree_ / "src");
    fs::create_directory_symlink("/etc", tree_ / "src");
    const auto difference = made.difference(1000);
    EXPECT_EQ(paths(difference),
              (std::vector<std::string>{"*a.txt", "+inside", "+passwd", "+src", "-src/b.txt", "-src/run.sh"}));
    for (const Change& change : difference.changes) {
        EXPECT_EQ(change.content, "");
        EXPECT_EQ(change.symlink_target, change.path == "inside" ? "a.txt" : "");
    }
}

TEST_F(PrivateCopyTest, FifosAreNotWaitedForAndNotListed) {
    const PrivateCopy made = copy();
    ASSERT_EQ(::mkfifo((tree_ / "fifo").c_str(), 0600), 0);
    fs::remove(tree_ / "a.txt");
    ASSERT_EQ(::mkfifo((tree_ / "a.txt").c_str(), 0600), 0);
    EXPECT_EQ(paths(made.difference(10)), std::vector<std::string>{"-a.txt"});
}

TEST_F(PrivateCopyTest, ContentsAreCarriedWithinTheLimit) {
    const PrivateCopy made = copy();
    write(tree_ / "one", std::string(60, '1'));
    write(tree_ / "two", std::string(60, '2'));
    const auto difference = made.difference(100);
    ASSERT_EQ(paths(difference), (std::vector<std::string>{"+one", "+two"}));
    EXPECT_EQ(difference.changes[0].content.size(), 60U);
    EXPECT_TRUE(difference.changes[1].content_missing);
}

TEST_F(PrivateCopyTest, SetuidIsNoModeThatCounts) {
    const PrivateCopy made = copy();
    ASSERT_EQ(::chmod((tree_ / "a.txt").c_str(), 04755), 0);
    EXPECT_EQ(made.difference(0).changes.at(0).mode, 0755U);
}

TEST_F(PrivateCopyTest, ArtifactsAreRegularFilesWithinTheLimits) {
    write(tree_ / "a", "0123456789");
    write(tree_ / "b", "01234");
    write(tree_ / "c", "0123456");
    fs::create_symlink("/etc/passwd", tree_ / "link");
    ASSERT_EQ(::mkfifo((tree_ / "fifo").c_str(), 0600), 0);
    const auto files = regular_files(tree_, 9, 11);
    EXPECT_EQ(files, (std::map<std::string, std::string>{{"b", "01234"}}));
}

}  // namespace
}  // namespace ec::executor
