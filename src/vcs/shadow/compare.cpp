#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/vcs/shadow.hpp>
#include <optional>

#include "commit_text.hpp"
#include "object_store.hpp"
#include "references.hpp"
#include "stat_cache.hpp"

namespace ec::vcs {
namespace {

using FileMap = std::map<std::string, ShadowFile>;

Status read_tree(const ObjectStore& store, const ObjectId& tree, const std::string& path, unsigned depth,
                 FileMap& out) {
    if (depth > kDeepest) return fail(ErrorCode::corrupt, "the checkpoints are damaged: folders too deep");
    EC_ASSIGN(const std::vector<TreeEntry> entries, store.get_tree(tree));
    for (const TreeEntry& entry : entries) {
        const std::string name = path.empty() ? entry.name : path + "/" + entry.name;
        if (entry.mode == kFolderMode) {
            EC_TRY(read_tree(store, entry.id, name, depth + 1, out));
        } else {
            out[name] = {name, entry.mode == kProgramMode ? 0755U : 0644U, entry.mode == kLinkMode, hex(entry.id)};
        }
    }
    return {};
}

Status read_modes(const std::string& text, FileMap& files) {
    for (const std::string_view line : split(text, '\0')) {
        if (line.empty()) continue;
        const auto file = line.size() > 5 ? files.find(std::string(line.substr(5))) : files.end();
        if (file == files.end()) continue;
        unsigned mode = 0;
        for (const char c : line.substr(0, 4)) mode = mode * 8 + static_cast<unsigned>(c - '0');
        file->second.mode = mode & 0777U;
    }
    return {};
}

Result<FileMap> read_files(const ObjectStore& store, const std::string& id) {
    FileMap files;
    if (id.empty()) return files;
    EC_ASSIGN(const ObjectId wanted, parse_id(id));
    EC_ASSIGN(const std::string text, store.get(ObjectKind::commit, wanted));
    EC_ASSIGN(const Commit commit, read_commit(text));
    EC_ASSIGN(const ObjectId tree, store.entry(commit.tree, "files"));
    EC_ASSIGN(const ObjectId modes, store.entry(commit.tree, "modes"));
    EC_TRY(read_tree(store, tree, "", 0, files));
    EC_ASSIGN(const std::string exceptions, store.get(ObjectKind::blob, modes));
    EC_TRY(read_modes(exceptions, files));
    return files;
}

std::vector<ShadowChange> compare(const FileMap& before, const FileMap& after) {
    std::vector<ShadowChange> changes;
    for (const auto& [path, file] : before) {
        const auto other = after.find(path);
        if (other == after.end())
            changes.push_back({path, file, {}});
        else if (!(other->second == file))
            changes.push_back({path, file, other->second});
    }
    for (const auto& [path, file] : after) {
        if (!before.contains(path)) changes.push_back({path, {}, file});
    }
    std::ranges::sort(changes, {}, &ShadowChange::path);
    return changes;
}

// A name as git writes it in a patch: quoted in C's way when it holds anything but plain ASCII (core.quotePath).
std::string quoted(const std::string& prefix, const std::string& path) {
    const std::string name = prefix + path;
    std::string out;
    bool plain = true;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += fmt::format("\\{}", c);
        } else if (c == '\n' || c == '\t') {
            out += c == '\n' ? "\\n" : "\\t";
        } else if (byte < 0x20 || byte >= 0x7f) {
            out += fmt::format("\\{:03o}", byte);
        } else {
            out += c;
            continue;
        }
        plain = false;
    }
    return plain ? name : "\"" + out + "\"";
}

unsigned git_mode(const ShadowFile& file) {
    if (file.symlink) return kLinkMode;
    return (file.mode & 0100U) != 0 ? kProgramMode : kFileMode;
}

// The lines above the first hunk. A file that became a link, or the other way round, is shown as changed text.
std::string header(const ShadowChange& change) {
    const std::string a = quoted("a/", change.path);
    const std::string b = quoted("b/", change.path);
    const bool created = change.before.object.empty();
    const bool deleted = change.after.object.empty();
    std::string text = fmt::format("diff --git {} {}\n", a, b);
    if (created) text += fmt::format("new file mode {:o}\n", git_mode(change.after));
    if (deleted) text += fmt::format("deleted file mode {:o}\n", git_mode(change.before));
    const bool both = !created && !deleted;
    if (both && git_mode(change.before) != git_mode(change.after)) {
        text += fmt::format("old mode {:o}\nnew mode {:o}\n", git_mode(change.before), git_mode(change.after));
    }
    return text;
}

