#include "stat_cache.hpp"

#include <cstring>
#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>
#include <optional>
#include <type_traits>

namespace ec::vcs {
namespace {

constexpr std::string_view kMagic = "edgecoder stat cache 1\n";
constexpr std::uint64_t kLargest = 256ULL << 20;

std::uint64_t nanoseconds(const timespec& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

// Numbers as this machine has them: the file never leaves it.
class Writer {
public:
    template <class T>
    void number(T value) {
        static_assert(std::is_trivially_copyable_v<T>);
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    void text(std::string_view value) {
        number(static_cast<std::uint32_t>(value.size()));
        bytes_ += value;
    }
    void folder(const FolderNode& node) {
        number(node.tree);
        number(static_cast<std::uint32_t>(node.files.size()));
        for (const FileNode& file : node.files) {
            text(file.name);
            number(file.stamp);
            number(file.mode);
            number(file.symlink);
            number(file.known);
            number(file.object);
        }
        number(static_cast<std::uint32_t>(node.folders.size()));
        for (const FolderNode& child : node.folders) {
            text(child.name);
            folder(child);
        }
    }
    std::string bytes_;
};

// The content is covered by a hash, so that lengths are what we wrote; it is checked all the same.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    template <class T>
    T number() {
        T value{};
        if (rest_.size() < sizeof value) {
            good_ = false;
            return value;
        }
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return value;
    }
    bool flag() { return number<unsigned char>() != 0; }
    std::string text() {
        const auto size = number<std::uint32_t>();
        if (rest_.size() < size) {
            good_ = false;
            return {};
        }
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return value;
    }
    FolderNode folder(unsigned depth = 0) {
        FolderNode node;
        if (depth > kDeepest) good_ = false;
        node.tree = number<ObjectId>();
        for (auto count = number<std::uint32_t>(); good_ && count > 0; --count) {
            FileNode file;
            file.name = text();
            file.stamp = number<Stamp>();
            file.mode = number<unsigned>();
            file.symlink = flag();
            file.known = flag();
            file.object = number<ObjectId>();
            node.files.push_back(std::move(file));
        }
        for (auto count = number<std::uint32_t>(); good_ && count > 0; --count) {
            std::string name = text();
            node.folders.push_back(folder(depth + 1));
            node.folders.back().name = std::move(name);
        }
        return node;
    }
    [[nodiscard]] bool finished() const { return good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool good_ = true;
};

}  // namespace

Stamp Stamp::of(const struct stat& info) {
    return {info.st_ino, static_cast<std::uint64_t>(info.st_size), nanoseconds(info.st_mtim),
            nanoseconds(info.st_ctim)};
}

StatCache StatCache::load(const std::filesystem::path& folder) {
    StatCache cache;
    const auto content = read_file(folder / "stat-cache", kLargest);
    if (!content || !content->starts_with(kMagic) || content->size() < kMagic.size() + sizeof(Hash128)) return cache;
    std::string_view body = *content;
    body.remove_prefix(kMagic.size());
    Hash128 hash;
    std::memcpy(&hash, body.data() + body.size() - sizeof hash, sizeof hash);
    body.remove_suffix(sizeof hash);
    if (hash128(body) != hash) return cache;
    Reader reader(body);
    cache.snapshot = reader.number<ObjectId>();
    cache.root = reader.folder();
    cache.valid = reader.finished();
    if (!cache.valid) cache.root = {};
    return cache;
}

Status StatCache::save(const std::filesystem::path& folder, const ObjectId& snapshot, const FolderNode& root) {
    Writer writer;
    writer.number(snapshot);
    writer.folder(root);
    const Hash128 hash = hash128(writer.bytes_);
    writer.number(hash);
    return write_file_atomic(folder / "stat-cache", std::string(kMagic) + writer.bytes_, 0600);
}

}  // namespace ec::vcs
