#include "layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ec/core/fs.hpp>
#include <map>

namespace ec::executor {
namespace {

constexpr std::uint64_t kScratchBytes = 64ULL << 20;  // /tmp, /dev/shm and an artifact folder, each
constexpr std::string_view kRunDir = "/run/edgecoder/";
// More than any run may ask for, and small enough to be doubled.
constexpr std::uint64_t kAnyMemory = 1ULL << 44;
constexpr unsigned kAnyCount = 1U << 20;

box::Mount mount_of(box::Mount::Kind kind, std::string source, std::string target) {
    box::Mount mount;
    mount.kind = kind;
    mount.source = std::move(source);
    mount.target = std::move(target);
    return mount;
}

box::Mount scratch(std::string target, std::uint64_t size, std::uint32_t mode) {
    box::Mount mount = mount_of(box::Mount::Kind::tmpfs, {}, std::move(target));
    mount.size = size;
    mount.mode = mode;
    mount.writable = true;
    return mount;
}

void add_system(const Layout& layout, std::vector<box::Mount>& mounts) {
    using Kind = box::Mount::Kind;
    for (const auto& [path, target] : layout.toolchains.links) mounts.push_back(mount_of(Kind::symlink, target, path));
    mounts.push_back(mount_of(Kind::proc, {}, "/proc"));
    for (const char* name : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
        mounts.push_back(mount_of(Kind::device, name, name));
    }
    mounts.push_back(mount_of(Kind::symlink, "/proc/self/fd", "/dev/fd"));
    mounts.push_back(mount_of(Kind::symlink, "/proc/self/fd/0", "/dev/stdin"));
    mounts.push_back(mount_of(Kind::symlink, "/proc/self/fd/1", "/dev/stdout"));
    mounts.push_back(mount_of(Kind::symlink, "/proc/self/fd/2", "/dev/stderr"));
    const std::pair<const char*, const char*> files[] = {
        {"/etc/passwd",
         "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp/home:/bin/sh\n"
         "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"},
        {"/etc/group", "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n"},
        {"/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"},
        {"/etc/hostname", "sandbox\n"},
        {"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
        {"/etc/resolv.conf", ""},
    };
    for (const auto& [path, content] : files) {
        box::Mount mount = mount_of(Kind::file, content, path);
        mount.mode = 0644;
        mounts.push_back(std::move(mount));
    }
}

// Nobody but root puts a socket or FIFO there.
bool belongs_to_system(const std::string& path) {
    static constexpr std::string_view kFolders[] = {"/usr",   "/etc",   "/bin",    "/sbin",      "/lib",
                                                    "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"};
    return std::any_of(std::begin(kFolders), std::end(kFolders), [&](std::string_view folder) {
        return path == folder || path.starts_with(std::string(folder) + "/");
    });
}

// Parents come before what lies in them, so that nothing is covered by a later mount.
void sort_by_depth(std::vector<box::Mount>& mounts) {
    std::stable_sort(mounts.begin(), mounts.end(),
                     [](const box::Mount& a, const box::Mount& b) { return a.target < b.target; });
}

std::vector<std::string> environment_of(const Layout& layout, const RunSpec& run) {
    std::map<std::string, std::string> merged;
    for (const auto& [name, value] : layout.toolchains.environment) merged[name] = value;
    if (run.network) {
        const std::string proxy = fmt::format("http://127.0.0.1:{}", box::kProxyPort);
        for (const char* name : {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"}) merged[name] = proxy;
        for (const char* name : {"NO_PROXY", "no_proxy"}) merged[name] = "localhost,127.0.0.1";
        merged["NODE_USE_ENV_PROXY"] = "1";  // Node looks at the others only then
    }
    for (const auto& [name, value] : run.environment) merged[name] = value;
    std::vector<std::string> lines;
    for (const auto& [name, value] : merged) lines.push_back(fmt::format("{}={}", name, value));
    return lines;
}

// What both kinds of confinement have in common.
box::Spec common(const Layout& layout, const RunSpec& run, bool session) {
    box::Spec spec;
    spec.privileged = layout.privileged;
    spec.drop_uid = layout.drop_uid;
    spec.owner_uid = layout.workspace.owner_uid;
    spec.owner_gid = layout.workspace.owner_gid;
    spec.idmap = layout.workspace.idmap;
    spec.session = session;
    spec.proxy = run.network;
    spec.collect_changes = run.collect_changes;
    spec.collect_contents = run.collect_change_contents;
    const Limits& limits = run.limits;
    spec.wall_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, limits.wall.count()));
    spec.cpu_seconds = static_cast<std::uint64_t>((std::max<std::int64_t>(0, limits.cpu.count()) + 999) / 1000);
    spec.memory_bytes = limits.memory_bytes;
    spec.processes = std::max(2U, limits.processes);
    spec.file_bytes = limits.new_file_bytes;
    spec.open_files = std::max(16U, limits.open_files);
    return spec;
}

// A session in lines has its pipes where every program looks for them: a shell of the sandbox puts them there and
// becomes the program, so that the box needs to know nothing of it.
std::vector<std::string> words_of(const RunSpec& run) {
    if (run.line_bytes == 0) return run.argv;
    std::vector<std::string> words = {"/bin/sh", "-c", "exec \"$@\" <&3 >&4 3<&- 4>&-", "sh"};
    words.insert(words.end(), run.argv.begin(), run.argv.end());
    return words;
}

bool continues_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

}  // namespace

Status check_run(const RunSpec& run) {
    if (run.argv.empty() || run.argv.front().empty())
        return fail(ErrorCode::invalid_argument, "there is no program to run");
    const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
    if (std::any_of(run.argv.begin(), run.argv.end(), has_nul)) {
        return fail(ErrorCode::invalid_argument, "an argument holds a NUL byte");
    }
    if (!is_inside_relative(run.directory)) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the working directory {} is not inside the workspace", run.directory));
    }
    for (const FileEdit& edit : run.edits) {
        const std::filesystem::path path(edit.path);
        if (!is_inside_relative(edit.path) || path.lexically_normal() != path || !path.has_filename()) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("the edited file {} is not inside the workspace", edit.path));
        }
    }
    for (const auto& [name, value] : run.environment) {
        if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value)) {
            return fail(ErrorCode::invalid_argument, fmt::format("{} is not a name for an environment variable", name));
        }
    }
    for (const auto& [name, content] : run.support_files) {
        if (!is_inside_relative(name)) {
            return fail(ErrorCode::invalid_argument, fmt::format("{} is not a name for a support file", name));
        }
    }
    if (!run.artifact_dir.empty() &&
        (!run.artifact_dir.starts_with(kRunDir) || run.artifact_dir.size() == kRunDir.size() ||
         run.artifact_dir.find("..") != std::string::npos || run.artifact_dir.ends_with('/') ||
         run.artifact_dir.starts_with(kSupportDir))) {
        return fail(ErrorCode::invalid_argument, fmt::format("the artifact folder must lie below {}", kRunDir));
    }
    return {};
}

