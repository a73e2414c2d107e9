#include "root.hpp"

#include <sched.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "processes.hpp"
#include "status.hpp"
#include "sys.hpp"

namespace ec::box {
namespace {

constexpr std::uint64_t kNoLinks = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

int open_new_root() {
    const int root = ::open("/new", O_PATH | O_DIRECTORY | O_CLOEXEC);
    require(root >= 0, "open", "base");
    return root;
}

class Builder {
public:
    Builder(const Spec& spec, int userns, Tree& tree) : spec_(spec), userns_(userns), tree_(tree) {}

    void make_all() {
        ::umask(0);  // the modes below are meant as they stand, whatever the caller's umask is
        outer_proc_ = ::open("/old/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        old_ = ::open("/old", O_PATH | O_DIRECTORY | O_CLOEXEC);
        require(old_ >= 0, "open", "base");
        new_ = open_new_root();
        for (const Mount& mount : spec_.mounts) make(mount);
        ::close(old_);
        ::close(new_);
        if (outer_proc_ >= 0) ::close(outer_proc_);
    }

private:
    static int duplicate(int fd, std::string_view what) {
        const int copy = ::dup(fd);
        if (copy < 0) die("dup", errno, what);
        return copy;
    }

    int open_source(const std::string& path, std::uint64_t links = 0) {
        return sys::openat2(old_, path.c_str(), O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | links);
    }

    // Creates the directories down to `path` (absolute, inside) and returns the last one. Most of them are there
    // already, so the whole way is tried first: one look instead of one a component.
    int make_directories(std::string_view path, std::uint32_t mode = 0755) {
        while (path.ends_with('/')) path.remove_suffix(1);
        if (path.empty()) return duplicate(new_, path);
        if (path.ends_with("/..") || path.find("/../") != std::string_view::npos) die("mkdir", EINVAL, path);
        const int whole = open_directory(new_, path.substr(1));
        if (whole >= 0) return whole;
        if (errno != ENOENT) die("mkdir", errno, path);
        int dir = duplicate(new_, path);
        for (std::size_t at = 1; at < path.size();) {
            const std::size_t slash = std::min(path.find('/', at), path.size());
            const std::string name(path.substr(at, slash - at));
            at = slash + 1;
            if (name.empty()) continue;
            int next = open_directory(dir, name);
            if (next < 0 && errno == ENOENT) {
                require(::mkdirat(dir, name.c_str(), at > path.size() ? mode : 0755) == 0, "mkdir", path);
                next = open_directory(dir, name);
            }
            if (next < 0) die("mkdir", errno, path);
            ::close(dir);
            dir = next;
        }
        return dir;
    }

    static int open_directory(int dir, std::string_view path) {
        return sys::openat2(dir, std::string(path).c_str(), O_PATH | O_DIRECTORY, kNoLinks);
    }

    // Opens a file that is made when it is not there, and so are the directories above it.
    int create(const std::string& path, std::uint64_t flags, std::uint32_t mode) {
        const char* inside = path.c_str() + 1;
        const int file = sys::openat2(new_, inside, flags | O_CREAT, kNoLinks, mode);
        if (file >= 0 || errno != ENOENT) return file;
        ::close(make_directories(path.substr(0, path.rfind('/'))));
        return sys::openat2(new_, inside, flags | O_CREAT, kNoLinks, mode);
    }

    void attach(int from, const std::string& target, bool directory) {
        int at = -1;
        if (directory) {
            at = make_directories(target);
        } else {
            at = create(target, O_RDONLY, 0644);
            if (at < 0 && errno == EROFS) at = sys::openat2(new_, target.c_str() + 1, O_PATH, kNoLinks);
            require(at >= 0, "create", target);
        }
        require(::move_mount(from, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0, "move_mount",
                target);
        ::close(at);
    }

    void make(const Mount& mount) {
        switch (mount.kind) {
            case Mount::Kind::bind:
                return bind(mount, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
            case Mount::Kind::view:
                return view(mount);
            case Mount::Kind::device:
                return bind(mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
            case Mount::Kind::tmpfs:
                return tmpfs(mount);
            case Mount::Kind::symlink:
                return symlink(mount);
            case Mount::Kind::file:
                return file(mount);
            case Mount::Kind::directory:
                return directory(mount);
            case Mount::Kind::lower:
                return mount_lower(mount);
            case Mount::Kind::workspace:
                return workspace(mount);
            case Mount::Kind::proc:
                return proc(mount);
        }
    }

    // A recursive copy, because in a user namespace the mounts below a mount cannot be taken apart.
    void bind(const Mount& mount, std::uint64_t flags) {
        // What must be there is named by its real path. A link on the way was put there since, by the workspace's
        // owner.
        const bool canonical = mount.kind == Mount::Kind::bind && !mount.optional;
        const int source = open_source(mount.source, canonical ? RESOLVE_NO_SYMLINKS : 0);
        if (source < 0) {
            if (mount.optional) return;
            die("open", errno, mount.source);
        }
        struct stat info{};
        require(::fstat(source, &info) == 0, "stat", mount.source);
        const int copy = ::open_tree(source, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (copy < 0 && mount.optional) {
            ::close(source);
            return;
        }
        require(copy >= 0, "open_tree", mount.source);
        mount_attr attributes{};
        attributes.attr_set = flags;
        require(::mount_setattr(copy, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) == 0,
                "mount_setattr", mount.source);
        attach(copy, mount.target, S_ISDIR(info.st_mode));
        ::close(copy);
        ::close(source);
    }

    // A folder of the host whose sockets and FIFOs are nobody's: an overlay shows files of its own, and through a bind
    // mount, even a read-only one, a program could talk to whoever listens there.
    void view(const Mount& mount) {
        constexpr std::uint64_t kReadOnly = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        const int source = open_source(mount.source);
        struct stat info{};
        if (source < 0 || ::fstat(source, &info) != 0 || !S_ISDIR(info.st_mode)) {
            if (source >= 0) ::close(source);
            return bind(mount, kReadOnly);
        }
        if (views_++ == 0) require(::mkdir("/layers/none", 0755) == 0, "mkdir", "none");
        const std::string layer = "/layers/view" + std::to_string(views_);
        const int copy = ::open_tree(source, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        ::close(source);
        require(copy >= 0, "open_tree", mount.source);
        require(::mkdir(layer.c_str(), 0755) == 0, "mkdir", layer);
        require(::move_mount(copy, "", AT_FDCWD, layer.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0, "move_mount", layer);
        ::close(copy);
        ::close(make_directories(mount.target));
        const std::string target = "/new" + mount.target;
        // Two layers, because a read-only overlay of one is refused.
        const std::string options = "lowerdir=/layers/none:" + layer + (spec_.privileged ? "" : ",userxattr");
        if (::mount("overlay", target.c_str(), "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV, options.c_str()) == 0)
            return;
        // Other file systems are mounted below it, or it lies on two overlays already.
        bind(mount, kReadOnly);
    }

    int mount_tmpfs(const char* at, std::uint64_t size, std::uint32_t mode) {
        char options[96];
        std::snprintf(options, sizeof options, "mode=0%o,size=%llu,nr_inodes=100000", mode,
                      static_cast<unsigned long long>(size));
        require(::mount("tmpfs", at, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0, "mount", at);
        const int root = ::open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        require(root >= 0, "open", at);
        return root;
    }

    void give_to_payload(int dir, const std::string& what) {
        if (spec_.privileged) require(::fchown(dir, spec_.drop_uid, spec_.drop_uid) == 0, "chown", what);
    }

    void tmpfs(const Mount& mount) {
        const int at = make_directories(mount.target);
        const std::string path = "/new" + mount.target;
        const int root = mount_tmpfs(path.c_str(), mount.size, mount.mode);
        if (mount.writable) give_to_payload(root, mount.target);
        if (mount.target == "/tmp") tree_.temporary = duplicate(root, mount.target);
        if (mount.target == "/dev/shm") tree_.shared = duplicate(root, mount.target);
        if (mount.target == spec_.artifact_dir) tree_.artifacts = duplicate(root, mount.target);
        ::close(root);
        ::close(at);
    }

    void symlink(const Mount& mount) {
        const std::size_t slash = mount.target.rfind('/');
        const int dir = make_directories(mount.target.substr(0, slash));
        require(::symlinkat(mount.source.c_str(), dir, mount.target.c_str() + slash + 1) == 0, "symlink", mount.target);
        ::close(dir);
    }

    void fill(int fd, const std::string& content, const std::string& what) {
        require(fd >= 0, "create", what);
        std::size_t done = 0;
        while (done < content.size()) {
            const ssize_t n = ::write(fd, content.data() + done, content.size() - done);
            require(n > 0, "write", what);
            done += static_cast<std::size_t>(n);
        }
        ::close(fd);
    }

    void file(const Mount& mount) {
        fill(create(mount.target, O_WRONLY | O_EXCL, mount.mode), mount.source, mount.target);
    }

    void directory(const Mount& mount) {
        const int path = make_directories(mount.target, mount.mode);
        const int dir = sys::openat2(path, ".", O_RDONLY | O_DIRECTORY, 0);
        require(dir >= 0, "open", mount.target);
        if (mount.writable) give_to_payload(dir, mount.target);
        require(::fchmod(dir, mount.mode) == 0, "chmod", mount.target);
        ::close(dir);
        ::close(path);
    }

    void proc(const Mount& mount) {
        const int at = make_directories(mount.target);
        const std::string path = "/new" + mount.target;
        // Containers with a masked /proc do not let a fresh one be mounted. The payload then has none, and pid 1 counts
        // through the container's, or the limits would not hold.
        tree_.has_proc = ::mount("proc", path.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
        if (!tree_.has_proc) tree_.outer_proc = std::exchange(outer_proc_, -1);
        if (!tree_.has_proc && !can_see_children(tree_.outer_proc)) die("proc", errno, "/proc");
        if (tree_.has_proc) hide_keys(path + "/keys");
        ::close(at);
    }

    // Whoever logged in has a keyring that all he starts inherits: its keys (tickets, disks) would be named there.
    static void hide_keys(const std::string& file) {
        const int empty = ::open("/layers/empty", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
        require(empty >= 0, "create", file);
        ::close(empty);
        if (::mount("/layers/empty", file.c_str(), nullptr, MS_BIND, nullptr) != 0) {
            require(errno == ENOENT, "mount", file);  // a kernel without keys
            return;
        }
        constexpr unsigned long kFlags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
        require(::mount(nullptr, file.c_str(), nullptr, kFlags, nullptr) == 0, "mount", file);
    }

    // Lower layer: the workspace itself. In a privileged run its owner's files must belong to the payload's uid, which
    // an idmapped mount does without touching them.
    void mount_lower(const Mount& mount) {
        const int source = open_source(mount.source, RESOLVE_NO_SYMLINKS);
        require(source >= 0, "open", mount.source);
        // Not recursive: overlayfs does not descend into mounts below its layers. In a user namespace a copy without
        // them is refused, so the whole is copied there.
        const unsigned recursive = spec_.privileged ? 0U : AT_RECURSIVE;
        const int copy = ::open_tree(source, "", AT_EMPTY_PATH | recursive | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        require(copy >= 0, "open_tree", mount.source);
        mount_attr attributes{};
        attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        require(::mount_setattr(copy, "", AT_EMPTY_PATH | recursive, &attributes, sizeof attributes) == 0,
                "mount_setattr", mount.source);
        if (userns_ >= 0) {
            mount_attr idmap{};
            idmap.attr_set = MOUNT_ATTR_IDMAP;
            idmap.userns_fd = static_cast<std::uint64_t>(userns_);
            require(::mount_setattr(copy, "", AT_EMPTY_PATH, &idmap, sizeof idmap) == 0, "idmap", mount.source);
        }
        require(::mkdir("/layers/lower", 0755) == 0, "mkdir", "lower");
        require(::move_mount(copy, "", AT_FDCWD, "/layers/lower", MOVE_MOUNT_F_EMPTY_PATH) == 0, "move_mount", "lower");
        ::close(copy);
        ::close(source);
        tree_.lower = ::open("/layers/lower", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        require(tree_.lower >= 0, "open", mount.source);
    }

    // Copies owner and mode of the workspace's own directory, because in a merged directory the upper layer's count.
    void take_after(int dir, const struct stat& model, const std::string& what) {
        if (spec_.privileged) require(::fchown(dir, model.st_uid, model.st_gid) == 0, "chown", what);
        require(::fchmod(dir, model.st_mode & 0777U) == 0, "chmod", what);
    }

    void write_edit(const std::string& path, const std::string& content) {
        int upper = duplicate(tree_.edits, path);
        int lower = duplicate(tree_.lower, path);
        std::size_t at = 0;
        for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', at)) {
            const std::string part = path.substr(at, slash - at);
            at = slash + 1;
            if (part.empty() || part == "." || part == "..") die("edit", EINVAL, path);
            const bool made = ::mkdirat(upper, part.c_str(), 0755) == 0;
            require(made || errno == EEXIST, "edit", path);
            const int next =
                sys::openat2(upper, part.c_str(), O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
            require(next >= 0, "edit", path);
            int below = lower < 0 ? -1
                                  : sys::openat2(lower, part.c_str(), O_RDONLY | O_DIRECTORY,
                                                 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
            if (below < 0 && lower >= 0 && errno != ENOENT) die("edit", errno, path);
            struct stat model{};
            if (made && below >= 0 && ::fstat(below, &model) == 0) take_after(next, model, path);
            if (made && below < 0) give_to_payload(next, path);
            ::close(upper);
            if (lower >= 0) ::close(lower);
            upper = next;
            lower = below;
        }
        const std::string name = path.substr(at);
        struct stat model{};
        const bool exists = lower >= 0 && ::fstatat(lower, name.c_str(), &model, AT_SYMLINK_NOFOLLOW) == 0;
        const bool regular = exists && S_ISREG(model.st_mode);
        ::unlinkat(upper, name.c_str(), 0);
        fill(sys::openat2(upper, name.c_str(), O_WRONLY | O_CREAT | O_EXCL, kNoLinks,
                          regular ? model.st_mode & 0777U : 0644U),
             content, path);
        if (spec_.privileged) {
            require(::fchownat(upper, name.c_str(), regular ? model.st_uid : spec_.drop_uid,
                               regular ? model.st_gid : spec_.drop_uid, AT_SYMLINK_NOFOLLOW) == 0,
                    "chown", path);
        }
        ::close(upper);
        if (lower >= 0) ::close(lower);
    }

    void workspace(const Mount& mount) {
        struct stat model{};
        require(::fstat(tree_.lower, &model) == 0, "stat", mount.source);
        std::string lowers = "/layers/lower";
        if (!spec_.edits.empty()) {
            require(::mkdir("/layers/edits", 0755) == 0, "mkdir", "edits");
            tree_.edits = mount_tmpfs("/layers/edits", 1ULL << 30, 0755);
            take_after(tree_.edits, model, "edits");
            for (const auto& [path, content] : spec_.edits) write_edit(path, content);
            lowers = "/layers/edits:/layers/lower";
        }
        require(::mkdir("/layers/fresh", 0755) == 0, "mkdir", "fresh");
        const int fresh = mount_tmpfs("/layers/fresh", mount.size, 0755);
        require(::mkdirat(fresh, "upper", 0755) == 0 && ::mkdirat(fresh, "work", 0755) == 0, "mkdir", "upper");
        tree_.upper = ::openat(fresh, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        require(tree_.upper >= 0, "open", "upper");
        take_after(tree_.upper, model, "upper");
        ::close(fresh);
        const int at = make_directories(mount.target);
        ::close(at);
        const std::string target = "/new" + mount.target;
        const std::string options = "lowerdir=" + lowers + ",upperdir=/layers/fresh/upper,workdir=/layers/fresh/work," +
                                    (spec_.privileged ? "index=off,metacopy=off,redirect_dir=nofollow" : "userxattr");
        require(::mount("overlay", target.c_str(), "overlay", MS_NOSUID | MS_NODEV, options.c_str()) == 0, "overlay",
                mount.source);
        tree_.workspace = ::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        require(tree_.workspace >= 0, "open", target);
    }

    const Spec& spec_;
    int userns_;
    Tree& tree_;
    int old_ = -1;
    int outer_proc_ = -1;
    int new_ = -1;
    unsigned views_ = 0;
};

}  // namespace

// The old root stays reachable below /old until everything is in place; nothing of it is ever followed by a symbolic
// link out of it, because every source is opened with RESOLVE_IN_ROOT.
void enter_base() {
    ::umask(0);
    require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount", "/ private");
    require(::mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1g") == 0, "mount", "base");
    require(::mkdir("/tmp/old", 0755) == 0 && ::mkdir("/tmp/new", 0755) == 0 && ::mkdir("/tmp/layers", 0755) == 0,
            "mkdir", "base");
    require(sys::pivot_root("/tmp", "/tmp/old") == 0, "pivot_root", "base");
    require(::chdir("/") == 0, "chdir", "base");
    // The new root is one folder of the base, mounted again: a file system of its own would only cost time.
    const int root = ::open_tree(AT_FDCWD, "/new", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    require(root >= 0, "open_tree", "root");
    require(::move_mount(root, "", AT_FDCWD, "/new", MOVE_MOUNT_F_EMPTY_PATH) == 0, "move_mount", "root");
    ::close(root);
}

void make_mounts(const Spec& spec, int userns, Tree& tree) { Builder(spec, userns, tree).make_all(); }

void share_root() {
    require(::umount2("/old", MNT_DETACH) == 0, "umount", "old root");
    require(::mount(nullptr, "/new", nullptr, MS_REC | MS_SHARED, nullptr) == 0, "mount", "/new shared");
}

void leave_shared_root() {
    require(::unshare(CLONE_NEWNS) == 0, "unshare", "root");
    require(::mount(nullptr, "/new", nullptr, MS_REC | MS_SLAVE, nullptr) == 0, "mount", "/new slave");
    enter_root();
}

void enter_root() {
    const int root = open_new_root();
    require(::fchdir(root) == 0, "chdir", "root");
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    require(::mount_setattr(root, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0, "mount_setattr", "root");
    require(sys::pivot_root(".", ".") == 0, "pivot_root", "root");
    require(::umount2(".", MNT_DETACH) == 0, "umount", "old root");
    require(::chdir("/") == 0, "chdir", "/");
    ::close(root);
}

}  // namespace ec::box
