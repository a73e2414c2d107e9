#include <sstream>

#include "library/gguf_header.hpp"
#include "library_fixture.hpp"

namespace ec::model {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace ec::model::testing;

class LibraryParts : public LibraryTest {};

TEST_F(LibraryParts, ReadTheHeadOfAModel) {
    const auto facts = read_model_file(file("a.gguf", small_gguf(4096)));
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_EQ(facts->architecture, "llama");
    EXPECT_EQ(facts->licence, "apache-2.0");
    EXPECT_EQ(facts->parameters, 4096);
    EXPECT_EQ(facts->context, 2048);
    EXPECT_EQ(facts->quantisation, "F32");
    EXPECT_TRUE(facts->chat_template);
    EXPECT_EQ(facts->cache_per_token, 2 * 4 * (16 + 16) * 2);
}

TEST_F(LibraryParts, TellModelsThatEmbedFromThoseThatWrite) {
    EXPECT_FALSE(read_model_file(file("chat.gguf", small_gguf()))->embeds);
    EXPECT_TRUE(read_model_file(file("bert.gguf", small_gguf(8, "nomic-bert")))->embeds);
    EXPECT_TRUE(read_model_file(file("pooled.gguf", small_gguf(8, "qwen3", 3)))->embeds);
    EXPECT_FALSE(read_model_file(file("unpooled.gguf", small_gguf(8, "qwen3", 0)))->embeds);
}

TEST_F(LibraryParts, RefuseEveryHeadThatIsCutShort) {
    const std::string whole = small_gguf(8);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::istringstream in(whole.substr(0, size));
        const auto facts = library::read_gguf_header(in, size);
        ASSERT_FALSE(facts) << size;
        EXPECT_EQ(facts.error().code, ErrorCode::corrupt);
    }
}

TEST_F(LibraryParts, KeepOneCopyForTwoNamesUntilBothAreGone) {
    Library models = library();
    const fs::path path = file("Some Model (v1).gguf", small_gguf());
    const auto first = models.add(path, {}, "now", {}, {});
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->manifest.name, "Some-Model--v1-");
    ASSERT_TRUE(models.add(path, "two", "now", {}, {}));
    EXPECT_THAT(names("blobs"), ::testing::SizeIs(1));
    EXPECT_THAT(names("partial"), IsEmpty());
    ASSERT_TRUE(models.remember("two", {100, 10, 50, 20, "now"}));
    EXPECT_EQ(models.find("two")->speed.decode_per_second, 10);
    ASSERT_TRUE(models.remove("two"));
    EXPECT_THAT(names("blobs"), ::testing::SizeIs(1));
    EXPECT_THAT(names("measured"), IsEmpty());
    ASSERT_TRUE(models.remove(first->manifest.name));
    EXPECT_THAT(names("blobs"), IsEmpty());
    EXPECT_THAT(names("checked"), IsEmpty());
    EXPECT_EQ(models.remove("two").error().code, ErrorCode::not_found);
}

TEST_F(LibraryParts, RefuseHostileNames) {
    Library models = library();
    const fs::path path = file("a.gguf", small_gguf());
    for (const std::string& name :
         {std::string("../up"), std::string("a/b"), std::string("a\0b", 3), std::string("."), std::string(".hidden"),
          std::string("none"), std::string("x.gguf"), std::string("x.sig"), std::string(101, 'x'), std::string("a b"),
          std::string("\x1b[2J")}) {
        const auto entry = models.add(path, name, "now", {}, {});
        ASSERT_FALSE(entry) << name;
        EXPECT_EQ(entry.error().code, ErrorCode::invalid_argument);
        EXPECT_FALSE(models.find(name));
        EXPECT_FALSE(models.remove(name));
        EXPECT_FALSE(models.usable_file(name));
        EXPECT_FALSE(models.plan("https://127.0.0.1:1/x.gguf", name, {}));
    }
    EXPECT_THAT(names("manifests"), IsEmpty());
}

TEST_F(LibraryParts, RefuseFilesThatAreNoModels) {
    Library models = library();
    EXPECT_EQ(models.add(dir_.path() / "absent", {}, "now", {}, {}).error().code, ErrorCode::not_found);
    EXPECT_FALSE(models.add(dir_.path(), "folder", "now", {}, {}));
    EXPECT_EQ(models.add(file("empty.gguf", ""), {}, "now", {}, {}).error().code, ErrorCode::corrupt);
    EXPECT_EQ(models.add(file("text.gguf", std::string(100'000, 'x')), {}, "now", {}, {}).error().code,
              ErrorCode::corrupt);
    EXPECT_THAT(names("blobs"), IsEmpty());
}

TEST_F(LibraryParts, WriteManifestsInOneFormOnly) {
    const ModelManifest manifest{"a", crypto::sha256("x"), 1, "a.gguf", "https://h/a.gguf", "MIT", "now"};
    const std::string text = manifest.text();
    EXPECT_EQ(text, R"({"created":"now","files":[{"name":"a.gguf","sha256":")" + crypto::sha256("x").hex() +
                        R"(","size":1}],"format":1,"licence":"MIT","name":"a","source":"https://h/a.gguf"})");
    EXPECT_EQ(ModelManifest::parse(text), manifest);
    for (const std::string& other :
         {text + "\n", " " + text, text.substr(1), std::string("{}"), std::string("[]"), std::string(),
          std::string(70'000, ' '), text.substr(0, text.size() - 1) + R"(,"path":"/etc/passwd"})"}) {
        const auto parsed = ModelManifest::parse(other);
        ASSERT_FALSE(parsed) << other.substr(0, 200);
        EXPECT_EQ(parsed.error().code, ErrorCode::corrupt);
    }
}

TEST_F(LibraryParts, ListWhatCannotBeReadWithItsTrouble) {
    Library models = library();
    ASSERT_TRUE(models.add(file("a.gguf", small_gguf()), "a", "now", {}, {}));
    ASSERT_TRUE(write_file_atomic(dir_.path() / "models/manifests/b.json", "{"));
    ASSERT_TRUE(write_file_atomic(dir_.path() / "models/manifests/evil name.json", "{"));
    const auto entries = models.list();
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 2U);
    EXPECT_EQ((*entries)[0].trouble, "");
    EXPECT_THAT((*entries)[1].trouble, HasSubstr("JSON"));
    EXPECT_TRUE(models.remove("b"));
}

}  // namespace
}  // namespace ec::model
