#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec/model/library.hpp>
#include <ec/net/http_client.hpp>
#include <system_error>

#include "download.hpp"
#include "files.hpp"
#include "records.hpp"

namespace ec::model {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostModels = 1000;
constexpr std::chrono::seconds kLockPatience{30};        // for moments of work on names
constexpr std::chrono::hours kDownloadPatience{24 * 7};  // for another program's download of the same file

Error unknown_model(std::string_view name, const std::vector<LibraryEntry>& there) {
    std::vector<std::string> names;
    for (const LibraryEntry& entry : there) names.push_back(entry.manifest.name);
    return {ErrorCode::not_found, fmt::format("there is no model named {} here", ellipsize(to_valid_utf8(name), 100)),
            names.empty() ? "edgecoder model list --catalogue shows those that can be pulled"
                          : fmt::format("there are {}", ellipsize(join(names, ", "), 500))};
}

// With the built-in addresses a source may be allowed in its short form; behind another address only by that.
bool allowed(const ModelPolicy& policy, const SourceBases& bases, const std::string& source) {
    if (policy.allows(source_address(source, bases))) return true;
    const bool hub = source.starts_with("hf:") && bases.hugging_face == kHuggingFace;
    const bool registry = source.starts_with("ollama:") && bases.ollama == kOllama;
    return (hub || registry || source.starts_with("file:")) && policy.allows(source);
}

Status check_source(const ModelPolicy& policy, const SourceBases& bases, const std::string& source) {
    if (allowed(policy, bases, source)) return {};
    return fail(ErrorCode::denied, fmt::format("the policy does not allow models from {}", source),
                "allowed_sources of /etc/edgecoder/models.toml or of [models] in config.toml says from where");
}

Status unsigned_model(std::string_view name, bool is_signed) {
    return fail(ErrorCode::denied,
                fmt::format("{} is {}, and the policy asks for a signature of a trusted key", name,
                            is_signed ? "signed by a key that is not trusted" : "not signed"),
                "pull the signed manifest that your administrators publish");
}

// One step of publishing: the file is whole and named before its name can be found.
Status move_in(const fs::path& file, const fs::path& blob) {
    if (file == blob) return {};
    if (::chmod(file.c_str(), 0644) != 0 || ::rename(file.c_str(), blob.c_str()) != 0) {
        return fail(from_errno(fmt::format("cannot move the model to {}", blob.string()), errno));
    }
    return library::sync_folder(blob.parent_path());
}

}  // namespace

Library::Library(LibraryOptions options, net::HttpClient& http, Waiter& waiter)
    : options_(std::move(options)), http_(http), waiter_(waiter) {}

fs::path Library::blob(const crypto::Sha256Digest& hash) const {
    return options_.directory / "blobs" / ("sha256-" + hash.hex());
}

fs::path Library::manifest_file(std::string_view name) const {
    return options_.directory / "manifests" / (std::string(name) + ".json");
}

Status Library::prepare() const {
    for (const char* folder : {"blobs", "manifests", "partial", "checked", "measured"}) {
        std::error_code error;
        fs::create_directories(options_.directory / folder, error);
        if (error) {
            return fail(
                from_errno(fmt::format("cannot make {}", (options_.directory / folder).string()), error.value()));
        }
    }
    return {};
}

Result<LibraryEntry> Library::read(std::string_view name) const {
    EC_ASSIGN(const std::string text, read_file(manifest_file(name), ModelManifest::kMostBytes));
    LibraryEntry entry;
    entry.manifest.name = name;
    const auto manifest = ModelManifest::parse(text);
    if (!manifest || manifest->name != name) {
        entry.trouble = manifest ? "its manifest is that of another model" : manifest.error().message;
        return entry;
    }
    entry.manifest = *manifest;
    entry.file = blob(manifest->sha256);
    entry.speed = library::read_speed(options_.directory / "measured" / (std::string(name) + ".json"));
    if (const auto beside = read_file(manifest_file(name).string() + ".sig", ModelManifest::kMostBytes)) {
        const auto signature = Signed::parse(*beside);
        if (signature && signature->holds_for(text))
            entry.signed_by = SignedBy{signature->key, options_.policy.trusts(signature->key)};
        else
            entry.trouble = "its signature does not belong to its manifest";
    }
    std::error_code error;
    const std::uintmax_t size = fs::file_size(entry.file, error);
    if (error)
        entry.trouble = "its file is missing";
    else if (size != manifest->size)
        entry.trouble = fmt::format("its file has {} bytes instead of {}", size, manifest->size);
    return entry;
}

