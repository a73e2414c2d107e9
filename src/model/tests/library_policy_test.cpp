#include <sys/stat.h>

#include "library_fixture.hpp"

namespace ec::model {
namespace {

using net::testing::Peer;
using net::testing::ScriptedServer;
using net::testing::SeenRequest;
using ::testing::HasSubstr;
using namespace ec::model::testing;

class LibraryPolicy : public LibraryTest {
protected:
    const std::string bytes_ = small_gguf();
    const crypto::SecretKey key_ = *crypto::SecretKey::generate();

    ModelPolicy asking() const {
        ModelPolicy policy;
        policy.require_signatures = true;
        policy.trusted_keys = {key_.public_key()};
        return policy;
    }
    ModelManifest manifest(const std::string& source) const {
        return {"fleet", crypto::sha256(bytes_), bytes_.size(), "fleet.gguf", source, "MIT", "2026-11-27"};
    }
    /// A manifest's file with its signature beside.
    std::string published(const ModelManifest& of, const std::optional<Signed>& by) const {
        const fs::path path = file("fleet.json", of.text());
        fs::remove(path.string() + ".sig");
        if (by) file("fleet.json.sig", by->text());
        return path.string();
    }
};

TEST_F(LibraryPolicy, TakesWhatATrustedKeySignedAndNothingElse) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, bytes_); });
    const ModelManifest good = manifest(server.url("/fleet.gguf"));
    Library models = library(asking());
    const auto other = crypto::SecretKey::generate();
    Signed wrong = Signed::make(key_, good);
    wrong.signature = key_.sign("something else");
    for (const auto& by : {std::optional<Signed>(), std::optional(Signed::make(*other, good)), std::optional(wrong)}) {
        const auto entry = pull(models, published(good, by));
        ASSERT_FALSE(entry);
        EXPECT_EQ(entry.error().code, ErrorCode::denied);
    }
    EXPECT_EQ(pull(models, server.url("/fleet.gguf")).error().code, ErrorCode::denied);
    EXPECT_EQ(models.add(file("x.gguf", bytes_), "x", "now", {}, {}).error().code, ErrorCode::denied);
    const auto entry = pull(models, published(good, Signed::make(key_, good)));
    ASSERT_TRUE(entry) << entry.error().message;
    ASSERT_TRUE(entry->signed_by);
    EXPECT_TRUE(entry->signed_by->trusted);
    EXPECT_TRUE(models.usable_file("fleet"));
    EXPECT_TRUE(models.verify("fleet", {}, {}));
}

TEST_F(LibraryPolicy, FetchesAManifestAndItsSignatureFromAServer) {
    std::string text;
    std::string beside;
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) {
        if (r.target == "/m/fleet.json") return peer.answer(200, text);
        if (r.target == "/m/fleet.json.sig") return peer.answer(200, beside);
        return serve_file(r, peer, bytes_);
    });
    const ModelManifest good = manifest(server.url("/fleet.gguf"));
    text = good.text();
    beside = Signed::make(key_, good).text();
    Library models = library(asking());
    EXPECT_TRUE(pull(models, server.url("/m/fleet.json")));
    text.replace(text.find("MIT"), 3, "BSD");
    EXPECT_EQ(pull(models, server.url("/m/fleet.json")).error().code, ErrorCode::denied);
}

TEST_F(LibraryPolicy, RefusesBytesThatAreNotThoseTheManifestNames) {
    std::string wrong = bytes_;
    wrong.back() = static_cast<char>(wrong.back() ^ 1);
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, wrong); });
    const ModelManifest good = manifest(server.url("/fleet.gguf"));
    Library models = library(asking());
    EXPECT_EQ(pull(models, published(good, Signed::make(key_, good))).error().code, ErrorCode::corrupt);
}

TEST_F(LibraryPolicy, NoticesAChangedManifestAndAChangedFile) {
    Library plain = library();
    ASSERT_TRUE(plain.add(file("x.gguf", bytes_), "x", "now", {}, {}));
    ASSERT_TRUE(plain.sign("x", key_, {}));
    Library models = library(asking());
    ASSERT_TRUE(models.usable_file("x"));
    const fs::path blob = *models.usable_file("x");
    std::fstream(blob, std::ios::in | std::ios::out | std::ios::binary).seekp(std::ssize(bytes_) - 1) << '!';
    fs::last_write_time(blob, fs::last_write_time(blob) + std::chrono::seconds(5));
    const auto changed = models.usable_file("x");
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, ErrorCode::corrupt);
    EXPECT_EQ(models.verify("x", {}, {}).error().code, ErrorCode::corrupt);
    const fs::path manifest = dir_.path() / "models/manifests/x.json";
    std::string text = *read_file(manifest);
    text.replace(text.find("apache"), 6, "badger");
    ASSERT_TRUE(write_file_atomic(manifest, text));
    EXPECT_THAT(models.find("x")->trouble, HasSubstr("signature"));
    EXPECT_FALSE(models.usable_file("x"));
}

