// The sandbox port: hostile programs go in, a verdict decided by the supervisor comes out.
//
// A Sandbox belongs to one workspace. Every run sees a copy-on-write view of it at the same path as on the host, so
// nothing a run does reaches the real files; what it changed comes back in RunResult::changes. There is no network but
// what a NetworkGate lets through, and there is no way to ask for a run without isolation: a machine that cannot
// isolate makes open_sandbox() fail.
//
// Threads: run() and open() may be called from several threads at once; a Session belongs to one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/executor/network.hpp>
#include <ec/executor/policy.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::executor {

/// How a run ended. Decided from outside, never from what the program prints.
enum class RunStatus { ok, failed, timeout, cpu, memory, pids, output, disk, signal, sandbox_error };
std::string_view name(RunStatus status);

struct Limits {
    std::chrono::milliseconds wall{10'000};
    std::chrono::milliseconds cpu{10'000};  ///< summed over one process; the box uses RLIMIT_CPU, rounded up
    std::uint64_t memory_bytes = 512ULL << 20;
    unsigned processes = 128;
    std::uint64_t new_file_bytes = 64ULL << 20;      ///< room in the workspace, and the size of any one file
    std::uint64_t kept_output_bytes = 1ULL << 20;    ///< per stream: half from the head, half from the tail
    std::uint64_t output_flood_bytes = 64ULL << 20;  ///< per stream: more than this ends the run with `output`
    unsigned open_files = 1024;
    bool operator==(const Limits&) const = default;
};

/// A whole file put over the copy-on-write workspace before the program starts. `path` is relative to the workspace.
struct FileEdit {
    std::string path;
    std::string content;
};

struct RunSpec {
    std::vector<std::string> argv;                                 ///< argv[0] is looked up in the sandbox's PATH
    std::string directory = ".";                                   ///< working directory, relative to the workspace
    std::vector<std::pair<std::string, std::string>> environment;  ///< over the allow-listed base environment
    Limits limits;
    std::vector<FileEdit> edits;
    /// Read-only helper files of ours (name -> content), at kSupportDir/<name>.
    std::vector<std::pair<std::string, std::string>> support_files;
    /// When not empty: an absolute path at which the program finds an empty writable folder; the regular files it
    /// leaves there (at most 16 MiB each) come back as RunResult::artifacts. Use artifact_dir() for a fresh name.
    std::string artifact_dir;
    std::string stdin_text;                ///< empty: /dev/null
    bool collect_changes = true;           ///< false: skip the walk over the changed files
    bool network = false;                  ///< through SandboxOptions::network; `invalid_argument` without one
    bool collect_change_contents = false;  ///< also carry the new bytes of changed regular files
    std::size_t line_bytes = 0;            ///< of a session; not 0: it talks in lines of at most so many bytes
};

inline constexpr std::string_view kSupportDir = "/run/edgecoder/lib";
/// A fresh, unguessable artifact directory path (so that code under test cannot know where a report will lie).
std::string artifact_dir();

/// What stood at a path, as far as a later look can tell whether it still is the same.
struct FileIdentity {
    bool exists = false;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::uint64_t mtime_ns = 0;
    std::uint64_t ctime_ns = 0;
    bool operator==(const FileIdentity&) const = default;
};

struct Change {
    enum class Kind { created, modified, deleted };
    Kind kind = Kind::modified;
    std::string path;      ///< relative to the workspace
    unsigned mode = 0644;  ///< permission bits, never setuid or setgid
    bool symlink = false;
    std::string symlink_target;    ///< for symbolic links that stay inside, else empty
    std::string content;           ///< only with collect_change_contents, regular files only
    bool content_missing = false;  ///< asked for, and larger than the limit on new files
    FileIdentity before;           ///< of the real file, without the edits laid over it
};

struct RunResult {
    RunStatus status = RunStatus::sandbox_error;
    int exit_code = -1;  ///< -1 when it did not exit by itself
    int signal = 0;
    std::string out;  ///< stdout: head, a marker line where something was cut, tail
    std::string err;
    std::uint64_t stdout_bytes = 0;  ///< all that was written, kept or not
    std::uint64_t stderr_bytes = 0;
    bool truncated = false;
    std::chrono::milliseconds wall{0};
    std::chrono::milliseconds cpu{0};
    std::chrono::microseconds first_output{0};  ///< from the call of run() to the first byte on stdout; 0: none came
    bool warm = false;                          ///< it ran in a sandbox made ahead of time
    std::uint64_t peak_memory_bytes = 0;
    std::string tier;                ///< "D" when nothing ran because this machine cannot isolate
    std::string isolation;           ///< "full", "reduced" (tier C) or "none" (tier D: nothing ran)
    std::vector<std::string> notes;  ///< what held less than it could, in words
    std::vector<Change> changes;     ///< sorted by path
    bool changes_cut = false;        ///< more has changed than a report may hold: `changes` is not all of it
    std::uint64_t started_ns = 0;    ///< wall clock before the sandbox saw any file
    std::map<std::string, std::string> artifacts;
    std::string reason;  ///< one sentence when status is sandbox_error, with what can be done about it
    std::optional<Error>
        cannot_isolate;  ///< sandbox_error because this machine lets nobody isolate: why, and the remedy

    [[nodiscard]] bool ok() const { return status == RunStatus::ok; }
};

/// What this machine can enforce, found by doing it.
struct Isolation {
    std::string tier;          ///< "A+", "A", "C" (see docs/sandbox.md)
    std::string isolation;     ///< "full" or "reduced"
    std::string memory_limit;  ///< "cgroup-v2", "cgroup-v1" or "soft"
    bool landlock = false;
    bool seccomp = false;
    bool overlay = false;            ///< false: the workspace is copied instead
    std::vector<std::string> notes;  ///< what is weaker than it could be, in words
    std::string cause;               ///< reduced: why the full isolation does not work here
    std::string remedy;              ///< reduced: what would make it work
};

/// A program that stays inside one sandbox and talks in frames: it reads requests on descriptor 3 and writes answers on
/// 4, each a little-endian u32 byte count followed by that many bytes. Destruction kills the sandbox. With line_bytes
/// its frames are lines on standard input and output, and send() fails (`timeout`) when one takes over ten seconds.
class Session {
public:
    virtual ~Session() = default;
    virtual Status send(std::string_view frame) = 0;
    /// The next frame; `timeout` when none came in time, `io` when the program ended, `cancelled` on stop.
    virtual Result<std::string> receive(std::chrono::milliseconds deadline, std::stop_token stop = {}) = 0;
    /// Ends the program (kills it when `grace` is over) and reports how it ended, with its captured output.
    virtual RunResult finish(std::chrono::milliseconds grace) = 0;
};

class Sandbox {
public:
    virtual ~Sandbox() = default;
    /// Runs one program to its end. Fails only for wrong input (`invalid_argument`) or a cancelled stop token; trouble
    /// with the machine is RunStatus::sandbox_error with a reason.
    virtual Result<RunResult> run(const RunSpec& spec, std::stop_token stop = {}) = 0;
    /// Starts a program that is talked to. limits.wall bounds its whole life (0: none).
    virtual Result<std::unique_ptr<Session>> open(const RunSpec& spec) = 0;
    /// Waits until every sandbox that SandboxOptions::warm_* asked for waits for a run; false when `timeout` passed.
    virtual bool warm_up(std::chrono::milliseconds /*timeout*/) { return true; }
    /// As the last run met it.
    [[nodiscard]] virtual Isolation isolation() const = 0;
    [[nodiscard]] virtual const std::filesystem::path& workspace() const = 0;
};

struct EarlyStart;  // early_start.hpp

struct SandboxOptions {
    std::filesystem::path workspace;
    std::filesystem::path box;                     ///< edgecoder-box; empty: beside the running executable
    std::vector<std::filesystem::path> read_only;  ///< further host paths to show read-only
    std::vector<std::string> environment_names;    ///< further variables to pass through from the host
    /// From start_early() with the same workspace and box: the first run() takes it. Another one is not used.
    std::shared_ptr<EarlyStart> early = {};
    /// Sandboxes to keep ready in the background, each with an interpreter that waits for one run() of `python3` or
    /// `node`. Worth it for a program that lives long and runs often: each takes about 7 MiB.
    unsigned warm_python = 0, warm_node = 0;
    /// What may be shown, passed on and used, over everything above. A run that asks for more than a ceiling gets the
    /// ceiling. `network` and `reduced` are carried for those who ask for them.
    SandboxPolicy policy = {};
    /// Asked only when nothing better than tier C works: whether a person of this machine has agreed to it, for this
    /// workspace. Nobody but `apps` may give one, and it answers only from the record that person made (see
    /// reduced_consent.hpp there). None: no.
    std::function<bool(const std::filesystem::path& workspace)> reduced_consent;
    /// A folder of ours that no workspace may hold or lie in.
    std::filesystem::path private_folder;
    NetworkGate* network = nullptr;  ///< outlives the Sandbox; null: no run has a network
};

/// Refuses (invalid_argument) a workspace that is `/`, a system folder or a home directory once symbolic links are
/// resolved, and a policy that shows what none may. A machine that cannot isolate shows at the first run. Works for an
/// ordinary user and for root, which drops to an unprivileged uid.
Result<std::unique_ptr<Sandbox>> open_sandbox(const SandboxOptions& options);

/// Tries the isolation once without a workspace of anybody's, then attacks it from inside; for `edgecoder doctor`. A
/// sandbox that an attack gets out of is an error, not a tier.
Result<Isolation> probe_isolation(const std::filesystem::path& box = {}, bool reduced_consent = false);

/// What tier C does not keep a program from, one sentence each.
std::vector<std::string> reduced_gaps();

}  // namespace ec::executor
