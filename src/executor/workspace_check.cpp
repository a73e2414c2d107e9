#include "workspace_check.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ec/core/text.hpp>
#include <string>

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

bool holds_a_home(const fs::path& real) {
    if (real == "/root" || real.parent_path() == "/home" || real.parent_path() == "/Users") return true;
    const char* home = std::getenv("HOME");
    std::error_code error;
    fs::path at = home == nullptr ? fs::path{} : fs::canonical(home, error);
    if (error) return false;
    for (; at.has_relative_path(); at = at.parent_path()) {
        if (at == real) return true;
    }
    return false;
}

bool holds(const fs::path& outer, const fs::path& inner) {
    return (inner.string() + "/").starts_with(outer.string() + "/");
}

}  // namespace

Result<fs::path> check_workspace(const fs::path& wanted, const fs::path& private_folder) {
    std::error_code error;
    const fs::path absolute = fs::absolute(wanted, error);
    struct stat info{};
    if (wanted.empty() || ::stat(absolute.c_str(), &info) != 0) {
        return fail(ErrorCode::not_found,
                    fmt::format("there is no directory {}", ellipsize(to_valid_utf8(wanted.native()), 200)));
    }
    if (!S_ISDIR(info.st_mode))
        return fail(ErrorCode::invalid_argument, fmt::format("{} is not a directory", wanted.string()));
    const fs::path real = fs::canonical(absolute, error);
    if (error) return fail(from_errno(fmt::format("cannot resolve {}", wanted.string()), error.value()));
    if (holds_a_home(real)) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} is or holds a home directory", real.string()),
                    "name a project below it");
    }
    for (const char* system :
         {"/",        "/home",        "/usr",         "/etc",        "/bin",     "/sbin",         "/lib",
          "/lib64",   "/boot",        "/dev",         "/proc",       "/run",     "/sys",          "/tmp",
          "/var",     "/opt",         "/Users",       "/System",     "/Library", "/Applications", "/Volumes",
          "/private", "/private/etc", "/private/tmp", "/private/var"}) {
        if (real == system) {
            return fail(ErrorCode::invalid_argument, fmt::format("{} is not a project directory", real.string()),
                        "name a project below it");
        }
    }
    for (const char* system : {"/proc/", "/sys/", "/dev/", "/run/edgecoder/"}) {
        if (real.string().starts_with(system) && !real.string().starts_with("/dev/shm/")) {
            return fail(ErrorCode::invalid_argument, fmt::format("{} is not a project directory", real.string()));
        }
    }
    const fs::path ours = private_folder.empty() ? fs::path{} : fs::weakly_canonical(private_folder, error);
    if (!ours.empty() && (holds(real, ours) || holds(ours, real))) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} holds what EdgeCoder keeps for itself ({})", real.string(), ours.string()),
                    "name a project elsewhere");
    }
    return real;
}

}  // namespace ec::executor