Result<std::vector<LibraryEntry>> Library::list() const {
    std::vector<LibraryEntry> entries;
    std::error_code error;
    for (fs::directory_iterator at(options_.directory / "manifests", error), end; !error && at != end;
         at.increment(error)) {
        const std::string file = at->path().filename().string();
        if (!file.ends_with(".json")) continue;
        const std::string name = file.substr(0, file.size() - 5);
        if (!is_model_name(name) || entries.size() == kMostModels) continue;
        auto entry = read(name);
        if (!entry && entry.error().code == ErrorCode::not_found) continue;  // removed in between
        if (!entry) {
            LibraryEntry unreadable;
            unreadable.manifest.name = name;
            unreadable.trouble = entry.error().message;
            entry = std::move(unreadable);
        }
        if (const Status may = check_policy(*entry); !may && entry->trouble.empty())
            entry->trouble = may.error().message;
        entries.push_back(*std::move(entry));
    }
    std::ranges::sort(entries, {}, [](const LibraryEntry& entry) { return entry.manifest.name; });
    return entries;
}

Result<LibraryEntry> Library::find(std::string_view name) const {
    if (is_model_name(name)) {
        auto entry = read(name);
        if (entry || entry.error().code != ErrorCode::not_found) return entry;
    }
    EC_ASSIGN(const auto there, list());
    return fail(unknown_model(name, there));
}

Status Library::check_policy(const LibraryEntry& entry) const {
    if (options_.policy.require_signatures && !(entry.signed_by && entry.signed_by->trusted)) {
        return unsigned_model(entry.manifest.name, entry.signed_by.has_value());
    }
    return check_source(options_.policy, options_.bases, entry.manifest.source);
}

Result<fs::path> Library::usable_file(std::string_view name) const {
    EC_ASSIGN(const LibraryEntry entry, find(name));
    if (!entry.trouble.empty()) {
        return fail(ErrorCode::corrupt, fmt::format("{} cannot be used: {}", name, entry.trouble),
                    fmt::format("pull it again after edgecoder model remove {}", name));
    }
    EC_TRY(check_policy(entry));
    const fs::path note = options_.directory / "checked" / entry.manifest.sha256.hex();
    if (!library::checked_before(note, entry.file)) {
        EC_TRY(verify(name, {}, {}));
    }
    return entry.file;
}

Status Library::verify(std::string_view name, const OnPullProgress& progress, std::stop_token stop) const {
    EC_ASSIGN(const LibraryEntry entry, find(name));
    if (!entry.trouble.empty()) return fail(ErrorCode::corrupt, fmt::format("{}: {}", name, entry.trouble));
    EC_TRY(check_policy(entry));
    const fs::path note = options_.directory / "checked" / entry.manifest.sha256.hex();
    EC_ASSIGN(const auto looked, library::look_at(entry.file));
    EC_ASSIGN(const crypto::Sha256Digest hash, library::hash_file(entry.file, progress, stop));
    if (hash != entry.manifest.sha256) {
        ::unlink(note.c_str());
        return fail(ErrorCode::corrupt,
                    fmt::format("the file of {} has changed: its SHA-256 is {} and not {}", name, hash.hex(),
                                entry.manifest.sha256.hex()),
                    fmt::format("edgecoder model remove {} and pull it again", name));
    }
    // Best effort: without the note the next use hashes again.
    (void)library::note_checked(note, looked);
    return {};
}

Result<PullPlan> Library::plan(std::string_view source, std::string_view name, std::stop_token stop) {
    if (!name.empty() && !is_model_name(name)) {
        return fail(ErrorCode::invalid_argument, "a model's name has letters, digits, '.', '_' and '-', at most 100");
    }
    PullPlan plan;
    if (source.substr(0, source.find('?')).ends_with(".json")) {
        EC_ASSIGN(plan, plan_manifest(source, stop));
        if (!name.empty() && name != plan.name) {
            return fail(ErrorCode::invalid_argument, fmt::format("the manifest is of {}", plan.name),
                        "leave --name out");
        }
    } else {
        const auto models = model_catalogue();
        const auto known = std::ranges::find(models, source, &CatalogueModel::name);
        EC_ASSIGN(const std::string text, canonical_source(source));
        EC_TRY(check_source(options_.policy, options_.bases, text));
        if (options_.policy.require_signatures) return fail(unsigned_model(source, false).error());
        EC_ASSIGN(plan.source, resolve_source(text, options_.bases, http_, stop));
        plan.licence = plan.source.licence;
        if (known != models.end()) plan.licence = known->licence;
        plan.name = known != models.end() ? known->name : model_name_from(plan.source.file_name);
        if (!name.empty()) plan.name = name;
        if (plan.name.empty()) {
            return fail(ErrorCode::invalid_argument, "no name can be made of this source", "say --name NAME");
        }
    }
    std::error_code error;
    plan.present = plan.source.sha256 && plan.source.size > 0 &&
                   fs::file_size(blob(*plan.source.sha256), error) == plan.source.size && !error;
    return plan;
}

