// The files of a workspace that an agent may see, and the only way it reads them.
//
// In a git repository these are the tracked files and the untracked ones that are not ignored; elsewhere what a walk
// finds. Left out everywhere: what `.gitignore` (unless tracked) and `.edgecoderignore` (always) name, files of secrets
// (withhold.hpp), other people's code and build outputs (node_modules, .venv, target, …), links that lead out, names
// with control characters or bytes that are not UTF-8. The same rules hold for listing, reading, search and the map.
//
// The ignore files count as they stood when list() ran: an agent that edits one does not widen its own view. Threads:
// const members from one thread at a time. No file is ever written, no hook or filter run.
#pragma once

#include <cstdint>
#include <ec/agent/withhold.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

struct WorkspaceLimits {
    std::size_t files = 20'000;           ///< the rest is left out and truncated() says so
    std::uint64_t file_bytes = 1U << 20;  ///< read() refuses larger ones
};

class WorkspaceFiles {
public:
    /// Looks through `root`. Fails with `not_found` when it is no folder, and when an `.edgecoderignore` cannot be read
    /// whole (256 KiB, 10,000 patterns of 1,024 bytes), because then nobody knows what it hides.
    static Result<WorkspaceFiles> list(const std::filesystem::path& root, const WorkspaceLimits& limits = {});
    WorkspaceFiles(WorkspaceFiles&&) noexcept;
    WorkspaceFiles& operator=(WorkspaceFiles&&) noexcept;
    ~WorkspaceFiles();

    /// Relative to the root, '/' separators, sorted bytewise.
    [[nodiscard]] const std::vector<std::string>& paths() const;
    /// Files left out because of secrets or `.edgecoderignore`, for the person; at most 1,000.
    [[nodiscard]] const std::vector<Withheld>& withheld() const;
    [[nodiscard]] bool truncated() const;
    /// Canonical path of the workspace.
    [[nodiscard]] const std::filesystem::path& root() const;

    /// Whether the agent may see `path` (relative), also one that came into being after list(). `denied` with the rule
    /// that forbids it, `invalid_argument` for a path that is none inside the workspace. Does not ask whether it
    /// exists.
    [[nodiscard]] Status may_read(std::string_view path) const;
    /// As may_read(), and not a file that decides what may be read (`.edgecoderignore`).
    [[nodiscard]] Status may_write(std::string_view path) const;
    /// The text of a file, unredacted: pass it through redact() before it goes into a prompt. Errors as may_read();
    /// `not_found`, `too_large`, and `invalid_argument` for a binary file (a NUL in its first 8,000 bytes, git's rule).
    [[nodiscard]] Result<std::string> read(std::string_view path) const;
    /// As read(), redacted: what an index, a map or a prompt is made of. What was withheld is appended to `found`.
    /// `values` are secrets known by value.
    [[nodiscard]] Result<std::string> read_redacted(std::string_view path, std::vector<Withheld>* found = nullptr,
                                                    const SecretValues& values = {}) const;

private:
    struct State;
    explicit WorkspaceFiles(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ec::agent
