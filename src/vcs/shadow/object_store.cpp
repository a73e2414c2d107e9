#include "object_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace ec::vcs {
namespace {

// The bytes are mostly text and read rarely: the fastest level loses little.
constexpr int kCompression = 1;

git_object_t type_of(ObjectKind kind) {
    switch (kind) {
        case ObjectKind::blob:
            return GIT_OBJECT_BLOB;
        case ObjectKind::tree:
            return GIT_OBJECT_TREE;
        case ObjectKind::commit:
            break;
    }
    return GIT_OBJECT_COMMIT;
}

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::unexpected<Error> damaged(const ObjectId& id) {
    return fail(ErrorCode::corrupt, fmt::format("the checkpoints are damaged: object {} cannot be read", hex(id)));
}

// Git sorts a folder as if its name ended in a slash.
bool comes_before(const TreeEntry& a, const TreeEntry& b) {
    const auto key = [](const TreeEntry& entry) { return entry.name + (entry.mode == kFolderMode ? "/" : ""); };
    return key(a) < key(b);
}

}  // namespace

std::string hex(const ObjectId& id) {
    std::string text;
    for (const unsigned char byte : id) text += fmt::format("{:02x}", byte);
    return text;
}

Result<ObjectId> parse_id(std::string_view text) {
    ObjectId id{};
    bool good = text.size() == 2 * id.size();
    for (std::size_t i = 0; good && i < id.size(); ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        id[i] = static_cast<unsigned char>(high * 16 + low);
    }
    if (!good) return fail(ErrorCode::not_found, "there is no such checkpoint");
    return id;
}

Result<ObjectStore> ObjectStore::open(const std::filesystem::path& folder, bool synced,
                                      std::function<void()> before_put) {
    EC_ASSIGN(const GitLibrary* const git, git_library());
    git_odb* raw = nullptr;
    if (git->git_odb_new(&raw) != 0) return git_failure(*git, "cannot open the checkpoints");
    OdbHandle odb(raw);
    git_odb_backend* backend = nullptr;
    const std::string objects = (folder / "objects").string();
    if (git->git_odb_backend_loose(&backend, objects.c_str(), kCompression, synced ? 1 : 0, 0700, 0400) != 0 ||
        git->git_odb_add_backend(odb.get(), backend, 1) != 0) {
        return git_failure(*git, "cannot open the checkpoints");
    }
    return ObjectStore(*git, std::move(odb), std::move(before_put));
}

Result<ObjectId> ObjectStore::put(ObjectKind kind, std::string_view bytes) {
    if (before_put_) before_put_();
    git_oid written{};
    if (git_->git_odb_write(&written, odb_.get(), bytes.data(), bytes.size(), type_of(kind)) != 0) {
        return git_failure(*git_, "cannot write a checkpoint");
    }
    ObjectId id{};
    std::memcpy(id.data(), written.id, id.size());
    return id;
}

Result<ObjectId> ObjectStore::put_tree(std::vector<TreeEntry> entries) {
    std::sort(entries.begin(), entries.end(), comes_before);
    std::string bytes;
    for (const TreeEntry& entry : entries) {
        bytes += fmt::format("{:o} ", entry.mode);
        bytes += entry.name;
        bytes += '\0';
        bytes.append(reinterpret_cast<const char*>(entry.id.data()), entry.id.size());
    }
    return put(ObjectKind::tree, bytes);
}

Result<std::string> ObjectStore::get(ObjectKind kind, const ObjectId& id) const {
    git_oid wanted{};
    std::memcpy(wanted.id, id.data(), id.size());
    git_odb_object* raw = nullptr;
    if (git_->git_odb_read(&raw, odb_.get(), &wanted) != 0) return damaged(id);
    const OdbObjectHandle object(raw);
    if (git_->git_odb_object_type(raw) != type_of(kind)) return damaged(id);
    return std::string(static_cast<const char*>(git_->git_odb_object_data(raw)), git_->git_odb_object_size(raw));
}

Result<std::vector<TreeEntry>> ObjectStore::get_tree(const ObjectId& id) const {
    EC_ASSIGN(const std::string bytes, get(ObjectKind::tree, id));
    std::vector<TreeEntry> entries;
    for (std::size_t at = 0; at < bytes.size();) {
        TreeEntry entry;
        const std::size_t space = bytes.find(' ', at);
        const std::size_t end = space == std::string::npos ? space : bytes.find('\0', space);
        if (end == std::string::npos || space - at > 6 || bytes.size() - end - 1 < entry.id.size()) return damaged(id);
        for (; at < space; ++at) entry.mode = entry.mode * 8 + static_cast<unsigned>(bytes[at] - '0');
        entry.name = bytes.substr(space + 1, end - space - 1);
        if (entry.name.empty() || entry.name == "." || entry.name == ".." ||
            entry.name.find('/') != std::string::npos) {
            return damaged(id);
        }
        std::memcpy(entry.id.data(), bytes.data() + end + 1, entry.id.size());
        at = end + 1 + entry.id.size();
        entries.push_back(std::move(entry));
    }
    return entries;
}

Result<ObjectId> ObjectStore::entry(const ObjectId& tree, std::string_view name) const {
    EC_ASSIGN(const std::vector<TreeEntry> entries, get_tree(tree));
    for (const TreeEntry& entry : entries) {
        if (entry.name == name) return entry.id;
    }
    return damaged(tree);
}

}  // namespace ec::vcs
