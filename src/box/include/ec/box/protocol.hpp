// What the executor and edgecoder-box say to each other: one Spec in (a sealed memory file), a stream of records out.
//
// Both ends are built from the same commit, so there is a version number and no negotiation. Integers are
// little-endian; strings and lists carry a u32 count. The decoder checks every bound and refuses trailing bytes.
#pragma once

#include <cstdint>
#include <ec/box/wire.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::box {

inline constexpr std::uint32_t kVersion = 1;

/// Where the proxy answers inside, when there is one.
inline constexpr std::uint16_t kProxyPort = 3128;

// Descriptors the box is started with; everything above is closed at once.
inline constexpr int kSpecFd = 3;
inline constexpr int kStatusFd = 4;
inline constexpr int kControlFd = 5;   ///< a byte: end the run for that Stop reason; end of file: the executor is gone
inline constexpr int kSessionIn = 6;   ///< becomes descriptor 3 of the payload
inline constexpr int kSessionOut = 7;  ///< becomes descriptor 4 of the payload
inline constexpr int kProxyFd = 8;     ///< a unix socket: takes the listening socket of network.hpp
inline constexpr int kFirstStrayFd = 9;

/// Why the supervisor ended a run, as the byte on the control pipe and in the summary.
enum class Stop : std::uint8_t { none = 0, wall = 'w', output = 'o', cancelled = 'c', memory = 'm', pids = 'p' };

struct Mount {
    enum class Kind : std::uint8_t { bind, tmpfs, symlink, file, directory, workspace, device, proc };
    Kind kind = Kind::bind;
    std::string source;  ///< bind, device, workspace (the lower layer): host path; symlink: its target; file: content
    std::string target;  ///< absolute path inside
    std::uint64_t size = 0;     ///< tmpfs, workspace: bytes
    std::uint32_t mode = 0755;  ///< tmpfs, file, directory
    bool writable = false;      ///< tmpfs, directory: belongs to the payload
    bool optional = false;      ///< left out when the source cannot be shown
};

struct Spec {
    bool privileged = false;      ///< started by real root: drops to drop_uid instead of mapping the caller
    std::uint32_t drop_uid = 0;   ///< only when privileged
    std::uint32_t owner_uid = 0;  ///< workspace owner, shown to the payload as itself (privileged: idmapped mount)
    std::uint32_t owner_gid = 0;
    bool idmap = false;
    bool session = false;
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
    std::string directory;              ///< absolute working directory inside
    std::string artifact_dir;           ///< absolute, or empty
    std::vector<std::string> argv;
    std::vector<std::string> environment;                    ///< NAME=value
    std::vector<std::pair<std::string, std::string>> edits;  ///< path below the workspace, content
};

/// Records on the status pipe: u8 tag, u32 length, body.
enum class Tag : std::uint8_t {
    ready = 'R',     ///< u32 Landlock ABI in use (0: none), u8 own user namespace, u8 proc mounted
    error = 'E',     ///< set-up failed: u32 errno, string step, string detail
    no_exec = 'X',   ///< the program could not be started: u32 errno
    summary = 'S',   ///< Summary
    change = 'C',    ///< u8 kind, u8 symlink, u8 content missing, u32 mode, string path, string target, string content
    artifact = 'A',  ///< string name, string content
    end = 'Z',       ///< nothing follows
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

enum class ChangeKind : std::uint8_t { created = 0, modified = 1, deleted = 2 };

std::string encode(const Spec& spec);
/// False when the bytes are not exactly one Spec.
bool decode(std::string_view bytes, Spec& spec);

}  // namespace ec::box
