// A copy of a workspace that a run may change, and the list of what it changed: for systems without a copy-on-write
// file system to put over the real one. Portable; one thread at a time.
#pragma once

#include <cstdint>
#include <ec/core/hash.hpp>
#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ec::executor {

/// The regular files of a folder by name, at most `each` bytes long and `all` together; the rest is left out.
std::map<std::string, std::string> regular_files(const std::filesystem::path& folder, std::uint64_t each,
                                                 std::uint64_t all);

class PrivateCopy {
public:
    /// Copies regular files, folders and links of `workspace` to `root`, which must not exist, and puts the edits over
    /// them. Fails with `too_large` above 100,000 files, 200 levels or 2 GiB.
    static Result<PrivateCopy> make(const std::filesystem::path& workspace, const std::vector<FileEdit>& edits,
                                    const std::filesystem::path& root);

    struct Difference {
        std::vector<Change> changes;  ///< as in RunResult
        bool cut = false;
    };
    /// Compares with what was copied. `content_bytes`: how much content of changed files to carry; 0: none is asked
    /// for. What still runs and writes there can spoil the answer and leads nowhere else: no link is followed.
    [[nodiscard]] Difference difference(std::uint64_t content_bytes) const;

private:
    struct Entry {
        bool symlink = false;
        unsigned mode = 0;
        Hash128 content;  ///< of a file's bytes or a link's target
        bool operator==(const Entry&) const = default;
    };
    class Copier;
    class Comparison;

    explicit PrivateCopy(std::filesystem::path root) : root_(std::move(root)) {}

    std::filesystem::path root_;
    std::map<std::string, Entry> base_;
};

}  // namespace ec::executor