TEST_F(LibraryPolicy, DoesNotSignAFileThatChanged) {
    Library models = library();
    ASSERT_TRUE(models.add(file("x.gguf", bytes_), "x", "now", {}, {}));
    const fs::path blob = *models.usable_file("x");
    std::fstream(blob, std::ios::in | std::ios::out | std::ios::binary).seekp(std::ssize(bytes_) - 1) << '!';
    EXPECT_EQ(models.sign("x", key_, {}).error().code, ErrorCode::corrupt);
    EXPECT_FALSE(models.find("x")->signed_by);
}

TEST_F(LibraryPolicy, DoesNotUseAManifestUnderAnotherName) {
    Library models = library();
    ASSERT_TRUE(models.add(file("x.gguf", bytes_), "x", "now", {}, {}));
    fs::copy_file(dir_.path() / "models/manifests/x.json", dir_.path() / "models/manifests/y.json");
    EXPECT_THAT(models.find("y")->trouble, HasSubstr("another model"));
    EXPECT_EQ(models.usable_file("y").error().code, ErrorCode::corrupt);
    EXPECT_TRUE(models.usable_file("x"));
}

TEST_F(LibraryPolicy, ComparesPrefixesAtTheirEnds) {
    ModelPolicy policy;
    policy.allowed_sources = {{"https://models.example.com", "hf:Qwen", "https://a.com/ok/"}};
    EXPECT_TRUE(policy.allows("https://models.example.com/x.gguf"));
    EXPECT_TRUE(policy.allows("hf:Qwen/X:f.gguf"));
    EXPECT_TRUE(policy.allows("https://a.com/ok/x"));
    for (const char* source : {"https://models.example.com.evil/x", "https://models.example.com:8443/x", "hf:QwenX/Y",
                               "https://a.com/ok/../x", "https://a.com/ok/%2e%2E/x", "https://a.com/ok/..%2fx",
                               "http://models.example.com/x", "file:/x", ""}) {
        EXPECT_FALSE(policy.allows(source)) << source;
    }
}

TEST_F(LibraryPolicy, AsksForAnAllowedAddressBehindTheShortForm) {
    ScriptedServer server([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, bytes_); });
    ModelPolicy policy;
    policy.allowed_sources = {{"hf:Qwen"}};
    SourceBases elsewhere;
    elsewhere.hugging_face = server.url();
    Library models = library(policy, elsewhere);
    EXPECT_EQ(pull(models, "hf:Qwen/X:f.gguf").error().code, ErrorCode::denied);
    EXPECT_EQ(pull(models, server.url("/x.gguf")).error().code, ErrorCode::denied);
    EXPECT_THAT(server.requests(), ::testing::IsEmpty());
    policy.allowed_sources = {{server.url("/Qwen")}};
    Library mirror = library(policy, elsewhere);
    EXPECT_TRUE(pull(mirror, "hf:Qwen/X:f.gguf"));
}

TEST_F(LibraryPolicy, IsOnlyNarrowedByAPerson) {
    const ModelPolicy machine = asking();
    ModelPolicy personal;
    personal.trusted_keys = {crypto::SecretKey::generate()->public_key()};
    EXPECT_TRUE(machine.narrowed(personal).trusted_keys.empty());
    EXPECT_TRUE(machine.narrowed(personal).require_signatures);
    EXPECT_EQ(ModelPolicy{}.narrowed(personal).trusted_keys, personal.trusted_keys);
    ModelPolicy both;
    both.allowed_sources = {{"hf:a"}, {"hf:b"}};
    EXPECT_FALSE(both.allows("hf:a/x"));
    ModelPolicy closed;
    closed.require_signatures = true;
    EXPECT_TRUE(closed.narrowed(personal).trusted_keys.empty());
}

TEST_F(LibraryPolicy, IsReadStrictlyFromItsFile) {
    const fs::path path = file("models.toml", "require_signatures = true\ntrusted_keys = [\"" +
                                                  key_.public_key().hex() + "\"]\nallowed_sources = [\"hf:Qwen/\"]\n");
    ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
    const auto policy = read_model_policy(path);
    ASSERT_TRUE(policy) << policy.error().message;
    EXPECT_TRUE(policy->require_signatures && policy->trusts(key_.public_key()));
    ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
    EXPECT_EQ(read_model_policy(path).error().code, ErrorCode::denied);
    EXPECT_TRUE(read_model_policy(dir_.path() / "absent.toml"));
    for (const char* text : {"require_signature = true", "trusted_keys = [\"12\"]", "allowed_sources = [\"\"]",
                             "require_signatures = 1", "x ="}) {
        const fs::path bad = file("bad.toml", text);
        ASSERT_EQ(::chmod(bad.c_str(), 0644), 0);
        EXPECT_FALSE(read_model_policy(bad)) << text;
    }
    const fs::path config = file("config.toml", "[model]\ndefault = \"x\"\n[models]\nrequire_signatures = true\n");
    EXPECT_TRUE(read_model_policy(config, "models")->require_signatures);
}

}  // namespace
}  // namespace ec::model
