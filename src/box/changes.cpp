#include "changes.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "status.hpp"
#include "sys.hpp"

namespace ec::box {
namespace {

constexpr std::uint64_t kArtifactLimit = 16ULL << 20;
constexpr int kDeepest = 200;

// `cut`, when given, becomes true where something of the directory is left out.
std::vector<std::string> entries(int dir, bool* cut = nullptr) {
    std::vector<std::string> names;
    const int copy = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = copy < 0 ? nullptr : ::fdopendir(copy);
    if (stream == nullptr) {
        if (copy >= 0) ::close(copy);
        if (cut != nullptr) *cut = true;
        return names;
    }
    while (const dirent* entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        if (names.size() <= kMostChanges) continue;
        if (cut != nullptr) *cut = true;
        break;
    }
    ::closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

// Opens a regular file for reading and nothing else: no link followed, no FIFO waited for.
int open_regular(int dir, const char* name, std::uint64_t most) {
    const int fd = ::openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat info{};
    if (fd < 0) return -1;
    if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) <= most) return fd;
    ::close(fd);
    return -1;
}

std::string read_all(int fd) {
    std::string content;
    char buffer[65536];
    for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;) {
        content.append(buffer, static_cast<std::size_t>(n));
    }
    return content;
}

bool same_bytes(int a, int b) {
    char left[65536];
    char right[65536];
    for (;;) {
        const ssize_t n = ::read(a, left, sizeof left);
        if (n < 0) return false;
        ssize_t got = 0;
        while (got < n) {
            const ssize_t more = ::read(b, right + got, static_cast<std::size_t>(n - got));
            if (more <= 0) return false;
            got += more;
        }
        if (n == 0) return ::read(b, right, 1) == 0;
        if (std::memcmp(left, right, static_cast<std::size_t>(n)) != 0) return false;
    }
}

std::string link_target(int dir, const char* name) {
    char target[4096];
    const ssize_t n = ::readlinkat(dir, name, target, sizeof target);
    return n <= 0 ? std::string{} : std::string(target, static_cast<std::size_t>(n));
}

class Walk {
public:
    Walk(const Spec& spec, const Tree& tree) : spec_(spec), tree_(tree), budget_(spec.file_bytes) {}

    /// False when something had to be left out.
    bool run() {
        directory(tree_.upper, {open_layer(tree_.edits, "."), open_layer(tree_.lower, ".")}, "", 0);
        return !cut_;
    }

private:
    // The two layers below the payload's: our edits over the workspace. -1: not in that layer.
    struct Below {
        int edits = -1;
        int lower = -1;
        void close() const {
            if (edits >= 0) ::close(edits);
            if (lower >= 0) ::close(lower);
        }
    };

    static int open_layer(int dir, const char* name) {
        return dir < 0 ? -1 : ::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }

    // What `name` was before the run: finds the layer that decides. False when it did not exist.
    static bool before(const Below& below, const char* name, struct stat& info, int& layer) {
        for (const int dir : {below.edits, below.lower}) {
            if (dir >= 0 && ::fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
                layer = dir;
                return true;
            }
        }
        return false;
    }

