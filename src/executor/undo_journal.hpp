// The folder that holds the undo steps of one workspace: UNDO_DIR/<id of the workspace>/<sequence>/{step.json, images}.
//
// Open means locked: one process at a time applies to a workspace. A step appears as a whole by one rename, after
// everything in it is on the disk; a file `complete` says that it was carried out to its end.
#pragma once

#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "undo_step.hpp"

namespace ec::executor {

inline constexpr std::size_t kMostSteps = 50;
inline constexpr std::uint64_t kMostUndoBytes = 1ULL << 30;

class UndoJournal {
public:
    /// Makes the folders (0700) and waits at most ten seconds for the lock (`conflict`). `workspace` is canonical.
    static Result<UndoJournal> open(const std::filesystem::path& undo_dir, const std::filesystem::path& workspace);

    /// In the order of their sequence numbers. `corrupt` when one cannot be read or belongs to another workspace.
    [[nodiscard]] Result<std::vector<UndoStep>> steps() const;

    /// A step in the making; gone with its images unless it was published.
    class Draft {
    public:
        Draft(Draft&& other) noexcept;
        Draft& operator=(Draft&&) = delete;
        ~Draft();
        /// Copies `source` from its start into a new image and tells its size and hash. `too_large` beyond
        /// kMostUndoBytes for all images of the step.
        Status keep(int source, FileStep& file);
        /// The same of a content in memory.
        Status keep(std::string_view content, FileStep& file);

    private:
        friend class UndoJournal;
        explicit Draft(std::filesystem::path path) : path_(std::move(path)) {}
        std::filesystem::path path_;
        std::uint64_t bytes_ = 0;
        std::size_t images_ = 0;
    };
    Result<Draft> begin();

    /// Puts everything on the disk and gives the step its number.
    Status publish(Draft draft, UndoStep& step);
    /// Says that the step was carried out, then drops what is beyond the limits, oldest first.
    Status complete(const UndoStep& step);
    /// Forgets a step that left nothing behind.
    void drop(const UndoStep& step);
    [[nodiscard]] std::filesystem::path image(const UndoStep& step, const FileStep& file) const;

    /// A folder name that is in nobody's use.
    static std::string fresh_name(std::string_view prefix);

private:
    UndoJournal(std::filesystem::path dir, std::string workspace, UniqueFd lock)
        : dir_(std::move(dir)), workspace_(std::move(workspace)), lock_(std::move(lock)) {}
    [[nodiscard]] std::vector<std::uint64_t> sequences() const;
    [[nodiscard]] std::filesystem::path folder(std::uint64_t sequence) const;
    void trim();

    std::filesystem::path dir_;
    std::string workspace_;
    UniqueFd lock_;
};

}  // namespace ec::executor
