// Replaces a set of files below one folder: all or none, each by one rename, with what they replace kept in the undo
// journal first. No symbolic link below the root is ever followed.
//
// New files and folders are made in a scratch folder that only we can enter, and what they replace is exchanged with
// them into it: so owners and modes are set where nobody can interfere, what came out can be compared with what was
// expected, and a failure midway puts the very same files back. One thread.
#pragma once

#include <sys/stat.h>

#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "undo_journal.hpp"

namespace ec::executor {

/// What is to stand at a path, and what must stand there until then.
struct Order {
    std::string path;
    FileState after;
    bool owner_given = false;                 ///< else: of what stood there, else of the folder it comes into
    std::string_view content;                 ///< of a file; must outlive the replacing
    std::filesystem::path image;              ///< when set, the content is there and must have after's hash
    std::optional<FileIdentity> expected;     ///< either the very file,
    std::optional<FileState> expected_state;  ///< or what it holds; neither: anything
};

struct Plan {
    UndoStep::Kind kind = UndoStep::Kind::apply;
    std::uint64_t of = 0;
    std::string origin = {};  ///< as UndoStep::origin
    std::vector<Order> orders;
    std::vector<FolderState> folders;  ///< to be there again, with these owners and modes; parents first
    /// Folders to remove once empty; nullopt: those that lose a file.
    std::optional<std::vector<std::string>> removable;
    std::uint64_t started_ns = 0;  ///< not 0: a file with a later change time is not the expected one
};

class FileReplacer {
public:
    static Result<FileReplacer> open(const std::filesystem::path& workspace, std::function<void()> before_step);

    /// lstat without following a link on the way; nullopt when nothing is there.
    [[nodiscard]] std::optional<struct stat> look(const std::string& path) const;
    [[nodiscard]] std::optional<std::string> read_link(const std::string& path) const;

    /// Names in a folder ("": the root); none where it cannot be read.
    [[nodiscard]] std::vector<std::string> list(const std::string& folder) const;
    /// The first 4 KiB of a regular file; empty when there is none.
    [[nodiscard]] std::string head_of(const std::string& path) const;

    /// Returns the paths that were written or removed; those that already were as ordered are left out. `conflict`,
    /// naming the files, when something else stands there. Orders of one path twice are an `invalid_argument`.
    Result<std::vector<std::string>> perform(Plan plan, UndoJournal& journal);
    /// The same without a journal entry: for taking back a step that was interrupted, which can be done again.
    Result<std::vector<std::string>> perform_again(Plan plan, const UndoStep& interrupted);
    /// After perform(): UndoStep::apply_name() of the step it made; empty when it made none.
    [[nodiscard]] const std::string& step_name() const { return scratch_name_; }
    /// Removes what an interrupted step left of its scratch folder.
    void remove_scratch(const UndoStep& step) const;

private:
    struct Item {
        Order order;
        FileStep file;
        struct stat seen{};
        std::string aside;  ///< its name in the scratch folder
    };

    FileReplacer(UniqueFd root, std::function<void()> before_step)
        : root_(std::move(root)), before_step_(std::move(before_step)) {}

    UniqueFd open_parent(const std::string& path, int flags) const;
    void mark() const {
        if (before_step_) before_step_();
    }
    Status examine(Plan& plan, UndoJournal::Draft* draft);
    Status examine_one(Item& item, UndoJournal::Draft* draft, std::uint64_t started_ns);
    Status capture(Item& item, int parent, UndoJournal::Draft* draft) const;
    void plan_folders(const Plan& plan);
    Status stage(const Item& item) const;
    Status carry_out();
    Status replace_all();
    Status take_away(const Item& item);
    Status put(const Item& item);
    Status exchange(const Item& item, int parent, const std::string& name);
    Status make_folder(const FolderState& folder, bool own_mode);
    void remove_folder(const FolderState& folder);
    Status sync_parents() const;
    bool roll_back();
    [[nodiscard]] bool leaves(const std::string& path) const { return leaving_.contains(path); }

    UniqueFd root_;
    std::function<void()> before_step_;
    std::vector<Item> items_;
    std::set<std::string> leaving_;    ///< paths that will be no file or link any more
    std::set<std::string> returning_;  ///< paths that are to be folders again, and may still be
    std::vector<std::string> conflicts_;
    std::vector<FolderState> removed_;  ///< parents first
    std::vector<FolderState> created_;  ///< parents first; mode 0: as the system makes folders
    std::size_t folders_made_ = 0;
    std::string scratch_name_;
    UniqueFd scratch_;
    std::vector<std::function<bool()>> inverse_;  ///< of what was done, in order
};

/// The sentence for files that are not what they were: "a, b and 3 more …".
Error conflict(std::vector<std::string> paths, std::string_view what, std::string_view remedy);

}  // namespace ec::executor