Result<PullPlan> Library::plan_manifest(std::string_view source, std::stop_token stop) {
    EC_TRY(source.starts_with("http") ? check_source(options_.policy, options_.bases, std::string(source)) : Status{});
    EC_ASSIGN(const library::ManifestTexts texts, library::fetch_manifest(source, http_, stop));
    EC_ASSIGN(const ModelManifest manifest, ModelManifest::parse(texts.manifest));
    PullPlan plan;
    plan.name = manifest.name;
    plan.licence = manifest.licence;
    plan.manifest = manifest;
    if (!texts.signature.empty()) {
        EC_ASSIGN(plan.signature, Signed::parse(texts.signature));
        if (!plan.signature->holds_for(texts.manifest)) {
            return fail(ErrorCode::denied, fmt::format("the signature of {} does not belong to its manifest", source));
        }
    }
    if (options_.policy.require_signatures && !(plan.signature && options_.policy.trusts(plan.signature->key))) {
        return fail(unsigned_model(manifest.name, plan.signature.has_value()).error());
    }
    EC_ASSIGN(const std::string text, canonical_source(manifest.source));
    EC_TRY(check_source(options_.policy, options_.bases, text));
    plan.source.text = text;
    plan.source.url = source_address(text, options_.bases);
    if (text.starts_with("ollama:")) plan.source.url += "sha256:" + manifest.sha256.hex();
    plan.source.with_token = text.starts_with("hf:");
    plan.source.file_name = manifest.file_name;
    plan.source.licence = manifest.licence;
    plan.source.size = manifest.size;
    plan.source.sha256 = manifest.sha256;
    return plan;
}

Result<LibraryEntry> Library::pull(const PullPlan& plan, std::string_view created, const OnPullProgress& progress,
                                   std::stop_token stop) {
    EC_TRY(prepare());
    ModelManifest manifest;
    if (plan.manifest) manifest = *plan.manifest;
    if (!plan.manifest) {
        manifest.name = plan.name;
        manifest.file_name = plan.source.file_name;
        manifest.source = plan.source.text;
        manifest.licence = plan.licence;
        manifest.created = created;
    }
    const std::string key = plan.source.sha256 ? plan.source.sha256->hex() : hash128(plan.source.url).hex();
    const fs::path partial = options_.directory / "partial" / key;
    bool waited = false;
    const OnPullProgress watch = [&](const PullProgress& now) {
        waited = waited || now.stage == PullProgress::Stage::waiting;
        if (progress) progress(now);
    };
    EC_ASSIGN(const UniqueFd fd, library::lock_file(partial, waiter_, kDownloadPatience, watch, stop));
    // Another pull of the same file may have ended while we waited.
    if (waited && !plan.source.sha256) {
        const auto other = read(plan.name);
        if (other && other->trouble.empty() && other->manifest.source == manifest.source) {
            ::unlink(partial.c_str());
            return other;
        }
    }
    if (plan.source.sha256 && fs::exists(blob(*plan.source.sha256))) {
        const fs::path there = blob(*plan.source.sha256);
        EC_ASSIGN(const crypto::Sha256Digest hash, library::hash_file(there, progress, stop));
        if (hash == *plan.source.sha256) {
            ::unlink(partial.c_str());
            manifest.sha256 = hash;
            manifest.size = fs::file_size(there);
            return keep(there, manifest, plan.signature);
        }
    }
    library::Wanted wanted{plan.source.url, plan.source.text, plan.source.size, plan.source.sha256, {}};
    const std::string_view token = options_.bases.hugging_face_token.reveal();
    if (plan.source.with_token && !token.empty()) {
        wanted.headers.emplace_back("Authorization", "Bearer " + std::string(token));
    }
    library::Download download(wanted, partial, fd.get(), http_, waiter_);
    EC_ASSIGN(manifest.sha256, download.run(progress, stop));
    manifest.size = download.size();
    const auto facts = read_model_file(partial);
    if (!facts || facts->parts > 1) {
        ::unlink(partial.c_str());
        return fail(ErrorCode::corrupt,
                    facts ? fmt::format("{} is one part of several, which the library does not keep", wanted.what)
                          : fmt::format("what {} sent is no GGUF model", wanted.what),
                    "check the address: a page about the file is not the file");
    }
    if (manifest.licence.empty() && !plan.signature) manifest.licence = facts->licence;
    return keep(partial, manifest, plan.signature);
}

