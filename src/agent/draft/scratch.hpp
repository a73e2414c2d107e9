// A private copy of a workspace with a draft written into it, for what cannot run over the workspace itself: a draft
// that takes files away, and a mutation search that starts from one.
//
// Only what the agent may see is copied, plus what is ignored but small enough to be needed by tests; links are copied
// as links. Removed with the object.
#pragma once

#include <ec/core/fs.hpp>
#include <ec/core/result.hpp>
#include <filesystem>

#include "draft.hpp"

namespace ec::agent {

class Scratch {
public:
    /// `too_large` when the workspace holds more than 256 MiB or 50,000 files beside .git.
    static Result<Scratch> make(const std::filesystem::path& workspace, const Draft& draft);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    Scratch(TempDir dir, std::filesystem::path path) : dir_(std::move(dir)), path_(std::move(path)) {}
    TempDir dir_;
    std::filesystem::path path_;
};

}  // namespace ec::agent
