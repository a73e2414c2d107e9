#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/agent/secret_files.hpp>
#include <ec/core/fs.hpp>
#include <filesystem>
#include <optional>

namespace ec::agent {
namespace {

class SecretFilesTest : public ::testing::Test {
protected:
    void put(const std::string& path, const std::string& text) {
        std::filesystem::create_directories((dir_.path() / path).parent_path());
        ASSERT_TRUE(write_file_atomic(dir_.path() / path, text));
    }
    bool hides(std::string_view text) {
        if (!found_) found_ = find_secret_files(WorkspaceFiles::list(dir_.path()).value());
        const auto places = found_->values.find(text);
        return places.size() == 1 && places[0] == std::pair<std::size_t, std::size_t>(0, text.size());
    }

    TempDir dir_ = TempDir::create().value();
    std::optional<SecretFiles> found_;
};

TEST_F(SecretFilesTest, AValueOfDotenvEndsWhereItsQuotesOrItsCommentSay) {
    put(".env",
        "DB_PASS=correcthorse99 # production\nQUOTED=\"zebrapianoten7\" # note\nSEMI='walrustangofive'; # x\n"
        "export PLAIN = lemonbasket41\nHASH=purple#lantern8\nBOTH=\"O'Hara 12 [x]\"\n");
    for (const char* value :
         {"correcthorse99", "zebrapianoten7", "walrustangofive", "lemonbasket41", "purple#lantern8", "O'Hara 12 [x]"}) {
        EXPECT_TRUE(hides(value)) << value;
    }
}

TEST_F(SecretFilesTest, EveryStringOfJsonOnOneLineIsAValue) {
    put("credentials.json",
        R"({"type":"svc","alpha":"mangoriverstone8","beta": "lilactrumpet66","list":["tulip-orbit-31"],"path":"a\/b\u00e9long"})");
    for (const char* value : {"mangoriverstone8", "lilactrumpet66", "tulip-orbit-31", "a/b\xc3\xa9long"})
        EXPECT_TRUE(hides(value)) << value;
}

TEST_F(SecretFilesTest, EveryWordOfNetrcIsAValueButNotTheHost) {
    put(".netrc", "machine git.example.org login y password netrcpickle55\nmachine other.example\n  password words\n");
    EXPECT_TRUE(hides("netrcpickle55"));
    for (const char* word : {"git.example.org", "machine", "password"}) EXPECT_FALSE(hides(word)) << word;
}

TEST_F(SecretFilesTest, ThePasswordOfAnAddressIsAValue) {
    put(".env", "DATABASE_URL=postgres://app:copperkettle3@db.example/app\n");
    put(".git-credentials", "https://me:silverladder4@git.example\n");
    put(".pgpass", "db.example:5432:app:me:amberfield5\n");
    for (const char* value : {"copperkettle3", "silverladder4", "amberfield5"}) EXPECT_TRUE(hides(value)) << value;
}

TEST_F(SecretFilesTest, OrdinaryWordsAreValuesOnlyWhereTheKeyTellsOfASecret) {
    put(".env",
        "MODE=production\nHOST=localhost\nVERB=return\nDEBUG=Enabled\nADMIN_PASSWORD=butterfly\nNAME=walrustangofive\n"
        "ID=xkqzvbwj\nMIXED=hGtYbNmKa\n");
    for (const char* word : {"production", "localhost", "return", "Enabled"}) EXPECT_FALSE(hides(word)) << word;
    for (const char* value : {"butterfly", "walrustangofive", "xkqzvbwj", "hGtYbNmKa"})
        EXPECT_TRUE(hides(value)) << value;
}

TEST_F(SecretFilesTest, ALargeFileDoesNotPushOutTheValuesOfASmallOne) {
    for (int file = 0; file < 3; ++file) {
        std::string bundle;
        for (int line = 0; bundle.size() < 60'000; ++line)
            bundle += std::to_string(file) + "-" + std::to_string(line) + "-" + std::string(4000, 'x') + "\n";
        put("a" + std::to_string(file) + ".pem", bundle);
    }
    put("z/.env", "NAME=lemonbasket41\n");
    EXPECT_TRUE(hides("lemonbasket41"));
}

}  // namespace
}  // namespace ec::agent