Result<LibraryEntry> Library::add(const fs::path& file, std::string_view name, std::string_view created,
                                  const OnPullProgress& progress, std::stop_token stop) {
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    if (error)
        return fail(ErrorCode::not_found,
                    fmt::format("there is no file {}", ellipsize(to_valid_utf8(file.native()), 200)));
    ModelManifest manifest;
    manifest.name = name.empty() ? model_name_from(file.filename().string()) : std::string(name);
    if (!is_model_name(manifest.name)) {
        return fail(ErrorCode::invalid_argument, "a model's name has letters, digits, '.', '_' and '-', at most 100",
                    "say --name NAME");
    }
    manifest.source = "file:" + to_valid_utf8(real.string());
    EC_TRY(check_source(options_.policy, options_.bases, manifest.source));
    if (options_.policy.require_signatures) return fail(unsigned_model(manifest.name, false).error());
    EC_ASSIGN(const ModelFileFacts facts, read_model_file(real));
    if (facts.parts > 1) {
        return fail(ErrorCode::unavailable, "it is one part of several, which the library does not keep",
                    fmt::format("use it where it is: --model {}", shell_quote(file.string())));
    }
    EC_TRY(prepare());
    manifest.file_name = to_valid_utf8(file.filename().string());
    manifest.licence = facts.licence;
    manifest.created = created;
    EC_ASSIGN(const library::Copied copied, library::copy_in(real, options_.directory / "partial", progress, stop));
    manifest.sha256 = copied.sha256;
    manifest.size = copied.size;
    auto entry = keep(copied.file, manifest, {});
    if (!entry) ::unlink(copied.file.c_str());
    return entry;
}

Result<LibraryEntry> Library::keep(const fs::path& file, const ModelManifest& manifest,
                                   const std::optional<Signed>& signature) {
    EC_ASSIGN(const UniqueFd lock, library::lock_file(options_.directory / "lock", waiter_, kLockPatience, {}, {}));
    const fs::path target = blob(manifest.sha256);
    EC_TRY(move_in(file, target));
    EC_ASSIGN(const auto looked, library::look_at(target));
    EC_TRY(library::note_checked(options_.directory / "checked" / manifest.sha256.hex(), looked));
    const fs::path path = manifest_file(manifest.name);
    const std::string beside = path.string() + ".sig";
    ::unlink(beside.c_str());
    EC_TRY(write_file_atomic(path, manifest.text()));
    if (signature) {
        EC_TRY(write_file_atomic(beside, signature->text()));
    }
    EC_TRY(library::sync_folder(path.parent_path()));
    return read(manifest.name);
}

Result<LibraryEntry> Library::sign(std::string_view name, const crypto::SecretKey& key, std::string_view source) {
    EC_ASSIGN(LibraryEntry entry, find(name));
    if (!entry.trouble.empty()) return fail(ErrorCode::corrupt, fmt::format("{}: {}", name, entry.trouble));
    if (!source.empty()) {
        EC_ASSIGN(entry.manifest.source, canonical_source(source));
    }
    // A signature says that these are the bytes, so they are looked at.
    EC_ASSIGN(const crypto::Sha256Digest hash, library::hash_file(entry.file, {}, {}));
    if (hash != entry.manifest.sha256) return fail(ErrorCode::corrupt, fmt::format("the file of {} has changed", name));
    return keep(entry.file, entry.manifest, Signed::make(key, entry.manifest));
}

Status Library::remove(std::string_view name) {
    EC_ASSIGN(const LibraryEntry entry, find(name));
    EC_ASSIGN(const UniqueFd lock, library::lock_file(options_.directory / "lock", waiter_, kLockPatience, {}, {}));
    const fs::path path = manifest_file(name);
    ::unlink((path.string() + ".sig").c_str());
    ::unlink((options_.directory / "measured" / (std::string(name) + ".json")).c_str());
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return fail(from_errno(fmt::format("cannot remove {}", path.string()), errno));
    }
    if (entry.file.empty()) return {};
    EC_ASSIGN(const auto others, list());
    const bool shared =
        std::ranges::any_of(others, [&](const LibraryEntry& other) { return other.file == entry.file; });
    if (shared) return {};
    ::unlink((options_.directory / "checked" / entry.manifest.sha256.hex()).c_str());
    if (::unlink(entry.file.c_str()) != 0 && errno != ENOENT) {
        return fail(from_errno(fmt::format("cannot remove {}", entry.file.string()), errno));
    }
    return {};
}

Status Library::remember(std::string_view name, const MeasuredSpeed& speed) {
    EC_TRY(find(name));
    EC_TRY(prepare());
    return library::write_speed(options_.directory / "measured" / (std::string(name) + ".json"), speed);
}

}  // namespace ec::model
