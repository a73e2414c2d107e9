#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/swarm/payload.hpp>

namespace ec::swarm {
namespace {

ManifestFile file(std::string path, std::uint64_t bytes = 1) {
    ManifestFile out;
    out.path = std::move(path);
    out.bytes = bytes;
    for (std::uint64_t at = 0; at < bytes; at += kBlobPlainBytes) {
        out.blobs.push_back(BlobId::parse(std::string(64, 'b')).value());
        out.keys.emplace_back(crypto::SealKey::kBytes, 'k');
    }
    return out;
}

ErrorCode code_of(const std::vector<ManifestFile>& files) {
    const auto read = read_manifest(write(files));
    return read ? ErrorCode::internal : read.error().code;
}

TEST(Manifest, ComesBackAsItWas) {
    ManifestFile tool = file("bin/tool.sh", kBlobPlainBytes + 1);
    tool.mode = 0755;
    ManifestFile link = file("link", 4);
    link.symlink = true;
    const std::vector<ManifestFile> files = {file("a.py"), file("empty", 0), tool, link, file("sp ace/ü\n.txt")};
    const auto back = read_manifest(write(files));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(write(*back), write(files));
    EXPECT_EQ((*back)[2].mode, 0755U);
    EXPECT_EQ((*back)[2].blobs.size(), 2U);
    EXPECT_TRUE((*back)[3].symlink);
}

TEST(Manifest, RefusesPathsThatLeaveTheTree) {
    for (const char* path : {"../x", "a/../../x", "/etc/passwd", "", ".", "..", "a//b", "a/", "./a", "a/./b"}) {
        EXPECT_EQ(code_of({file(path)}), ErrorCode::corrupt) << path;
    }
    EXPECT_EQ(code_of({file(std::string("a\0b", 3))}), ErrorCode::corrupt);
    EXPECT_EQ(code_of({file(std::string(256, 'a'))}), ErrorCode::corrupt);
    std::string deep = "a";
    for (int i = 0; i < 100; ++i) deep += "/a";
    EXPECT_EQ(code_of({file(deep)}), ErrorCode::corrupt);
}

TEST(Manifest, RefusesWhatIsVersionControlsOwnHoweverItIsSpelt) {
    for (const char* path :
         {".git/config", "a/.GIT/hooks/x", ".Git", "a/.git", ".git./config", ".git /config", "git~1/x",
          ".g\u200cit/config", "\ufeff.git/x", ".git::$INDEX_ALLOCATION/x", ".hg/hgrc", ".jj/x"}) {
        EXPECT_EQ(code_of({file(path)}), ErrorCode::corrupt) << path;
    }
    EXPECT_EQ(code_of({file(".gitignore"), file(".github/x"), file("a.git/x"), file("git")}), ErrorCode::internal);
}

TEST(Manifest, RefusesAPathTwiceAndAFileWhereAFolderIs) {
    EXPECT_EQ(code_of({file("a"), file("b"), file("a")}), ErrorCode::corrupt);
    EXPECT_EQ(code_of({file("a"), file("a/b")}), ErrorCode::corrupt);
    EXPECT_EQ(code_of({file("a/b/c"), file("a/b")}), ErrorCode::corrupt);
    ManifestFile link = file("a", 1);
    link.symlink = true;
    EXPECT_EQ(code_of({link, file("a/b")}), ErrorCode::corrupt);
}

TEST(Manifest, RefusesModesSizesAndBlobsThatDoNotFit) {
    const auto refused = [](auto change) {
        ManifestFile one = file("a", 10);
        change(one);
        return code_of({one}) == ErrorCode::corrupt;
    };
    EXPECT_TRUE(refused([](ManifestFile& f) { f.mode = 04755; }));
    EXPECT_TRUE(refused([](ManifestFile& f) { f.mode = 0060644; }));
    EXPECT_TRUE(refused([](ManifestFile& f) { f.bytes = 0; }));
    EXPECT_TRUE(refused([](ManifestFile& f) { f.bytes = kBlobBytes * 2; }));
    EXPECT_TRUE(refused([](ManifestFile& f) { f.bytes = ~std::uint64_t{0}; }));
    EXPECT_TRUE(refused([](ManifestFile& f) { f.blobs.push_back(f.blobs.front()); }));
    EXPECT_TRUE(refused([](ManifestFile& f) { f.keys.clear(); }));
    EXPECT_TRUE(refused([](ManifestFile& f) { f.keys.front() = "short"; }));
    EXPECT_TRUE(refused([](ManifestFile& f) {
        f.symlink = true;
        f.bytes = 0;
        f.blobs.clear();
        f.keys.clear();
    }));
}

TEST(Manifest, RefusesAMillionFiles) {
    std::string text;
    for (std::size_t i = 0; i <= kManifestFiles; ++i) text += "{\"path\":\"" + std::to_string(i) + "\",\"bytes\":0}\n";
    EXPECT_EQ(read_manifest(text).error().code, ErrorCode::too_large);
}

TEST(Manifest, RefusesLinesThatAreNone) {
    for (const char* text : {"{}", "{}\n", "[]\n", "null\n", "\n", "{\"path\":\"a\",\"bytes\":0}",
                             "{\"path\":\"a\",\"bytes\":\"0\"}\n", "{\"path\":1,\"bytes\":0}\n"}) {
        const auto read = read_manifest(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().code, ErrorCode::corrupt) << text;
    }
}

TEST(Links, StayInTheTree) {
    EXPECT_TRUE(check_link("link", "a/b"));
    EXPECT_TRUE(check_link("a/b/link", "../../x"));
    EXPECT_TRUE(check_link("a/link", ".."));
    EXPECT_TRUE(check_link("a/link", "./../x/./y"));
    for (const auto& [path, target] : std::vector<std::pair<std::string, std::string>>{
             {"link", "/etc/passwd"},
             {"link", ".."},
             {"link", "../x"},
             {"a/link", "../../x"},
             {"a/link", "b/../../../x"},
             {"p/q/r/link", "up/../.."},  // where up is itself a link, this leads out
             {"link", ""},
             {"link", ".git/config"},
             {"a/link", "../.GIT"}}) {
        EXPECT_FALSE(check_link(path, target)) << path << " -> " << target;
    }
}

}  // namespace
}  // namespace ec::swarm
