#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

namespace ec {
namespace {

Status write_all(int fd, std::string_view content, const std::string& name) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0) {
            if (errno == EINTR) continue;
            return fail(from_errno(fmt::format("cannot write {}", name), errno));
        }
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit) {
    // O_NONBLOCK: opening a FIFO must not hang; the check below then refuses it.
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.valid())
        return fail(from_errno(fmt::format("cannot open {}", ellipsize(to_valid_utf8(path.native()), 200)), errno));
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return fail(from_errno(fmt::format("cannot stat {}", path.string()), errno));
    if (!S_ISREG(info.st_mode)) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} is not a regular file", path.string()));
    }
    std::string content;
    char buffer[65536];
    for (;;) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n < 0) {
            if (errno == EINTR) continue;
            return fail(from_errno(fmt::format("cannot read {}", path.string()), errno));
        }
        if (n == 0) return content;
        content.append(buffer, static_cast<std::size_t>(n));
        if (content.size() > limit) {
            return fail(ErrorCode::too_large, fmt::format("{} is larger than {} bytes", path.string(), limit));
        }
    }
}

Status write_file_atomic(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0) mode = info.st_mode & 07777U;
    std::string temporary = path.string() + ".edgecoder-XXXXXX";
    const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd.valid()) return fail(from_errno(fmt::format("cannot write beside {}", path.string()), errno));
    Status status = write_all(fd.get(), content, path.string());
    if (status && ::fchmod(fd.get(), mode) != 0) {
        status = fail(from_errno(fmt::format("cannot set the mode of {}", path.string()), errno));
    }
    if (status && ::fsync(fd.get()) != 0) {
        status = fail(from_errno(fmt::format("cannot sync {}", path.string()), errno));
    }
    if (status && ::rename(temporary.c_str(), path.c_str()) != 0) {
        status = fail(from_errno(fmt::format("cannot replace {}", path.string()), errno));
    }
    if (!status) ::unlink(temporary.c_str());
    return status;
}

Result<TempDir> TempDir::create(std::string_view prefix) {
    const char* base = std::getenv("TMPDIR");
    std::string name = fmt::format("{}/{}XXXXXX", base != nullptr && *base != '\0' ? base : "/tmp", prefix);
    if (::mkdtemp(name.data()) == nullptr) return fail(from_errno(fmt::format("cannot create {}", name), errno));
    return TempDir(std::filesystem::path(name));
}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::exchange(other.path_, {});
    }
    return *this;
}

TempDir::~TempDir() { remove(); }

void TempDir::remove() noexcept {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

bool is_inside_relative(std::string_view relative) {
    if (relative.empty() || relative.front() == '/' || relative.find('\0') != std::string_view::npos) return false;
    for (const std::string_view part : split(relative, '/')) {
        if (part == "..") return false;
    }
    return true;
}

Result<std::filesystem::path> executable_dir() {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return fail(from_errno("cannot read /proc/self/exe", error.value()));
    return path.parent_path();
}

}  // namespace ec
