// What an editor holds of a project and has not saved, kept in step with a ProjectView, and the way approved changes
// take through it.
//
// The protocols of editors have no list of what is open, so a file's text is asked for when it is about to matter: it
// is named in the task, shown to a model, or changed; and again at the next task once it was newer than the disk. Line
// ends and a byte order mark are taken as the disk has them, because editors leave both out. One thread: the agent's.
#pragma once

#include <ec/executor/apply.hpp>
#include <ec/vcs/diff.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "editor.hpp"
#include "project_view.hpp"

namespace ec::apps {

/// A buffer's text as saving it would leave it on the disk, given what lies there; nothing when that is the same text
/// but for line ends, a byte order mark and the last line's end.
std::optional<std::string> newer_text(const std::string& buffer, const std::string& disk);

class OpenBuffers {
public:
    /// Borrows both; `editor` may be null: nothing is newer than the disk then.
    OpenBuffers(Editor* editor, ProjectView& project) : editor_(editor), project_(project) {}

    /// A new task: asks for the files that its words name, and for those that were newer before.
    void begin(const std::string& task);
    /// The text of this file matters from now on.
    void attend(const std::string& path);

    /// Writes an approved change, through the editor where it writes, else as write_patch() does. `conflict` when a
    /// text is no longer what the change was made from, or unsaved where the editor cannot write. The applies that
    /// undo takes back come in order; a change that also removes files makes two.
    Result<std::vector<executor::Applied>> write(const std::vector<vcs::FileVersion>& files,
                                                 const std::vector<std::string>& approved, std::string_view who);
    /// Of the last write(): files that the editor took and has not saved.
    [[nodiscard]] const std::vector<std::string>& left_unsaved() const { return left_unsaved_; }

private:
    [[nodiscard]] std::optional<std::string> on_disk(const std::string& path) const;
    /// As the person sees it; nothing where there is no such file.
    std::optional<std::string> now(const std::string& path);
    Status check_unchanged(const std::vector<vcs::FileVersion>& files);
    Result<std::vector<executor::Applied>> hand_over(const std::vector<vcs::FileVersion>& files,
                                                     const std::vector<std::string>& approved, std::string_view who);

    Editor* editor_;
    ProjectView& project_;
    std::set<std::string> asked_;  ///< in this task
    std::set<std::string> known_;  ///< newer than the disk at some time
    bool silent_ = false;          ///< the editor did not answer in this task
    std::vector<std::string> left_unsaved_;
};

}  // namespace ec::apps
