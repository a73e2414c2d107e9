// A draft: what an agent has changed and nothing has written yet. Files of the workspace show through where the draft
// holds none of its own.
//
// Values are read once and kept, so that a patch says what the model really saw; whoever writes the draft finds a file
// that changed meanwhile. Copies are cheap enough for one per sample. One thread at a time.
#pragma once

#include <ec/agent/edits.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/vcs/diff.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ec::agent {

class Draft final : public FileSource {
public:
    /// `workspace` outlives the draft and its copies.
    explicit Draft(const FileSource& workspace) : workspace_(&workspace) {}

    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override;
    [[nodiscard]] std::vector<std::string> paths() const override;

    void take(const std::vector<FileChange>& changes);
    void put(const std::string& path, std::optional<std::string> content);
    /// The draft without what it does to these files.
    [[nodiscard]] Draft without(const std::vector<std::string>& paths) const;

    [[nodiscard]] bool empty() const { return versions().empty(); }
    [[nodiscard]] bool removes_files() const;
    /// Only what differs from the workspace, sorted by path.
    [[nodiscard]] std::vector<vcs::FileVersion> versions() const;
    /// As the sandbox lays them over the disk: what differs from the workspace, and what an editor has not saved.
    /// Removed files are not among them.
    [[nodiscard]] std::vector<executor::FileEdit> edits() const;
    /// Fails for binary content.
    [[nodiscard]] Result<std::string> patch() const { return vcs::unified_patch(versions()); }
    /// Equal drafts have equal identities.
    [[nodiscard]] std::string identity() const;

private:
    struct File {
        std::optional<std::string> before;
        std::optional<std::string> now;
    };
    const FileSource* workspace_;
    std::map<std::string, File> files_;
};

}  // namespace ec::agent
