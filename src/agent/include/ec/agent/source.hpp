// The files an agent may see, by path relative to the workspace and with '/' between the parts.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ec::agent {

/// A file whose text is newer than what lies on the disk.
struct UnsavedFile {
    std::string path;
    std::string text;
    bool operator==(const UnsavedFile&) const = default;
};

class FileSource {
public:
    virtual ~FileSource() = default;
    /// The whole content; nothing when there is no such file or it may not be seen. Any thread.
    [[nodiscard]] virtual std::optional<std::string> read(const std::string& path) const = 0;
    /// All paths, sorted.
    [[nodiscard]] virtual std::vector<std::string> paths() const = 0;
    /// What an editor holds and has not saved, as far as known: read() gives these texts, and whoever runs over the
    /// disk lays them over it.
    [[nodiscard]] virtual std::vector<UnsavedFile> unsaved() const { return {}; }
};

/// Files in memory, for tests and for what has no disk behind it.
class MemoryFiles final : public FileSource {
public:
    MemoryFiles() = default;
    MemoryFiles(std::initializer_list<std::pair<const std::string, std::string>> files) : files_(files) {}
    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override {
        const auto at = files_.find(path);
        return at == files_.end() ? std::nullopt : std::optional(at->second);
    }
    [[nodiscard]] std::vector<std::string> paths() const override {
        std::vector<std::string> paths;
        for (const auto& [path, content] : files_) paths.push_back(path);
        return paths;
    }
    [[nodiscard]] std::vector<UnsavedFile> unsaved() const override { return unsaved_; }
    void put(const std::string& path, std::string content) { files_[path] = std::move(content); }
    /// As an editor would hold it.
    void put_unsaved(const std::string& path, const std::string& content) {
        put(path, content);
        unsaved_.push_back({path, content});
    }

private:
    std::map<std::string, std::string> files_;
    std::vector<UnsavedFile> unsaved_;
};

}  // namespace ec::agent
