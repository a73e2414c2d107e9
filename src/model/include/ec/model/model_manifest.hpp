// A model's manifest, its signature, and the policy that says which may be used.
//
// Values; any thread. A manifest is canonical JSON (keys sorted, no spaces, one line, no end of line): the signature is
// over exactly these bytes, and bytes that are not canonical are no manifest.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/crypto/signing.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ec::model {

/// Letters, digits, '.', '_', '-', at most 100, beginning with a letter or digit; not "none".
bool is_model_name(std::string_view name);
/// Turns words of a source into a name; may give none ("").
std::string model_name_from(std::string_view words);

struct ModelManifest {
    std::string name;
    crypto::Sha256Digest sha256;
    std::uint64_t size = 0;
    std::string file_name;  ///< as the source calls it; never used as a path
    std::string source;     ///< where the file can be had: a URL, hf:…, ollama:…, or file:… for an added one
    std::string licence;    ///< empty: unknown
    std::string created;    ///< RFC 3339

    [[nodiscard]] std::string text() const;
    /// `corrupt` with the reason.
    static Result<ModelManifest> parse(std::string_view text);
    static constexpr std::uint64_t kMostBytes = 64 << 10;
    bool operator==(const ModelManifest&) const = default;
};

struct SignedBy {
    crypto::PublicKey key;
    bool trusted = false;  ///< by the policy in force
};

/// The file beside a manifest: {"key":HEX,"signature":HEX}.
struct Signed {
    crypto::PublicKey key;
    crypto::Signature signature;

    [[nodiscard]] std::string text() const;
    static Result<Signed> parse(std::string_view text);
    static Signed make(const crypto::SecretKey& key, const ModelManifest& manifest);
    [[nodiscard]] bool holds_for(std::string_view manifest_text) const;
};

/// From the machine's models.toml and [models] of a person's config.toml.
struct ModelPolicy {
    bool require_signatures = false;
    std::vector<crypto::PublicKey> trusted_keys;
    /// Each list is of prefixes; a source must match one of every list. None: any source.
    std::vector<std::vector<std::string>> allowed_sources;

    /// Whether `source` (as typed, or the URL it stands for) may be asked. A prefix ends at a '/' or ':' of the source.
    [[nodiscard]] bool allows(std::string_view source) const;
    [[nodiscard]] bool trusts(const crypto::PublicKey& key) const;
    /// This policy narrowed by a person's: nothing becomes allowed that was not.
    [[nodiscard]] ModelPolicy narrowed(const ModelPolicy& personal) const;
};

/// The keys of /etc/edgecoder/models.toml, or of table `models` where `table` is given, all other tables being left
/// alone. No file: an empty policy. `denied` for a file that others than its owner, root or this person, may write.
Result<ModelPolicy> read_model_policy(const std::filesystem::path& file, std::string_view table = {});

}  // namespace ec::model
