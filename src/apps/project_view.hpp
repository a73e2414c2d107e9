// What an agent sees of a project: its files, its notes for agents, a map of it, and search in it. The index is built
// when it is first asked for.
#pragma once

#include <chrono>
#include <ec/agent/secret_files.hpp>
#include <ec/agent/source.hpp>
#include <ec/agent/workspace_files.hpp>
#include <ec/codeindex/index.hpp>
#include <ec/codeindex/search.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::apps {

using OpenEmbedder = std::function<Result<std::unique_ptr<codeindex::Embedder>>(std::stop_token)>;

class ProjectView final : public agent::FileSource {
public:
    static Result<ProjectView> open(const std::filesystem::path& directory);

    /// Looks at the folder again, after it was written to.
    Status refresh();
    [[nodiscard]] const agent::WorkspaceFiles& files() const { return files_; }
    /// Looked for when first asked.
    [[nodiscard]] const agent::SecretFiles& secrets();

    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override;
    [[nodiscard]] std::vector<std::string> paths() const override;
    [[nodiscard]] std::vector<agent::UnsavedFile> unsaved() const override;
    /// An editor's text of a file, which counts from now on; nothing: what lies on the disk counts again.
    void set_unsaved(const std::string& path, std::optional<std::string> text);
    /// The project's notes as a block for a prompt; empty without any.
    [[nodiscard]] std::string instructions();
    /// Definitions that matter for a task, at most so many bytes.
    [[nodiscard]] std::string map(const std::string& task, const std::vector<std::string>& files, std::size_t bytes);
    /// Regions that answer a query.
    [[nodiscard]] std::string search(const std::string& query, std::size_t bytes);
    /// Files that bear on a text, best first.
    [[nodiscard]] std::vector<std::string> related(const std::string& text, std::size_t most);
    /// Lets meaning count in search() and related() from now on. `open` is called when it is first needed; without an
    /// embedder (null) or where one fails or makes a search take longer than `longest`, words alone count, and `warn`
    /// is told once.
    void use_embedder(OpenEmbedder open, std::function<void(const std::string&)> warn,
                      std::chrono::milliseconds longest = std::chrono::seconds(60));
    /// Ends embedding from now on, as of a task that a person can stop; the next search may embed again.
    void stop_with(std::stop_token stop) { stop_ = std::move(stop); }

private:
    explicit ProjectView(agent::WorkspaceFiles files) : files_(std::move(files)) {}
    const codeindex::Index& index();
    /// A file as an index, a search or an embedder may read it.
    Result<std::string> read_redacted(const std::string& path);
    /// Files by closeness of meaning, best first; empty without an embedder.
    std::vector<std::uint32_t> by_meaning(const std::string& query);
    Result<std::vector<std::uint32_t>> rank_by_meaning(const std::string& query, const std::stop_token& stop);

    agent::WorkspaceFiles files_;
    std::map<std::string, std::string> unsaved_;
    std::optional<agent::SecretFiles> secrets_;
    std::optional<codeindex::Index> index_;
    OpenEmbedder open_embedder_;  ///< empty: words alone count
    std::function<void(const std::string&)> warn_;
    std::chrono::milliseconds longest_{};
    std::stop_token stop_;
    std::unique_ptr<codeindex::Embedder> embedder_;
    std::optional<codeindex::Embeddings> embeddings_;  ///< of index_
};

}  // namespace ec::apps
