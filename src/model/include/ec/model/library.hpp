// The library of model files: pull them from where they are published, keep them by their hash, know when one changed.
//
//   DATA_DIR/models/blobs/sha256-HEX       the files, one copy however many names they have
//                   manifests/NAME.json    what a model is: canonical JSON, signed or not
//                   manifests/NAME.json.sig
//                   partial/               downloads under way, kept for resuming
//                   checked/, measured/    what this machine found out: times of files, speeds
//
// A file is in blobs/ only whole, synced and with its hash right. Several processes may use one library. Where a policy
// asks for signatures, nothing without a good one comes in or is handed out (`denied`).
//
// Threads: one call at a time per Library; the stop token may fire on any thread. Ports outlive it.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/core/secret.hpp>
#include <ec/core/waiter.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/model/model_manifest.hpp>
#include <ec/model/model_source.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::net {
class HttpClient;
}

namespace ec::model {

/// What a GGUF file says of itself, read without running or loading anything of it.
struct ModelFileFacts {
    std::string architecture;
    std::string title;         ///< general.name
    std::string licence;       ///< general.license
    std::string quantisation;  ///< as the file says, else of most weights: "Q4_K_M"
    std::int64_t parameters = 0;
    std::int64_t context = 0;          ///< tokens it was trained with
    std::int64_t cache_per_token = 0;  ///< bytes, in 16 bits, all layers counted as full attention
    std::int64_t parts = 1;
    bool chat_template = false;
    bool embeds = false;  ///< it turns texts into vectors or scores and writes none

    /// Bytes for a file of `size` with `tokens` of context; what the embedded host will ask for at least.
    [[nodiscard]] std::int64_t memory(std::uint64_t size, std::int64_t tokens) const;
};

/// `not_found`, or `corrupt` for what is no GGUF, lies about its sizes or is cut short.
Result<ModelFileFacts> read_model_file(const std::filesystem::path& file);

/// As measured on this machine; zeros where never measured.
struct MeasuredSpeed {
    double prompt_per_second = 0;
    double decode_per_second = 0;
    std::int64_t prompt_tokens = 0;
    std::int64_t decoded_tokens = 0;
    std::string when;  ///< RFC 3339
};

struct LibraryEntry {
    ModelManifest manifest;
    std::filesystem::path file;
    std::optional<SignedBy> signed_by;  ///< a good signature, trusted or not
    MeasuredSpeed speed;
    std::string trouble;  ///< why it cannot be used; empty when it can
};

struct PullProgress {
    enum class Stage { waiting, hashing, downloading, retrying };
    Stage stage = Stage::downloading;
    std::uint64_t done = 0;
    std::uint64_t total = 0;  ///< 0 unknown
    std::string_view why;     ///< retrying: valid during the call
};
using OnPullProgress = std::function<void(const PullProgress&)>;

/// What would be pulled: everything that is known before the first byte of the file.
struct PullPlan {
    std::string name;
    ResolvedSource source;
    std::string licence;  ///< empty: unknown
    std::optional<ModelManifest> manifest;
    std::optional<Signed> signature;
    bool present = false;  ///< the file is in the library already
};

struct LibraryOptions {
    std::filesystem::path directory;  ///< DATA_DIR/models
    ModelPolicy policy;
    SourceBases bases;
};

class Library {
public:
    Library(LibraryOptions options, net::HttpClient& http, Waiter& waiter);

    /// Sorted by name. A manifest that cannot be read is an entry with its trouble.
    Result<std::vector<LibraryEntry>> list() const;
    /// `not_found` with the names there are.
    Result<LibraryEntry> find(std::string_view name) const;
    /// The file of a model that may be used now: policy, signature and size hold; hashed again where its time changed.
    Result<std::filesystem::path> usable_file(std::string_view name) const;
    /// Hashes everything. `corrupt` with what does not agree.
    Status verify(std::string_view name, const OnPullProgress& progress, std::stop_token stop) const;

    /// Asks the source what it has. `source` is a name of the catalogue, a URL, hf:…, ollama:…, or a manifest (a URL or
    /// file that ends in .json). `name` empty: made from the source.
    Result<PullPlan> plan(std::string_view source, std::string_view name, std::stop_token stop);
    /// Fetches what was planned. `created` is RFC 3339. On `cancelled` and broken connections what came is kept.
    Result<LibraryEntry> pull(const PullPlan& plan, std::string_view created, const OnPullProgress& progress,
                              std::stop_token stop);
    /// Copies a file of this machine in: a link would let a later change of it change the library's.
    Result<LibraryEntry> add(const std::filesystem::path& file, std::string_view name, std::string_view created,
                             const OnPullProgress& progress, std::stop_token stop);
    /// Hashes the file of a model and signs its manifest; `source` not empty: replaces where others can fetch it.
    Result<LibraryEntry> sign(std::string_view name, const crypto::SecretKey& key, std::string_view source);
    Status remove(std::string_view name);
    Status remember(std::string_view name, const MeasuredSpeed& speed);

    [[nodiscard]] const ModelPolicy& policy() const { return options_.policy; }

private:
    [[nodiscard]] std::filesystem::path blob(const crypto::Sha256Digest& hash) const;
    [[nodiscard]] std::filesystem::path manifest_file(std::string_view name) const;
    Result<LibraryEntry> read(std::string_view name) const;
    Status check_policy(const LibraryEntry& entry) const;
    Result<PullPlan> plan_manifest(std::string_view source, std::stop_token stop);
    Result<LibraryEntry> keep(const std::filesystem::path& file, const ModelManifest& manifest,
                              const std::optional<Signed>& signature);
    Status prepare() const;

    LibraryOptions options_;
    net::HttpClient& http_;
    Waiter& waiter_;
};

}  // namespace ec::model
