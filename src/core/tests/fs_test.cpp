#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ec/core/fs.hpp>
#include <fstream>

namespace ec {
namespace {

TEST(WriteFileAtomic, ReplacesContentAndKeepsTheMode) {
    const TempDir dir = TempDir::create().value();
    const auto path = dir.path() / "file";
    ASSERT_TRUE(write_file_atomic(path, "one", 0755));
    ASSERT_TRUE(write_file_atomic(path, "two", 0600));
    EXPECT_EQ(read_file(path).value(), "two");
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0755U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1) << "no temporary file stays";
}

TEST(ReadFile, RefusesFifosDirectoriesAndGiants) {
    const TempDir dir = TempDir::create().value();
    ASSERT_EQ(::mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
    EXPECT_FALSE(read_file(dir.path() / "fifo"));
    EXPECT_FALSE(read_file(dir.path()));
    std::ofstream(dir.path() / "big") << std::string(100, 'x');
    EXPECT_EQ(read_file(dir.path() / "big", 99).error().code, ErrorCode::too_large);
    EXPECT_EQ(read_file(dir.path() / "absent").error().code, ErrorCode::not_found);
}

TEST(TempDir, RemovesItselfWithItsContents) {
    std::filesystem::path path;
    {
        const TempDir dir = TempDir::create().value();
        path = dir.path();
        std::ofstream(path / "x") << "y";
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(IsInsideRelative, RefusesEscapes) {
    EXPECT_TRUE(is_inside_relative("a/b.py"));
    EXPECT_TRUE(is_inside_relative("..a/b"));
    for (const std::string_view bad : {"", "/a", "../a", "a/../b", "a/.."}) EXPECT_FALSE(is_inside_relative(bad));
}

}  // namespace
}  // namespace ec
