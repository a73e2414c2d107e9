#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ec/core/fs.hpp>
#include <ec/executor/policy.hpp>
#include <filesystem>
#include <fstream>

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class PolicyFile : public ::testing::Test {
protected:
    fs::path root() const { return fs::canonical(dir_.path()); }
    fs::path write(const std::string& name, std::string_view text, mode_t mode = 0644) {
        const fs::path path = root() / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        ::chmod(path.c_str(), mode);
        return path;
    }
    static Error refusal(const fs::path& path, const PolicyPlaces& places = {}) {
        const auto policy = load_policy(path, places);
        EXPECT_FALSE(policy) << "loaded";
        return policy ? Error{} : policy.error();
    }

    TempDir dir_ = std::move(*TempDir::create());
};

TEST_F(PolicyFile, NoFileIsNoPolicy) {
    EXPECT_EQ(load_policy(root() / "none.toml"), std::nullopt);
    EXPECT_EQ(load_policy(root() / "no/such/folder/policy.toml"), std::nullopt);
}

TEST_F(PolicyFile, AFileOfTheUsersOwnIsRead) {
    const auto policy = load_policy(write("p.toml", "version = 1\nname = 'n'"));
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_EQ((*policy)->name, "n");
    EXPECT_EQ((*policy)->origins.of("name"), (root() / "p.toml").string() + ":2");
}

TEST_F(PolicyFile, OthersMayNotWriteIt) {
    for (const mode_t mode : {0666U, 0664U, 0646U}) {
        const Error error = refusal(write("p.toml", "version = 1", mode));
        EXPECT_EQ(error.code, ErrorCode::denied);
        EXPECT_THAT(error.message, HasSubstr((root() / "p.toml").string()));
        EXPECT_THAT(error.remedy, HasSubstr("chmod go-w"));
    }
}

TEST_F(PolicyFile, NorItsFolder) {
    const fs::path file = write("folder/p.toml", "version = 1");
    ::chmod(file.parent_path().c_str(), 0777);
    EXPECT_EQ(refusal(file).code, ErrorCode::denied);
    fs::create_symlink(file, root() / "link.toml");
    EXPECT_EQ(refusal(root() / "link.toml").code, ErrorCode::denied);
    ::chmod(file.parent_path().c_str(), 01777);
    EXPECT_TRUE(load_policy(file));
    EXPECT_TRUE(load_policy(root() / "link.toml"));
}

TEST_F(PolicyFile, ItBelongsToRootOrTheUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
    const fs::path file = write("p.toml", "version = 1");
    ASSERT_EQ(::chown(file.c_str(), 1234, 0), 0);
    const Error error = refusal(file);
    EXPECT_EQ(error.code, ErrorCode::denied);
    EXPECT_THAT(error.message, HasSubstr("belongs to user 1234"));
}

TEST_F(PolicyFile, ALinkToNothingIsNotNoPolicy) {
    fs::create_symlink("nowhere", root() / "p.toml");
    EXPECT_EQ(refusal(root() / "p.toml").code, ErrorCode::denied);
}

TEST_F(PolicyFile, AFileThatCannotBeReadIsNotNoPolicy) {
    if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
    EXPECT_EQ(refusal(write("p.toml", "version = 1", 0)).code, ErrorCode::denied);
}

TEST_F(PolicyFile, OnlyRegularFilesAreRead) {
    ASSERT_EQ(::mkfifo((root() / "fifo").c_str(), 0600), 0);
    for (const fs::path& path : {root() / "fifo", root(), fs::path("/dev/zero")}) {
        EXPECT_EQ(refusal(path).code, ErrorCode::invalid_argument) << path;
    }
}

TEST_F(PolicyFile, AHugeFileIsRefused) {
    EXPECT_EQ(refusal(write("p.toml", std::string(300'000, '#'))).code, ErrorCode::too_large);
}

TEST_F(PolicyFile, AMistakeNamesTheFileAndTheLine) {
    const fs::path file = write("p.toml", "version = 1\nnmae = 'x'");
    EXPECT_EQ(refusal(file).message, file.string() + ":2: nmae: there is no such key");
}

TEST_F(PolicyFile, ALinkDoesNotLeadToAForbiddenPlace) {
    fs::create_directories(root() / "home/.ssh");
    fs::create_directories(root() / "data");
    fs::create_symlink(root() / "home", root() / "innocent");
    fs::create_symlink("/etc", root() / "settings");
    const PolicyPlaces places = {root() / "home", {root() / "data"}};
    for (const char* name : {"innocent", "innocent/.ssh", "settings"}) {
        const fs::path file = write("p.toml", "version = 1\n[paths]\nread_only = ['" + (root() / name).string() + "']");
        EXPECT_THAT(refusal(file, places).message, HasSubstr("leads to")) << name;
    }
}

TEST_F(PolicyFile, PathsThatAreNotHereAreNamedAndAllowed) {
    const auto policy = parse_policy("version = 1\n[paths]\nread_only = ['/opt/no-such-thing']", "p");
    ASSERT_TRUE(policy);
    std::vector<std::string> absent;
    EXPECT_TRUE(check_here(*policy, {}, &absent));
    EXPECT_THAT(absent, ::testing::ElementsAre("/opt/no-such-thing"));
}

}  // namespace
}  // namespace ec::executor
