// What the executor and edgecoder-box say to each other: one Spec in (a sealed memory file), a stream of records out.
//
// Both ends are built from the same commit, so there is a version number and no negotiation. Integers are
// little-endian; strings and lists carry a u32 count. The decoder checks every bound and refuses trailing bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ec/box/wire.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::box {

inline constexpr std::uint32_t kVersion = 2;

/// Where the proxy answers inside, when there is one.
inline constexpr std::uint16_t kProxyPort = 3128;

// Descriptors the box is started with; everything above is closed at once.
inline constexpr int kSpecFd = 3;  ///< a memory file; sealed, unless a second spec follows in it (see Start)
inline constexpr int kStatusFd = 4;
inline constexpr int kControlFd = 5;   ///< a byte: end the run for that Stop reason; end of file: the executor is gone
inline constexpr int kSessionIn = 6;   ///< becomes descriptor 3 of the payload
inline constexpr int kSessionOut = 7;  ///< becomes descriptor 4 of the payload
inline constexpr int kProxyFd = 8;     ///< a unix socket: takes the listening socket of network.hpp
inline constexpr int kFirstStrayFd = 9;

/// On the control pipe: the second spec is in the spec file, behind the first.
inline constexpr char kHandOff = 'h';

/// Why the supervisor ended a run, as the byte on the control pipe and in the summary.
enum class Stop : std::uint8_t {
    none = 0,
    wall = 'w',
    output = 'o',
    cancelled = 'c',
    memory = 'm',
    pids = 'p',
    disk = 'd'
};

/// What keeps the program in: namespaces with a file tree of their own, or, where there are none to be had and a person
/// agreed to it, Landlock and system-call filters alone (tier C).
enum class Confinement : std::uint8_t { namespaces = 0, landlock = 1 };

struct Mount {
    enum class Kind : std::uint8_t { bind, tmpfs, symlink, file, directory, lower, workspace, device, proc, view };
    Kind kind = Kind::bind;
    std::string
        source;  ///< bind, view, device, lower (the workspace as it is): host path; symlink: its target; file: content
    std::string target;         ///< absolute path inside
    std::uint64_t size = 0;     ///< tmpfs, workspace: bytes
    std::uint32_t mode = 0755;  ///< tmpfs, file, directory
    bool writable = false;      ///< tmpfs, directory: belongs to the payload
    bool optional = false;      ///< left out when the source cannot be shown
};

inline constexpr std::uint64_t kSpecHead = 8;  ///< bytes before a spec in its file: u64, how many it has

/// What is known when the box is started. Except for `whole`, a second spec follows in the spec file.
enum class Start : std::uint8_t {
    whole,
    early,  ///< who it is for; the second spec brings all the rest, and the program is started then
    warm,   ///< all but the run: the program is started and waits for a request on its session. pid 1 makes the mounts
            ///< of the second spec and sets its limits, then says `handed`, and the request may be sent
};

struct Spec {
    Confinement confinement = Confinement::namespaces;
    bool privileged = false;      ///< started by real root: drops to drop_uid instead of mapping the caller
    std::uint32_t drop_uid = 0;   ///< only when privileged
    std::uint32_t owner_uid = 0;  ///< workspace owner, shown to the payload as itself (privileged: idmapped mount)
    std::uint32_t owner_gid = 0;
    bool idmap = false;
    bool session = false;
    Start start = Start::whole;
    bool proxy = false;  ///< a proxy of the host's waits on kProxyFd for a socket to serve
    bool collect_changes = true;
    bool collect_contents = false;
    bool soft_memory = true;  ///< no cgroup: watch the sum from pid 1
    std::string cgroup;       ///< cgroup directory to enter, or empty
    bool cgroup_v2 = false;
    std::uint64_t wall_ms = 0;  ///< 0: none
    std::uint64_t cpu_seconds = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t processes = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t open_files = 0;
    std::vector<Mount> mounts;          ///< in the order to make them
    std::vector<std::string> writable;  ///< paths inside that the payload may write below (for Landlock)
    std::vector<std::string> readable;  ///< confinement by Landlock: what may be read and run besides those
    std::uint64_t user_processes = 0;   ///< confinement by Landlock: how many its user has already
    std::string directory;              ///< absolute working directory inside
    std::string artifact_dir;           ///< absolute, or empty
    std::vector<std::string> argv;
    std::vector<std::string> environment;                    ///< NAME=value
    std::vector<std::pair<std::string, std::string>> edits;  ///< path below the workspace, content
    std::uint64_t end = 0;                                   ///< where it ends in the spec file; set by the reader
};

/// Records on the status pipe: u8 tag, u32 length, body.
enum class Tag : std::uint8_t {
    started = 'P',   ///< from the box itself: u32 pid of the sandbox's pid 1, a child of the executor
    ready = 'R',     ///< u32 Landlock ABI in use (0: none), u8 own user namespace, u8 proc mounted
    error = 'E',     ///< set-up failed: u32 errno, string step, string detail
    no_exec = 'X',   ///< the program could not be started: u32 errno
    handed = 'H',    ///< the second spec is in force
    summary = 'S',   ///< Summary
    change = 'C',    ///< u8 kind, u8 symlink, u8 content missing, u32 mode, string path, string target, string content;
                     ///< of the real file: u8 exists, u64 inode, u64 size, u64 mtime in ns, u64 ctime in ns
    artifact = 'A',  ///< string name, string content
    end = 'Z',       ///< u8 some changes are left out; nothing follows
};

struct Summary {
    std::int32_t wait_status = 0;
    Stop stop = Stop::none;
    bool pids_full = false;
    bool disk_full = false;
    std::uint64_t wall_us = 0;
    std::uint64_t cpu_us = 0;
    std::uint64_t peak_memory = 0;
};

// What one report may hold: a program that fills its sandbox with names must not fill the host's memory with them.
inline constexpr std::size_t kMostChanges = 100'000;
inline constexpr std::uint64_t kMostNameBytes = 64ULL << 20;  ///< paths and link targets of all changes
inline constexpr std::size_t kMostArtifacts = 10'000;
inline constexpr std::uint64_t kMostArtifactBytes = 64ULL << 20;

enum class ChangeKind : std::uint8_t { created = 0, modified = 1, deleted = 2 };

/// Whether a link at `path` (relative to the workspace) with this target text leads to a place in the workspace,
/// whatever other links there are: absolute targets do not, and neither does a ".." behind a name, which may itself be
/// a link.
bool link_stays_inside(std::string_view path, std::string_view target);

std::string encode(const Spec& spec);
/// As it stands in the spec file, behind its length.
std::string encode_with_head(const Spec& spec);
/// False when the bytes are not exactly one Spec.
bool decode(std::string_view bytes, Spec& spec);

}  // namespace ec::box