    // Whether the upper directory hides all of the lower one (it was removed and made again). One name that only the
    // lower one has tells, without reading overlayfs's attributes, which takes rights given up by now.
    bool hides_lower(const Below& below, const std::vector<std::string>& names, const std::string& path) {
        for (const int dir : {below.edits, below.lower}) {
            if (dir < 0) continue;
            for (const std::string& name : entries(dir)) {
                if (std::binary_search(names.begin(), names.end(), name)) continue;
                struct stat info{};
                if (::fstatat(tree_.workspace, (path + name).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) return false;
                if (errno == ENOENT) return true;
                cut_ = true;  // too long a path to ask for: no file is called deleted on such grounds
                return false;
            }
        }
        return false;
    }

    void directory(int upper, Below below, const std::string& path, int depth) {
        const std::vector<std::string> names = entries(upper, &cut_);
        if (depth > 0 && hides_lower(below, names, path)) {
            for (const std::string& name : entries_below(below)) {
                if (!std::binary_search(names.begin(), names.end(), name)) deleted(below, name, path, depth);
            }
        }
        for (const std::string& name : names) entry(upper, below, name, path, depth);
        below.close();
    }

    static std::vector<std::string> entries_below(const Below& below) {
        std::vector<std::string> names;
        for (const int dir : {below.edits, below.lower}) {
            if (dir < 0) continue;
            const std::vector<std::string> more = entries(dir);
            names.insert(names.end(), more.begin(), more.end());
        }
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        return names;
    }

    void deleted(const Below& below, const std::string& name, const std::string& path, int depth) {
        struct stat info{};
        int layer = -1;
        if (!before(below, name.c_str(), info, layer) || full_) return;
        const std::string full = path + name;
        if (!S_ISDIR(info.st_mode)) return send({ChangeKind::deleted, full}, below, name);
        if (depth >= kDeepest) {
            cut_ = true;
            return;
        }
        const Below inner{open_layer(below.edits, name.c_str()), open_layer(below.lower, name.c_str())};
        for (const std::string& child : entries_below(inner)) deleted(inner, child, full + "/", depth + 1);
        inner.close();
    }

    void entry(int upper, const Below& below, const std::string& name, const std::string& path, int depth) {
        struct stat info{};
        if (full_ || ::fstatat(upper, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
            cut_ = true;
            return;
        }
        if (S_ISCHR(info.st_mode) && info.st_rdev == ::makedev(0, 0)) return deleted(below, name, path, depth);
        struct stat old{};
        int layer = -1;
        const bool existed = before(below, name.c_str(), old, layer);
        if (existed && S_ISDIR(old.st_mode) && !S_ISDIR(info.st_mode)) deleted(below, name, path, depth);
        if (S_ISDIR(info.st_mode)) {
            if (existed && !S_ISDIR(old.st_mode)) deleted(below, name, path, depth);
            const int dir = depth >= kDeepest ? -1 : open_layer(upper, name.c_str());
            if (dir < 0) {
                cut_ = true;
                return;
            }
            directory(dir, {open_layer(below.edits, name.c_str()), open_layer(below.lower, name.c_str())},
                      path + name + "/", depth + 1);
            ::close(dir);
        } else if (S_ISREG(info.st_mode)) {
            regular(upper, name, path + name, info, existed && !S_ISDIR(old.st_mode) ? &old : nullptr, layer, below);
        } else if (S_ISLNK(info.st_mode)) {
            link(upper, name, path + name, existed && !S_ISDIR(old.st_mode) ? &old : nullptr, layer, below);
        }
    }

    void regular(int upper, const std::string& name, const std::string& path, const struct stat& info,
                 const struct stat* old, int layer, const Below& below) {
        const int fd = open_regular(upper, name.c_str(), ~0ULL);
        if (old != nullptr && S_ISREG(old->st_mode) && old->st_size == info.st_size && fd >= 0 &&
            (old->st_mode & 0777U) == (info.st_mode & 0777U)) {
            const int was = open_regular(layer, name.c_str(), ~0ULL);
            const bool same = was >= 0 && same_bytes(fd, was);
            if (was >= 0) ::close(was);
            if (same) {
                ::close(fd);
                return;
            }
            ::lseek(fd, 0, SEEK_SET);
        }
        Record record{old != nullptr ? ChangeKind::modified : ChangeKind::created, path, info.st_mode & 0777U};
        if (spec_.collect_contents) {
            record.content_missing = fd < 0 || static_cast<std::uint64_t>(info.st_size) > budget_;
            if (!record.content_missing) record.content = read_all(fd);
            budget_ -= std::min<std::uint64_t>(budget_, record.content.size());
        }
        if (fd >= 0) ::close(fd);
        send(record, below, name);
    }

    void link(int upper, const std::string& name, const std::string& path, const struct stat* old, int layer,
              const Below& below) {
        const std::string target = link_target(upper, name.c_str());
        if (old != nullptr && S_ISLNK(old->st_mode) && link_target(layer, name.c_str()) == target) return;
        Record record{old != nullptr ? ChangeKind::modified : ChangeKind::created, path, 0777};
        record.symlink = true;
        if (link_stays_inside(path, target)) record.target = target;
        send(record, below, name);
    }

    struct Record {
        ChangeKind kind;
        std::string path;
        std::uint32_t mode = 0;
        bool symlink = false;
        bool content_missing = false;
        std::string target = {};
        std::string content = {};
    };

    static std::uint64_t nanoseconds(const timespec& time) {
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
    }

    // The real file's identity goes with the change: the workspace's own, whatever our edits lay over it.
    void send(const Record& record, const Below& below, const std::string& name) {
        const std::uint64_t names = record.path.size() + record.target.size();
        if (sent_ >= kMostChanges || names > names_left_) {
            full_ = cut_ = true;
            return;
        }
        ++sent_;
        names_left_ -= names;
        struct stat real{};
        const bool exists = below.lower >= 0 && ::fstatat(below.lower, name.c_str(), &real, AT_SYMLINK_NOFOLLOW) == 0 &&
                            !S_ISDIR(real.st_mode);
        if (!exists) real = {};
        Writer body;
        body.u8(static_cast<std::uint8_t>(record.kind));
        body.flag(record.symlink);
        body.flag(record.content_missing);
        body.u32(record.mode);
        body.text(record.path);
        body.text(record.target);
        body.text(record.content);
        body.flag(exists);
        body.u64(real.st_ino);
        body.u64(static_cast<std::uint64_t>(real.st_size));
        body.u64(nanoseconds(real.st_mtim));
        body.u64(nanoseconds(real.st_ctim));
        send_record(Tag::change, body.bytes());
    }

    const Spec& spec_;
    const Tree& tree_;
    std::uint64_t budget_;
    std::size_t sent_ = 0;
    std::uint64_t names_left_ = kMostNameBytes;
    bool full_ = false;  ///< nothing more may be sent
    bool cut_ = false;
};

}  // namespace

bool report_changes(const Spec& spec, const Tree& tree) { return tree.upper < 0 || Walk(spec, tree).run(); }

void report_artifacts(const Tree& tree) {
    if (tree.artifacts < 0) return;
    // Counted by their length and not by the room they take: sparse files take none.
    std::uint64_t left = kMostArtifactBytes;
    std::size_t sent = 0;
    for (const std::string& name : entries(tree.artifacts)) {
        const int fd = open_regular(tree.artifacts, name.c_str(), std::min(kArtifactLimit, left));
        if (fd < 0) continue;
        const std::string content = read_all(fd);
        ::close(fd);
        if (++sent > kMostArtifacts) return;
        left -= content.size();
        Writer body;
        body.text(name);
        body.text(content);
        send_record(Tag::artifact, body.bytes());
    }
}

}  // namespace ec::box
