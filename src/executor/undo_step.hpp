// One step of an undo journal and its form on the disk. The bytes of a journal are parsed as untrusted.
#pragma once

#include <cstdint>
#include <ec/core/hash.hpp>
#include <ec/core/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

/// What stands at a path, with what is needed to make it again. The hash is of the content, in blocks.
struct FileState {
    enum class Kind { absent, file, link };
    Kind kind = Kind::absent;
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;
    Hash128 hash;
    std::string target;

    /// Equal to a reader of the tree: owners may differ.
    [[nodiscard]] bool same_as(const FileState& other) const;
};

struct FileStep {
    std::string path;
    FileState before;  ///< its content is in the journal as `image`
    FileState after;
    std::string image;  ///< file name below the step's folder; empty unless before.kind is file
};

struct FolderState {
    std::string path;
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

struct UndoStep {
    enum class Kind { apply, undo, redo };
    std::uint64_t sequence = 0;  ///< the folder's name, not in the file
    bool complete = false;       ///< a file beside it, not in it
    Kind kind = Kind::apply;
    std::uint64_t of = 0;  ///< the step that this one takes back
    std::string origin;    ///< undo, redo: name of the apply that it all began with; empty when not known
    std::int64_t time_ms = 0;
    std::string workspace;  ///< canonical path
    std::string scratch;    ///< folder in the workspace that exists only while the step is carried out
    std::vector<FileStep> files;
    std::vector<FolderState> removed;  ///< folders that were there and may be gone, parents first
    std::vector<std::string> created;  ///< folders that were not there, parents first

    /// A name that no other apply ever has, for an apply and for whatever takes it back or does it again.
    [[nodiscard]] const std::string& apply_name() const { return kind == Kind::apply ? scratch : origin; }
};

std::string encode(const UndoStep& step);
/// Fails with `corrupt` unless every path lies inside a workspace, every name is one we make and every number fits.
Result<UndoStep> decode_undo_step(std::string_view text);

/// What undo and redo would take back next; nullptr when nothing.
struct UndoStacks {
    std::vector<const UndoStep*> undoable;  ///< last: next
    std::vector<const UndoStep*> redoable;  ///< last: next
};
/// `steps` in the order of their sequence numbers; they must outlive the result. An undo or redo that was interrupted
/// is in neither.
UndoStacks stacks(const std::vector<UndoStep>& steps);

/// Content hash over blocks, so that a file need not be in memory as a whole. Every block but the last is kHashBlock.
inline constexpr std::size_t kHashBlock = 1U << 20;
Hash128 extend_hash(Hash128 so_far, std::string_view block);
Hash128 content_hash(std::string_view content);

}  // namespace ec::executor
