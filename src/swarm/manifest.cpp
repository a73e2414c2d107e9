#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/crypto/base64.hpp>
#include <ec/json/json.hpp>
#include <ec/swarm/payload.hpp>
#include <unordered_set>

namespace ec::swarm {
namespace {

constexpr std::size_t kPathBytes = 4000;
constexpr std::size_t kNameBytes = 255;
constexpr std::size_t kDepth = 64;
constexpr std::size_t kTargetBytes = 4000;
constexpr std::int64_t kFileBytes = std::int64_t{1} << 32;
/// A path whose every byte is escaped, and the blobs of the largest file.
constexpr std::size_t kLineBytes = 1U << 20;

std::string shown(std::string_view path) { return json::write(json::Value(ellipsize(path, 200))); }

bool starts_with_ignorable(std::string_view text) {
    // Code points that file systems of macOS leave out when they compare names (U+200C to U+200F, U+202A to U+202E,
    // U+206A to U+206F, U+FEFF): ".g<U+200C>it" is ".git" there.
    if (text.size() < 3) return false;
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (at(0) == 0xef) return at(1) == 0xbb && at(2) == 0xbf;
    if (at(0) != 0xe2) return false;
    if (at(1) == 0x80) return (at(2) >= 0x8c && at(2) <= 0x8f) || (at(2) >= 0xaa && at(2) <= 0xae);
    return at(1) == 0x81 && at(2) >= 0xaa && at(2) <= 0xaf;
}

/// As file systems compare names that take letters of either case as one, and drop what ends in dots and spaces.
std::string folded(std::string_view name) {
    std::string out;
    while (!name.empty()) {
        if (starts_with_ignorable(name)) {
            name.remove_prefix(3);
            continue;
        }
        const char c = name.front();
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        name.remove_prefix(1);
    }
    while (!out.empty() && (out.back() == '.' || out.back() == ' ')) out.pop_back();
    return out;
}

bool is_version_control(std::string_view name) {
    // A name of version control with a stream or a short name of other file systems behind it counts as well.
    const std::string plain = folded(name.substr(0, name.find(':')));
    return plain == ".git" || plain == "git~1" || plain == ".hg" || plain == ".svn" || plain == ".bzr" ||
           plain == ".jj";
}

Status check_name(std::string_view name, std::string_view path) {
    const auto wrong = [&](std::string_view what) {
        return fail(ErrorCode::corrupt, fmt::format("the path {} {}", shown(path), what));
    };
    if (name.empty() || name == "." || name == "..") return wrong("is not a plain relative one");
    if (name.size() > kNameBytes) return wrong("has a name that is too long");
    if (is_version_control(name)) return wrong("is version control's own");
    return {};
}

Result<std::vector<BlobId>> ids_of(const std::vector<std::string>& texts) {
    std::vector<BlobId> ids;
    for (const std::string& text : texts) {
        EC_ASSIGN(BlobId id, BlobId::parse(text));
        ids.push_back(std::move(id));
    }
    return ids;
}

Result<ManifestFile> read_line(std::string_view line, std::size_t number) {
    const auto wrong = [&](std::string_view what) {
        return fail(ErrorCode::corrupt, fmt::format("manifest.files[{}].{}", number, what));
    };
    if (line.size() > kLineBytes) return wrong("path is too long");
    EC_ASSIGN(const json::Value value, json::parse(line));
    json::Reader reader(value, fmt::format("manifest.files[{}]", number));
    reader.require("path").require("bytes");
    ManifestFile file;
    file.path = reader.string("path");
    const std::int64_t mode = reader.integer("mode", 0644);
    file.symlink = reader.boolean("symlink");
    const std::int64_t bytes = reader.integer("bytes");
    const std::vector<std::string> blobs = reader.strings("blobs");
    const std::vector<std::string> keys = reader.strings("keys");
    EC_TRY(reader.status());
    if (mode != 0644 && mode != 0755) return wrong("mode is neither 420 nor 493");
    if (bytes < 0 || bytes > kFileBytes) return wrong("bytes is out of range");
    if (file.symlink && (bytes == 0 || bytes > static_cast<std::int64_t>(kTargetBytes))) {
        return wrong("bytes is no length of a link's target");
    }
    file.mode = static_cast<unsigned>(mode);
    file.bytes = static_cast<std::uint64_t>(bytes);
    auto ids = ids_of(blobs);
    if (!ids) return wrong("blobs has an entry that is no id");
    file.blobs = *std::move(ids);
    if (file.blobs.size() != (file.bytes + kBlobPlainBytes - 1) / kBlobPlainBytes) {
        return wrong("blobs is not as many as the bytes need");
    }
    for (const std::string& text : keys) {
        auto key = crypto::from_base64url(text);
        if (!key || key->size() != crypto::SealKey::kBytes) return wrong("keys has an entry that is no key");
        file.keys.push_back(*std::move(key));
    }
    if (file.keys.size() != file.blobs.size()) return wrong("keys are not one a blob");
    EC_TRY(check_path(file.path));
    return file;
}

/// No path twice, and none below a file or a link.
Status check_tree(const std::vector<ManifestFile>& files) {
    std::unordered_set<std::string_view> paths;
    for (const ManifestFile& file : files) {
        if (!paths.insert(file.path).second) {
            return fail(ErrorCode::corrupt, fmt::format("the manifest has {} twice", shown(file.path)));
        }
    }
    for (const ManifestFile& file : files) {
        const std::string_view path = file.path;
        for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
            if (!paths.contains(path.substr(0, slash))) continue;
            return fail(ErrorCode::corrupt,
                        fmt::format("the manifest has {} below what is no folder", shown(file.path)));
        }
    }
    return {};
}

}  // namespace