namespace {

// Where it works and what is laid over its files, on top of common().
box::Spec for_run(const Layout& layout, const RunSpec& run, bool session) {
    const std::string root = layout.workspace.path.string();
    box::Spec spec = common(layout, run, session);
    spec.artifact_dir = run.artifact_dir;
    spec.directory = run.directory == "." ? root : fmt::format("{}/{}", root, run.directory);
    for (const FileEdit& edit : run.edits) spec.edits.emplace_back(edit.path, edit.content);
    return spec;
}

void add_scratch(const Layout& layout, std::vector<box::Mount>& mounts) {
    mounts.push_back(scratch("/tmp", kScratchBytes, 01777));
    mounts.push_back(scratch("/dev/shm", kScratchBytes, 01777));
    for (const std::string& path : layout.toolchains.read_only) {
        box::Mount mount =
            mount_of(belongs_to_system(path) ? box::Mount::Kind::bind : box::Mount::Kind::view, path, path);
        mount.optional = true;
        mounts.push_back(std::move(mount));
    }
}

// The certificates that programs check servers against: public, and of no use without a network.
void add_certificates(std::vector<box::Mount>& mounts) {
    for (const char* path : {"/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/ca-trust"}) {
        box::Mount mount = mount_of(box::Mount::Kind::bind, path, path);
        mount.optional = true;
        mounts.push_back(std::move(mount));
    }
}

void add_lower(const Layout& layout, std::vector<box::Mount>& mounts) {
    mounts.push_back(
        mount_of(box::Mount::Kind::lower, layout.workspace.lower.string(), layout.workspace.path.string()));
}

void add_support(const RunSpec& run, std::vector<box::Mount>& mounts) {
    for (const auto& [name, content] : run.support_files) {
        box::Mount mount = mount_of(box::Mount::Kind::file, content, fmt::format("{}/{}", kSupportDir, name));
        mount.mode = 0644;
        mounts.push_back(std::move(mount));
    }
}

// What differs from run to run.
void add_for_run(const Layout& layout, const RunSpec& run, std::vector<box::Mount>& mounts) {
    const std::string root = layout.workspace.path.string();
    box::Mount workspace = mount_of(box::Mount::Kind::workspace, {}, root);
    workspace.size = std::max<std::uint64_t>(run.limits.new_file_bytes, 4096);
    mounts.push_back(std::move(workspace));
    for (const std::string& name : layout.workspace.bound) {
        const std::string path = fmt::format("{}/{}", root, name);
        mounts.push_back(mount_of(box::Mount::Kind::view, path, path));
    }
    add_support(run, mounts);
    if (!run.artifact_dir.empty()) mounts.push_back(scratch(run.artifact_dir, kScratchBytes, 0700));
}

void add_home(std::vector<box::Mount>& mounts) {
    box::Mount home = mount_of(box::Mount::Kind::directory, {}, "/tmp/home");
    home.mode = 0700;
    home.writable = true;
    mounts.push_back(std::move(home));
}

void add_writable(std::vector<std::string>& writable) {
    for (const char* path :
         {"/tmp", "/dev/shm", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/proc"}) {
        writable.emplace_back(path);
    }
}

}  // namespace

Result<box::Spec> compose(const Layout& layout, const RunSpec& run, bool session) {
    EC_TRY(check_run(run));
    box::Spec spec = for_run(layout, run, session);
    add_system(layout, spec.mounts);
    add_scratch(layout, spec.mounts);
    if (run.network) add_certificates(spec.mounts);
    add_lower(layout, spec.mounts);
    add_for_run(layout, run, spec.mounts);
    sort_by_depth(spec.mounts);
    add_home(spec.mounts);
    spec.writable = {layout.workspace.path.string()};
    if (!run.artifact_dir.empty()) spec.writable.push_back(run.artifact_dir);
    add_writable(spec.writable);
    spec.argv = words_of(run);
    spec.environment = environment_of(layout, run);
    return spec;
}

box::Spec compose_early(const Layout& layout) {
    box::Spec spec;
    spec.start = box::Start::early;
    spec.privileged = layout.privileged;
    spec.drop_uid = layout.drop_uid;
    spec.owner_uid = layout.workspace.owner_uid;
    spec.owner_gid = layout.workspace.owner_gid;
    spec.idmap = layout.workspace.idmap;
    return spec;
}

bool can_wait(const Layout& layout) {
    return layout.workspace.bound.empty() && layout.workspace.path.parent_path() != layout.workspace.path.root_path();
}

box::Spec compose_warm(const Layout& layout, std::vector<std::string> command,
                       std::vector<std::pair<std::string, std::string>> support) {
    RunSpec run;
    // The limits of the run to come can only be lower.
    run.limits.memory_bytes = kAnyMemory;
    run.limits.processes = kAnyCount;
    run.limits.open_files = kAnyCount;
    run.limits.new_file_bytes = kAnyMemory;
    run.limits.wall = run.limits.cpu = std::chrono::milliseconds(0);
    run.argv = std::move(command);
    run.support_files = std::move(support);
    box::Spec spec = for_run(layout, run, true);
    spec.start = box::Start::warm;
    add_system(layout, spec.mounts);
    add_scratch(layout, spec.mounts);
    add_lower(layout, spec.mounts);
    add_support(run, spec.mounts);
    sort_by_depth(spec.mounts);
    const std::string above = layout.workspace.path.parent_path().string();
    const bool shown = std::any_of(spec.mounts.begin(), spec.mounts.end(), [&](const box::Mount& mount) {
        return mount.target == above ||
               ((mount.kind == box::Mount::Kind::bind || mount.kind == box::Mount::Kind::view) &&
                above.starts_with(mount.target + "/"));
    });
    if (!shown) spec.mounts.push_back(mount_of(box::Mount::Kind::directory, {}, above));
    add_home(spec.mounts);
    spec.mounts.push_back(mount_of(box::Mount::Kind::directory, {}, std::string(kSupportDir)));
    // Landlock knows a mount that is yet to come by the folder that its mount point lies in.
    spec.writable = {above, std::string(kRunDir.substr(0, kRunDir.size() - 1))};
    add_writable(spec.writable);
    spec.argv = std::move(run.argv);
    spec.environment = environment_of(layout, run);
    spec.directory = "/";
    return spec;
}

Result<box::Spec> compose_late(const Layout& layout, const RunSpec& run) {
    EC_TRY(check_run(run));
    box::Spec spec = for_run(layout, run, true);
    add_for_run(layout, run, spec.mounts);
    sort_by_depth(spec.mounts);
    spec.argv = run.argv;
    return spec;
}

std::string moved_paths(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
        const std::size_t end = at + from.size();
        if (end < text.size() && continues_name(text[end])) {
            at = end;
            continue;
        }
        text.replace(at, from.size(), to);
        at += to.size();
    }
    return text;
}

