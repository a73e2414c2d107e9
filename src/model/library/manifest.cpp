#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec/model/model_manifest.hpp>

namespace ec::model {
namespace {

constexpr std::size_t kLongestName = 100;
constexpr std::int64_t kFormat = 1;

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

bool is_start(char c) { return is_word(c) && c != '.' && c != '_' && c != '-'; }

}  // namespace

bool is_model_name(std::string_view name) {
    if (name.empty() || name.size() > kLongestName || name == "none" || !is_start(name.front())) return false;
    for (const char c : name) {
        if (!is_word(c)) return false;
    }
    // A name that looks like a file would be taken for one after --model, and one in .sig for a signature.
    return !name.ends_with(".gguf") && !name.ends_with(".sig");
}

std::string model_name_from(std::string_view words) {
    std::string name;
    for (const char c : words) {
        if (name.size() == kLongestName) break;
        if (name.empty() && !is_start(c)) continue;
        name += is_word(c) ? c : '-';
    }
    if (name.ends_with(".gguf") || name.ends_with(".GGUF")) name.resize(name.size() - 5);
    return is_model_name(name) ? name : std::string();
}

std::string ModelManifest::text() const {
    const json::Object file{{"name", to_valid_utf8(file_name)}, {"sha256", sha256.hex()}, {"size", size}};
    return json::write(json::Object{{"created", to_valid_utf8(created)},
                                    {"files", json::Array{file}},
                                    {"format", kFormat},
                                    {"licence", to_valid_utf8(licence)},
                                    {"name", name},
                                    {"source", to_valid_utf8(source)}});
}

Result<ModelManifest> ModelManifest::parse(std::string_view text) {
    if (text.size() > kMostBytes) return fail(ErrorCode::corrupt, "the manifest is too large");
    const auto document = json::parse(text);
    if (!document) return fail(ErrorCode::corrupt, "the manifest is no JSON: " + document.error().message);
    json::Reader in(*document, "manifest");
    ModelManifest manifest;
    if (in.integer("format") != kFormat) return fail(ErrorCode::corrupt, "the manifest has another format");
    manifest.name = in.require("name").string("name");
    manifest.source = in.string("source");
    manifest.licence = in.string("licence");
    manifest.created = in.string("created");
    const json::Array& files = in.array("files");
    if (!in.status()) return fail(ErrorCode::corrupt, in.status().error().message);
    if (files.size() != 1) return fail(ErrorCode::corrupt, "the manifest must have exactly one file");
    json::Reader file(files.front(), "manifest.files[0]");
    manifest.file_name = file.string("name");
    const std::string hash = file.require("sha256").string("sha256");
    const std::int64_t size = file.require("size").integer("size");
    if (!file.status()) return fail(ErrorCode::corrupt, file.status().error().message);
    const auto digest = crypto::Sha256Digest::parse(hash);
    if (!digest || size <= 0) return fail(ErrorCode::corrupt, "the manifest's file has no proper hash or size");
    manifest.sha256 = *digest;
    manifest.size = static_cast<std::uint64_t>(size);
    if (!is_model_name(manifest.name)) return fail(ErrorCode::corrupt, "the manifest has no proper name");
    if (manifest.text() != text) return fail(ErrorCode::corrupt, "the manifest is not in its canonical form");
    return manifest;
}

std::string Signed::text() const {
    return json::write(json::Object{{"key", key.hex()}, {"signature", signature.hex()}});
}

Result<Signed> Signed::parse(std::string_view text) {
    const auto document = json::parse(trim(text.substr(0, 4096)));
    if (!document) return fail(ErrorCode::corrupt, "the signature's file is none");
    json::Reader in(*document, "signature");
    const auto key = crypto::PublicKey::parse(in.string("key"));
    const auto signature = crypto::Signature::parse(in.string("signature"));
    if (!in.status() || !key || !signature) return fail(ErrorCode::corrupt, "the signature's file is none");
    return Signed{*key, *signature};
}

Signed Signed::make(const crypto::SecretKey& key, const ModelManifest& manifest) {
    return {key.public_key(), key.sign(manifest.text())};
}

bool Signed::holds_for(std::string_view manifest_text) const { return key.verifies(signature, manifest_text); }

}  // namespace ec::model
