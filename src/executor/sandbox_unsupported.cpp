// The port on systems for which nobody has written a sandbox: everything is refused.
#include <ec/executor/early_start.hpp>
#include <ec/executor/sandbox.hpp>

namespace ec::executor {
namespace {

std::unexpected<Error> refusal() {
    return fail(ErrorCode::unavailable, "there is no sandbox for this operating system, and nothing runs without one",
                "use Linux, a Linux virtual machine or WSL 2; on macOS build with the macOS back end");
}

}  // namespace

Result<std::unique_ptr<Sandbox>> open_sandbox(const SandboxOptions&) { return refusal(); }

std::shared_ptr<EarlyStart> start_early(const std::filesystem::path&, const std::filesystem::path&) { return nullptr; }

Result<Isolation> probe_isolation(const std::filesystem::path&, bool) { return refusal(); }

}  // namespace ec::executor
