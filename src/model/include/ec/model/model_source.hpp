// Where model files are published: a catalogue of names, Hugging Face, Ollama's registry, any URL.
//
// Threads as the HttpClient that is used. Protocols: https://huggingface.co/docs/hub (resolve, X-Linked-Etag,
// api/models), https://distribution.github.io/distribution/spec/manifest-v2-2/ as Ollama's registry speaks it.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/core/secret.hpp>
#include <ec/crypto/sha256.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::net {
class HttpClient;
}

namespace ec::model {

inline constexpr std::string_view kHuggingFace = "https://huggingface.co";
inline constexpr std::string_view kOllama = "https://registry.ollama.ai";

struct SourceBases {
    std::string hugging_face{kHuggingFace};
    std::string ollama{kOllama};
    Secret hugging_face_token;  ///< empty: none is sent; sent nowhere but to `hugging_face`
};

/// One file, and what its source announced about it.
struct ResolvedSource {
    std::string text;        ///< "hf:OWNER/REPO:FILE", "ollama:NAME:TAG" or the URL
    std::string url;         ///< that the file is fetched from
    std::string file_name;   ///< for people
    std::uint64_t size = 0;  ///< 0 unknown
    std::optional<crypto::Sha256Digest> sha256;
    std::string licence;
    bool with_token = false;  ///< the URL is the base that the token belongs to
};

/// A model of the built-in catalogue. Its figures are approximate and, where not `verified`, general knowledge.
struct CatalogueModel {
    std::string name;
    std::string source;
    std::string quantisation;
    std::string licence;
    std::string note;
    std::uint64_t size = 0;  ///< bytes, approximate
    std::int64_t parameters = 0;
    std::int64_t active_parameters = 0;  ///< read for one token
    std::int64_t context = 0;
    std::int64_t cache_per_token = 0;
    bool verified = false;

    /// Bytes with `tokens` of context, approximate.
    [[nodiscard]] std::int64_t memory(std::int64_t tokens) const;
};

/// By size.
std::vector<CatalogueModel> model_catalogue();

/// Whether the words are a source, and in which form they are written down ("hf:Qwen/X:file.gguf"). Names of the
/// catalogue become their sources. `invalid_argument` with what would be one.
Result<std::string> canonical_source(std::string_view words);

/// Asks the source. `not_found`, `denied` for what needs a login, `unavailable` for a source that is busy or away,
/// `corrupt` for an answer that is none.
Result<ResolvedSource> resolve_source(std::string_view source, const SourceBases& bases, net::HttpClient& http,
                                      std::stop_token stop);

/// The URL that a canonical source stands for, without asking anybody; for policies.
std::string source_address(std::string_view source, const SourceBases& bases);

}  // namespace ec::model
