#include "library_fixture.hpp"

namespace ec::model {
namespace {

using net::testing::Peer;
using net::testing::ScriptedServer;
using net::testing::SeenRequest;
using namespace ec::model::testing;

class LibrarySources : public LibraryTest {
protected:
    const std::string bytes_ = small_gguf();
    const std::string hash_ = crypto::sha256(bytes_).hex();
};

TEST_F(LibrarySources, HaveACatalogueThatReadsAndResolves) {
    const auto models = model_catalogue();
    EXPECT_GE(models.size(), 12U);
    for (const CatalogueModel& model : models) {
        EXPECT_TRUE(is_model_name(model.name));
        EXPECT_EQ(canonical_source(model.name), model.source);
        EXPECT_TRUE(canonical_source(model.source)) << model.source;
        EXPECT_FALSE(model.licence.empty());
        EXPECT_GT(model.memory(8192), static_cast<std::int64_t>(model.size));
        EXPECT_LE(model.active_parameters, model.parameters);
    }
}

TEST_F(LibrarySources, TakeTheHubsHashAndSendTheTokenToItAlone) {
    const std::string target = "/Qwen/Tiny-GGUF/resolve/main/tiny-q4_k_m.gguf";
    ScriptedServer bytes([&](const SeenRequest& r, const Peer& peer) { return serve_file(r, peer, bytes_); });
    ScriptedServer hub([&](const SeenRequest& r, const Peer& peer) {
        if (r.target != target) return peer.answer(404, "");
        return peer.send("HTTP/1.1 302 Found\r\nX-Linked-Etag: \"" + hash_ +
                         "\"\r\nX-Linked-Size: " + std::to_string(bytes_.size()) +
                         "\r\nLocation: " + bytes.url("/blob") + "\r\nContent-Length: 0\r\n\r\n");
    });
    SourceBases bases;
    bases.hugging_face = hub.url();
    bases.hugging_face_token = Secret("hf_secret");
    Library models = library({}, bases);
    const auto plan = models.plan("hf:Qwen/Tiny-GGUF:tiny-q4_k_m.gguf", {}, {});
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->source.size, bytes_.size());
    EXPECT_EQ(plan->source.sha256->hex(), hash_);
    EXPECT_EQ(plan->name, "tiny-q4_k_m");
    const auto entry = models.pull(*plan, "now", {}, {});
    ASSERT_TRUE(entry) << entry.error().message;
    for (const SeenRequest& request : hub.requests()) EXPECT_TRUE(request.has("Authorization: Bearer hf_secret"));
    for (const SeenRequest& request : bytes.requests()) EXPECT_FALSE(request.has("hf_secret"));
    EXPECT_EQ(models.plan("hf:Qwen/Tiny-GGUF:none.gguf", {}, {}).error().code, ErrorCode::not_found);
    EXPECT_TRUE(models.plan("hf:Qwen/Tiny-GGUF:tiny-q4_k_m.gguf", {}, {})->present);
}

TEST_F(LibrarySources, ChooseTheUsualFileOfARepository) {
    ScriptedServer hub([&](const SeenRequest& r, const Peer& peer) {
        if (r.target != "/api/models/a/b?blobs=true") return peer.answer(404, "");
        return peer.answer(200, R"({"cardData":{"license":"mit"},"siblings":[{"rfilename":"README.md","size":3},)"
                                R"({"rfilename":"b-Q8_0.gguf","size":9,"lfs":{"sha256":")" +
                                    hash_ + R"("}},{"rfilename":"b-Q4_K_M.gguf","size":7,"lfs":{"sha256":")" + hash_ +
                                    R"("}},{"rfilename":"x/q4_k_m-00001-of-00002.gguf","size":1}]})");
    });
    SourceBases bases;
    bases.hugging_face = hub.url();
    const auto source = resolve_source("hf:a/b", bases, *http_, {});
    ASSERT_TRUE(source) << source.error().message;
    EXPECT_EQ(source->text, "hf:a/b:b-Q4_K_M.gguf");
    EXPECT_EQ(source->size, 7U);
    EXPECT_EQ(source->licence, "mit");
}

TEST_F(LibrarySources, SpeakToARegistryAsOllamaDoes) {
    const std::string licence = "Apache License\n\nmore";
    ScriptedServer registry([&](const SeenRequest& r, const Peer& peer) {
        if (r.target == "/v2/library/tiny/manifests/1b") {
            EXPECT_TRUE(r.has("Accept: application/vnd.docker.distribution.manifest.v2+json"));
            return peer.answer(
                200, R"({"schemaVersion":2,"layers":[{"mediaType":"application/vnd.ollama.image.license","digest":)"
                     R"("sha256:)" +
                         crypto::sha256(licence).hex() +
                         R"(","size":20},{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:)" + hash_ +
                         R"(","size":)" + std::to_string(bytes_.size()) + "}]}");
        }
        if (r.target == "/v2/library/tiny/blobs/sha256:" + hash_) return serve_file(r, peer, bytes_);
        return peer.answer(r.target.find("/blobs/") == std::string::npos ? 404 : 200, licence);
    });
    SourceBases bases;
    bases.ollama = registry.url();
    Library models = library({}, bases);
    const auto entry = pull(models, "ollama:tiny:1b");
    ASSERT_TRUE(entry) << entry.error().message;
    EXPECT_EQ(entry->manifest.name, "tiny-1b");
    EXPECT_EQ(entry->manifest.source, "ollama:tiny:1b");
    EXPECT_EQ(entry->manifest.licence, "Apache License");
    EXPECT_EQ(pull(models, "ollama:other").error().code, ErrorCode::not_found);
}

TEST_F(LibrarySources, RefuseWordsThatAreNone) {
    for (const std::string& words :
         {std::string("nothing-known"), std::string("hf:one"), std::string("hf:a/../b"), std::string("hf:a/b:../../x"),
          std::string("hf:a/b:c?d"), std::string("ollama:"), std::string("ollama:a/b/c"), std::string("ollama:a:b/c"),
          std::string("http://user@host/x"), std::string("hf:a/b\0c", 8), "https://host/" + std::string(5000, 'x'),
          std::string("file:/etc/passwd"), std::string()}) {
        const auto source = canonical_source(words);
        ASSERT_FALSE(source) << words;
        EXPECT_EQ(source.error().code, ErrorCode::invalid_argument);
    }
    EXPECT_EQ(canonical_source("ollama:a"), "ollama:a:latest");
}

TEST_F(LibrarySources, SurviveAnswersThatAreNone) {
    for (const char* body :
         {"", "[]", "{", "{\"layers\":3}", "{\"layers\":[1,\"a\",{}]}", "{\"layers\":[]}",
          R"({"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../x"}]})"}) {
        ScriptedServer registry([&](const SeenRequest&, const Peer& peer) { return peer.answer(200, body); });
        SourceBases bases;
        bases.ollama = bases.hugging_face = registry.url();
        EXPECT_FALSE(resolve_source("ollama:a:b", bases, *http_, {})) << body;
        EXPECT_FALSE(resolve_source("hf:a/b", bases, *http_, {})) << body;
    }
}

}  // namespace
}  // namespace ec::model
