// Small file-system helpers used by every module. All paths are UTF-8 bytes as the kernel takes them.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <string>
#include <string_view>

namespace ec {

/// Whole content of a regular file. Refuses anything that is not a regular file, and files above `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit = 64ULL << 20);

/// Writes `content` to a temporary file beside `path`, syncs it and renames it over `path`, so a reader sees the old
/// file or the new one and nothing between. Keeps the mode of an existing file, else uses `mode`.
Status write_file_atomic(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

/// A fresh directory (mode 0700) under $TMPDIR or /tmp, removed with all it holds on destruction.
class TempDir {
public:
    static Result<TempDir> create(std::string_view prefix = "edgecoder-");
    TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TempDir& operator=(TempDir&& other) noexcept;
    ~TempDir();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}
    void remove() noexcept;
    std::filesystem::path path_;
};

/// True if `relative` names something inside a root: not empty, not absolute, no "..", no NUL.
bool is_inside_relative(std::string_view relative);

/// Directory of the running executable.
Result<std::filesystem::path> executable_dir();

}  // namespace ec
