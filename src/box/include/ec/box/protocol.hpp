// What the executor and edgecoder-box say to each other: one Spec in (a sealed memory file), a stream of records out.
//
// Both ends are built from the same commit, so there is a version number and no negotiation. Integers are
// little-endian; strings and lists carry a u32 count. The decoder checks every bound and refuses trailing bytes.
// Header-only, because the box is linked statically and apart from the module libraries.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::box {

inline constexpr std::uint32_t kVersion = 1;

// Descriptors the box is started with; everything above is closed at once.
inline constexpr int kSpecFd = 3;
inline constexpr int kStatusFd = 4;
inline constexpr int kControlFd = 5;   ///< a byte: end the run for that Stop reason; end of file: the executor is gone
inline constexpr int kSessionIn = 6;   ///< becomes descriptor 3 of the payload
inline constexpr int kSessionOut = 7;  ///< becomes descriptor 4 of the payload
inline constexpr int kFirstStrayFd = 8;

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
    change = 'C',    ///< u8 kind, u8 symlink, u32 mode, string path, string target, string content
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

class Writer {
public:
    void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
    void flag(bool value) { u8(value ? 1 : 0); }
    void u32(std::uint32_t value) { integer(value, 4); }
    void u64(std::uint64_t value) { integer(value, 8); }
    void text(std::string_view value) {
        u32(static_cast<std::uint32_t>(value.size()));
        out_.append(value);
    }
    [[nodiscard]] const std::string& bytes() const { return out_; }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    void integer(std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
    }
    std::string out_;
};

/// After the first short read every value is zero or empty and ok() is false.
class Parser {
public:
    explicit Parser(std::string_view bytes) : rest_(bytes) {}
    std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
    bool flag() {
        const std::uint8_t value = u8();
        if (value > 1) ok_ = false;
        return value == 1;
    }
    std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
    std::uint64_t u64() { return integer(8); }
    std::string text() {
        const std::uint32_t size = u32();
        if (size > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return value;
    }
    /// A list length; each element takes at least one byte, so a length beyond the rest is a lie.
    std::uint32_t count() {
        const std::uint32_t value = u32();
        if (value > rest_.size()) ok_ = false;
        return ok_ ? value : 0;
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }

private:
    std::uint64_t integer(unsigned bytes) {
        if (rest_.size() < bytes) {
            ok_ = false;
            rest_ = {};
            return 0;
        }
        std::uint64_t value = 0;
        for (unsigned i = 0; i < bytes; ++i) {
            value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
        }
        rest_.remove_prefix(bytes);
        return value;
    }
    std::string_view rest_;
    bool ok_ = true;
};

std::string encode(const Spec& spec);
/// False when the bytes are not exactly one Spec.
bool decode(std::string_view bytes, Spec& spec);

inline std::string encode(const Spec& spec) {
    Writer out;
    out.u32(kVersion);
    for (const bool value : {spec.privileged, spec.idmap, spec.session, spec.collect_changes, spec.collect_contents,
                             spec.soft_memory, spec.cgroup_v2}) {
        out.flag(value);
    }
    for (const std::uint32_t value : {spec.drop_uid, spec.owner_uid, spec.owner_gid}) out.u32(value);
    for (const std::uint64_t value :
         {spec.wall_ms, spec.cpu_seconds, spec.memory_bytes, spec.processes, spec.file_bytes, spec.open_files}) {
        out.u64(value);
    }
    for (const std::string& value : {spec.cgroup, spec.directory, spec.artifact_dir}) out.text(value);
    out.u32(static_cast<std::uint32_t>(spec.mounts.size()));
    for (const Mount& mount : spec.mounts) {
        out.u8(static_cast<std::uint8_t>(mount.kind));
        out.text(mount.source);
        out.text(mount.target);
        out.u64(mount.size);
        out.u32(mount.mode);
        out.flag(mount.writable);
        out.flag(mount.optional);
    }
    for (const auto* list : {&spec.writable, &spec.argv, &spec.environment}) {
        out.u32(static_cast<std::uint32_t>(list->size()));
        for (const std::string& value : *list) out.text(value);
    }
    out.u32(static_cast<std::uint32_t>(spec.edits.size()));
    for (const auto& [path, content] : spec.edits) {
        out.text(path);
        out.text(content);
    }
    return out.take();
}

inline bool decode(std::string_view bytes, Spec& spec) {
    Parser in(bytes);
    if (in.u32() != kVersion) return false;
    for (bool* value : {&spec.privileged, &spec.idmap, &spec.session, &spec.collect_changes, &spec.collect_contents,
                        &spec.soft_memory, &spec.cgroup_v2}) {
        *value = in.flag();
    }
    for (std::uint32_t* value : {&spec.drop_uid, &spec.owner_uid, &spec.owner_gid}) *value = in.u32();
    for (std::uint64_t* value :
         {&spec.wall_ms, &spec.cpu_seconds, &spec.memory_bytes, &spec.processes, &spec.file_bytes, &spec.open_files}) {
        *value = in.u64();
    }
    for (std::string* value : {&spec.cgroup, &spec.directory, &spec.artifact_dir}) *value = in.text();
    spec.mounts.resize(in.count());
    for (Mount& mount : spec.mounts) {
        const std::uint8_t kind = in.u8();
        if (kind > static_cast<std::uint8_t>(Mount::Kind::proc)) return false;
        mount.kind = static_cast<Mount::Kind>(kind);
        mount.source = in.text();
        mount.target = in.text();
        mount.size = in.u64();
        mount.mode = in.u32();
        mount.writable = in.flag();
        mount.optional = in.flag();
        if (mount.target.empty() || mount.target.front() != '/') return false;
    }
    for (auto* list : {&spec.writable, &spec.argv, &spec.environment}) {
        list->resize(in.count());
        for (std::string& value : *list) value = in.text();
    }
    spec.edits.resize(in.count());
    for (auto& [path, content] : spec.edits) {
        path = in.text();
        content = in.text();
    }
    return in.done() && !spec.argv.empty();
}

}  // namespace ec::box
