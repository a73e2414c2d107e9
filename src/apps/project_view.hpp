// What an agent sees of a project: its files, its notes for agents, a map of it, and search in it. The index is built
// when it is first asked for.
#pragma once

#include <ec/agent/source.hpp>
#include <ec/agent/workspace_files.hpp>
#include <ec/codeindex/index.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ec::apps {

class ProjectView final : public agent::FileSource {
public:
    static Result<ProjectView> open(const std::filesystem::path& directory);

    /// Looks at the folder again, after it was written to.
    Status refresh();
    [[nodiscard]] const agent::WorkspaceFiles& files() const { return files_; }

    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override;
    [[nodiscard]] std::vector<std::string> paths() const override { return files_.paths(); }
    /// The project's notes as a block for a prompt; empty without any.
    [[nodiscard]] std::string instructions() const;
    /// Definitions that matter for a task, at most so many bytes.
    [[nodiscard]] std::string map(const std::string& task, const std::vector<std::string>& files, std::size_t bytes);
    /// Regions that answer a query.
    [[nodiscard]] std::string search(const std::string& query, std::size_t bytes);

private:
    explicit ProjectView(agent::WorkspaceFiles files) : files_(std::move(files)) {}
    const codeindex::Index& index();

    agent::WorkspaceFiles files_;
    std::optional<codeindex::Index> index_;
};

}  // namespace ec::apps
