// Turns a RunSpec into the Spec that edgecoder-box understands: the list of mounts, the environment, the limits.
#pragma once

#include <sys/types.h>

#include <ec/box/protocol.hpp>
#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "toolchains.hpp"

namespace ec::executor {

/// How the workspace is shown. Decided once per Sandbox.
struct WorkspaceView {
    std::filesystem::path path;   ///< canonical; where the payload finds it
    std::filesystem::path lower;  ///< what lies below the copy-on-write layer: the workspace or a staged copy of it
    uid_t owner_uid = 0;
    gid_t owner_gid = 0;
    bool idmap = false;
    std::vector<std::string> bound;  ///< folders in it shown read-only from the workspace itself (staged copies)
};

/// What all runs of one Sandbox share, computed once.
struct Layout {
    WorkspaceView workspace;
    Toolchains toolchains;
    bool privileged = false;
    uid_t drop_uid = 0;
};

/// Fails with `invalid_argument` on words that make no sense (no program, a path that leaves the workspace).
Result<box::Spec> compose(const Layout& layout, const RunSpec& run, bool session);

/// The first spec of a sandbox that is started early: who it is for. The second is what compose() gives.
box::Spec compose_early(const Layout& layout);

/// Whether a sandbox over this layout can be made before its run is known.
bool can_wait(const Layout& layout);
/// The two specs of a warm sandbox: all but the workspace, with a program that waits; and what a run then adds.
box::Spec compose_warm(const Layout& layout, std::vector<std::string> command,
                       std::vector<std::pair<std::string, std::string>> support);
Result<box::Spec> compose_late(const Layout& layout, const RunSpec& run);

}  // namespace ec::executor