Result<std::string> body(const ShadowChange& change, const std::optional<std::string>& before,
                         const std::optional<std::string>& after) {
    EC_ASSIGN(const GitLibrary* const git, git_library());
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    git_patch* raw = nullptr;
    // Only the hunks are used: the names in the header are ours, with their modes.
    if (git->git_patch_from_buffers(&raw, before ? before->data() : nullptr, before ? before->size() : 0, "x",
                                    after ? after->data() : nullptr, after ? after->size() : 0, "x", &options) != 0) {
        return git_failure(*git, "cannot compare " + change.path);
    }
    const PatchHandle patch(raw);
    git_buf buffer = GIT_BUF_INIT;
    if (git->git_patch_to_buf(&buffer, patch.get()) != 0) return git_failure(*git, "cannot compare " + change.path);
    const std::string text(buffer.ptr, buffer.size);
    git->git_buf_dispose(&buffer);
    const std::string a = before ? quoted("a/", change.path) : "/dev/null";
    const std::string b = after ? quoted("b/", change.path) : "/dev/null";
    if ((git->git_patch_get_delta(patch.get())->flags & GIT_DIFF_FLAG_BINARY) != 0) {
        return fmt::format("Binary files {} and {} differ\n", a, b);
    }
    const std::size_t hunks = text.find("\n@@ ");
    if (hunks == std::string::npos) return std::string{};
    return fmt::format("--- {}\n+++ {}\n", a, b) + text.substr(hunks + 1);
}

}  // namespace

Result<std::vector<ShadowFile>> ShadowRepository::files(const std::string& id) {
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::read));
    EC_ASSIGN(const ObjectStore store, ObjectStore::open(folder_, true, {}));
    EC_ASSIGN(const FileMap files, read_files(store, id));
    std::vector<ShadowFile> list;
    for (const auto& [path, file] : files) list.push_back(file);
    return list;
}

Result<std::vector<ShadowChange>> ShadowRepository::changes(const std::string& before, const std::string& after) {
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::read));
    EC_ASSIGN(const ObjectStore store, ObjectStore::open(folder_, true, {}));
    EC_ASSIGN(const FileMap old_files, read_files(store, before));
    EC_ASSIGN(const FileMap new_files, read_files(store, after));
    return compare(old_files, new_files);
}

Result<std::string> ShadowRepository::content(const std::string& object) {
    EC_ASSIGN(const ObjectId wanted, parse_id(object));
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::read));
    EC_ASSIGN(const ObjectStore store, ObjectStore::open(folder_, true, {}));
    return store.get(ObjectKind::blob, wanted);
}

Result<std::vector<std::string>> ShadowRepository::left_out(const std::string& id) {
    EC_ASSIGN(const ObjectId wanted, parse_id(id));
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder_, Access::read));
    EC_ASSIGN(const ObjectStore store, ObjectStore::open(folder_, true, {}));
    EC_ASSIGN(const std::string text, store.get(ObjectKind::commit, wanted));
    EC_ASSIGN(const Commit commit, read_commit(text));
    EC_ASSIGN(const ObjectId blob, store.entry(commit.tree, "left-out"));
    EC_ASSIGN(const std::string names, store.get(ObjectKind::blob, blob));
    std::vector<std::string> paths;
    for (const std::string_view name : split(names, '\0')) {
        if (!name.empty()) paths.emplace_back(name);
    }
    return paths;
}

Result<std::string> ShadowRepository::diff(const std::string& before, const std::string& after,
                                           const std::set<std::string>* only) {
    EC_ASSIGN(const auto list, changes(before, after));
    std::string text;
    for (const ShadowChange& change : list) {
        if (only != nullptr && !only->contains(change.path)) continue;
        const auto load = [&](const ShadowFile& file) -> Result<std::optional<std::string>> {
            if (file.object.empty()) return std::nullopt;
            EC_ASSIGN(std::string bytes, content(file.object));
            return bytes;
        };
        EC_ASSIGN(const std::optional<std::string> old_text, load(change.before));
        EC_ASSIGN(const std::optional<std::string> new_text, load(change.after));
        // Git's patches know no permissions but the executable bit.
        if (old_text == new_text && git_mode(change.before) == git_mode(change.after)) continue;
        text += header(change);
        if (old_text == new_text) continue;
        EC_ASSIGN(const std::string hunks, body(change, old_text, new_text));
        text += hunks;
    }
    return text;
}

}  // namespace ec::vcs
