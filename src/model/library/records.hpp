// Small files beside the models: when a file was last hashed, how fast a model was; and manifests from elsewhere.
#pragma once

#include <ec/core/result.hpp>
#include <ec/model/library.hpp>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

namespace ec::model::library {

/// What changes when somebody writes to a file.
struct Looked {
    std::uint64_t size = 0;
    std::int64_t changed = 0;  ///< the system's own count of the time
    bool operator==(const Looked&) const = default;
};
Result<Looked> look_at(const std::filesystem::path& file);
Status note_checked(const std::filesystem::path& note, const Looked& looked);
/// True when `file` looks as it did when it was hashed.
bool checked_before(const std::filesystem::path& note, const std::filesystem::path& file);

MeasuredSpeed read_speed(const std::filesystem::path& file);
Status write_speed(const std::filesystem::path& file, const MeasuredSpeed& speed);

struct ManifestTexts {
    std::string manifest;
    std::string signature;  ///< empty: there is none
};
/// From a URL or a file; the signature is what lies beside it with ".sig" behind its name.
Result<ManifestTexts> fetch_manifest(std::string_view source, net::HttpClient& http, const std::stop_token& stop);

struct Copied {
    std::filesystem::path file;
    crypto::Sha256Digest sha256;
    std::uint64_t size = 0;
};
/// Copies into a new file in `folder` and hashes what was written; nothing is left of a failure.
Result<Copied> copy_in(const std::filesystem::path& file, const std::filesystem::path& folder,
                       const OnPullProgress& progress, const std::stop_token& stop);

}  // namespace ec::model::library