Status check_path(std::string_view path) {
    if (path.empty() || path.size() > kPathBytes || path.find('\0') != std::string_view::npos) {
        return fail(ErrorCode::corrupt, "a path is empty, too long, or holds a NUL byte");
    }
    if (!is_valid_utf8(path)) return fail(ErrorCode::corrupt, "a path is not UTF-8");
    const std::vector<std::string_view> names = split(path, '/');
    if (names.size() > kDepth) return fail(ErrorCode::corrupt, "a path is too deep");
    for (const std::string_view name : names) EC_TRY(check_name(name, path));
    return {};
}

// What a link names is resolved by the system, through other links as well. With ".." at the beginning alone it is
// resolved from the link's own folder, which is a real one, so that the count of folders above it is the bound; what
// follows only goes down, and every link on the way keeps the same rule.
Status check_link(std::string_view path, std::string_view target) {
    const auto wrong = [&](std::string_view what) {
        return fail(ErrorCode::corrupt, fmt::format("the link {} {}", shown(path), what));
    };
    if (target.empty() || target.size() > kTargetBytes || target.find('\0') != std::string_view::npos) {
        return wrong("has no proper target");
    }
    if (target.front() == '/') return wrong("leads out of the tree");
    std::size_t above = static_cast<std::size_t>(std::ranges::count(path, '/'));
    bool down = false;
    for (const std::string_view name : split(target, '/')) {
        if (name.empty() || name == ".") continue;
        if (name == "..") {
            if (down || above == 0) return wrong("leads out of the tree");
            --above;
            continue;
        }
        down = true;
        if (is_version_control(name)) return wrong("leads to what is version control's own");
    }
    return {};
}

std::string write(const std::vector<ManifestFile>& files) {
    std::string out;
    for (const ManifestFile& file : files) {
        json::Object line{{"path", file.path}, {"bytes", file.bytes}};
        if (file.mode != 0644) line["mode"] = file.mode;
        if (file.symlink) line["symlink"] = true;
        json::Array blobs;
        for (const BlobId& id : file.blobs) blobs.emplace_back(id.text());
        json::Array keys;
        for (const std::string& key : file.keys) keys.emplace_back(crypto::base64url(key));
        line["blobs"] = std::move(blobs);
        line["keys"] = std::move(keys);
        out += json::write(line);
        out += '\n';
    }
    return out;
}

Result<std::vector<ManifestFile>> read_manifest(std::string_view text) {
    if (text.size() > kManifestBytes) return fail(ErrorCode::too_large, "the manifest is too long");
    std::vector<ManifestFile> files;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return fail(ErrorCode::corrupt, "the manifest is cut off");
        if (files.size() == kManifestFiles) {
            return fail(ErrorCode::too_large, fmt::format("the manifest has more than {} files", kManifestFiles));
        }
        EC_ASSIGN(ManifestFile file, read_line(text.substr(0, end), files.size()));
        files.push_back(std::move(file));
        text.remove_prefix(end + 1);
    }
    EC_TRY(check_tree(files));
    return files;
}

}  // namespace ec::swarm
