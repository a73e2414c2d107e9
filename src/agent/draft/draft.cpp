#include "draft.hpp"

#include <algorithm>
#include <ec/core/hash.hpp>

namespace ec::agent {

std::optional<std::string> Draft::read(const std::string& path) const {
    if (const auto at = files_.find(path); at != files_.end()) return at->second.now;
    return workspace_->read(path);
}

std::vector<std::string> Draft::paths() const {
    std::vector<std::string> paths = workspace_->paths();
    std::erase_if(paths, [&](const std::string& path) {
        const auto at = files_.find(path);
        return at != files_.end() && !at->second.now;
    });
    for (const auto& [path, file] : files_) {
        if (file.now && !file.before) paths.push_back(path);
    }
    std::ranges::sort(paths);
    const auto repeated = std::ranges::unique(paths);
    paths.erase(repeated.begin(), repeated.end());
    return paths;
}

void Draft::put(const std::string& path, std::optional<std::string> content) {
    const auto at = files_.find(path);
    if (at != files_.end()) {
        at->second.now = std::move(content);
    } else {
        files_.emplace(path, File{workspace_->read(path), std::move(content)});
    }
}

void Draft::take(const std::vector<FileChange>& changes) {
    for (const FileChange& change : changes) {
        switch (change.kind) {
            case FileChange::Kind::create:
            case FileChange::Kind::modify:
                put(change.path, change.after);
                break;
            case FileChange::Kind::remove:
                put(change.path, std::nullopt);
                break;
            case FileChange::Kind::rename:
                put(change.path, std::nullopt);
                put(change.new_path, change.after);
                break;
        }
    }
}

Draft Draft::without(const std::vector<std::string>& paths) const {
    Draft rest = *this;
    for (const std::string& path : paths) rest.files_.erase(path);
    return rest;
}

bool Draft::removes_files() const {
    return std::ranges::any_of(files_, [](const auto& entry) { return entry.second.before && !entry.second.now; });
}

std::vector<vcs::FileVersion> Draft::versions() const {
    std::vector<vcs::FileVersion> versions;
    for (const auto& [path, file] : files_) {
        if (file.before == file.now) continue;
        versions.push_back(
            {path, file.before.value_or(""), file.now.value_or(""), !file.before.has_value(), !file.now.has_value()});
    }
    return versions;
}

std::vector<executor::FileEdit> Draft::edits() const {
    std::map<std::string, std::string> laid;
    for (UnsavedFile& file : workspace_->unsaved()) laid[std::move(file.path)] = std::move(file.text);
    for (const auto& [path, file] : files_) {
        if (!file.now) laid.erase(path);
        if (file.now && file.before != file.now) laid[path] = *file.now;
    }
    std::vector<executor::FileEdit> edits;
    for (auto& [path, text] : laid) edits.push_back({path, std::move(text)});
    return edits;
}

std::string Draft::identity() const {
    std::string text;
    for (const vcs::FileVersion& file : versions()) {
        text += file.path + '\0' + (file.removed ? "-" : hash128(file.after).hex()) + '\n';
    }
    return hash128(text).hex();
}

}  // namespace ec::agent