Result<box::Spec> compose_reduced(const Layout& layout, const RunSpec& run, bool session, const ReducedPaths& paths) {
    EC_TRY(check_run(run));
    if (run.network) return fail(ErrorCode::unavailable, "reduced isolation has no network to give", "run it without");
    const std::string root = layout.workspace.path.string();
    const auto translate = [&](std::string text) {
        if (!run.artifact_dir.empty()) text = moved_paths(std::move(text), run.artifact_dir, paths.artifacts);
        text = moved_paths(std::move(text), std::string(kSupportDir), paths.support);
        return moved_paths(std::move(text), root, paths.tree);
    };
    box::Spec spec = common(layout, run, session);
    spec.confinement = box::Confinement::landlock;
    spec.idmap = false;
    spec.collect_changes = false;
    spec.readable = layout.toolchains.read_only;
    for (const char* name : {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf"}) spec.readable.emplace_back(name);
    for (const std::string& name : paths.shared) spec.readable.push_back(fmt::format("{}/{}", root, name));
    spec.readable.push_back(paths.support);
    spec.writable = {paths.tree,  paths.temporary, paths.artifacts, "/dev/null",
                     "/dev/zero", "/dev/full",     "/dev/random",   "/dev/urandom"};
    spec.directory = run.directory == "." ? paths.tree : fmt::format("{}/{}", paths.tree, run.directory);
    for (const std::string& word : words_of(run)) spec.argv.push_back(translate(word));
    RunSpec moved;
    moved.environment = {{"HOME", paths.temporary + "/home"}, {"TMPDIR", paths.temporary}};
    for (const auto& [name, value] : run.environment) moved.environment.emplace_back(name, translate(value));
    spec.environment = environment_of(layout, moved);
    return spec;
}

}  // namespace ec::executor
