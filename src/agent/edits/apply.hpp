// Applies edits in order to the files as they are, in memory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "edits/file_edit.hpp"
#include "edits/match.hpp"
#include "edits/path_index.hpp"

namespace ec::agent::edits {

class Workspace {
public:
    /// Keeps references to all three.
    Workspace(const FileSource& files, const EditHints& hints, PathIndex& index);

    void apply(const FileEdit& edit);
    /// The changes, each file once.
    [[nodiscard]] std::vector<FileChange> changes() const;
    [[nodiscard]] std::vector<EditProblem>& problems() { return problems_; }

private:
    struct State {
        std::optional<std::string> original;
        std::optional<std::string> now;
        std::string moved_to;
    };

    State& state(const std::string& path);
    std::optional<std::string> resolve(const FileEdit& edit);
    void write(const FileEdit& edit, const std::string& path);
    void update(const FileEdit& edit, const std::string& path);
    void move(const FileEdit& edit, const std::string& path);
    void set(const FileEdit& edit, const std::string& path, std::string text);
    void problem(EditProblem::Kind kind, const FileEdit& edit, std::string path, std::string message);

    const FileSource& files_;
    const EditHints& hints_;
    PathIndex& index_;
    std::map<std::string, State> states_;
    std::vector<std::string> order_;
    std::vector<EditProblem> problems_;
    std::size_t pairs_ = kMostPairs;  // of lines, for similarity, over all edits
};

}  // namespace ec::agent::edits
