// Git objects below one folder, loose, through libgit2's object database and nothing else of it.
//
// Objects are private (0400 in folders 0700). A store opened as `synced` has every object on the disk before put()
// returns; the other kind leaves that to one sync of the whole system, which is much faster for thousands of files.
#pragma once

#include <array>
#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "../git_library.hpp"

namespace ec::vcs {

using ObjectId = std::array<unsigned char, 20>;

std::string hex(const ObjectId& id);
/// Fails with `not_found` for what is no id, in the words of a person who typed it.
Result<ObjectId> parse_id(std::string_view text);

enum class ObjectKind { blob, tree, commit };

/// An entry of a git tree. `mode` is git's: 0100644, 0100755, 0120000 or 040000.
struct TreeEntry {
    std::string name;
    unsigned mode = 0;
    ObjectId id{};
};
inline constexpr unsigned kFolderMode = 040000;
inline constexpr unsigned kFileMode = 0100644;
inline constexpr unsigned kProgramMode = 0100755;
inline constexpr unsigned kLinkMode = 0120000;

class ObjectStore {
public:
    /// `folder` is the bare repository.
    static Result<ObjectStore> open(const std::filesystem::path& folder, bool synced, std::function<void()> before_put);

    Result<ObjectId> put(ObjectKind kind, std::string_view bytes);
    /// Not through libgit2's tree builder: it reads every named object again and refuses names that look like `.git` on
    /// other systems, which may well be files of a project.
    Result<ObjectId> put_tree(std::vector<TreeEntry> entries);

    /// `corrupt` when it is missing, damaged or of another kind.
    [[nodiscard]] Result<std::string> get(ObjectKind kind, const ObjectId& id) const;
    [[nodiscard]] Result<std::vector<TreeEntry>> get_tree(const ObjectId& id) const;
    /// The entry of that name in a tree; `corrupt` when there is none.
    [[nodiscard]] Result<ObjectId> entry(const ObjectId& tree, std::string_view name) const;

private:
    ObjectStore(const GitLibrary& git, OdbHandle odb, std::function<void()> before_put)
        : git_(&git), odb_(std::move(odb)), before_put_(std::move(before_put)) {}

    const GitLibrary* git_;
    OdbHandle odb_;
    std::function<void()> before_put_;
};

}  // namespace ec::vcs
