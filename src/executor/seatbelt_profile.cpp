#include "seatbelt_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <filesystem>
#include <set>

namespace ec::executor {
namespace {

// Of the system: programs, libraries, frameworks, time zones, certificates. Nothing that belongs to a user.
constexpr const char* kSystem[] = {"/bin",
                                   "/sbin",
                                   "/usr/bin",
                                   "/usr/sbin",
                                   "/usr/lib",
                                   "/usr/libexec",
                                   "/usr/share",
                                   "/System/Library",
                                   "/System/Cryptexes",
                                   "/System/Volumes/Preboot/Cryptexes",
                                   "/Library/Apple",
                                   "/Library/Developer/CommandLineTools",
                                   "/Library/Frameworks",
                                   "/private/etc/ssl",
                                   "/private/etc/localtime",
                                   "/private/var/db/timezone"};

constexpr std::string_view kHead = R"((version 1)
(deny default)
(allow process-fork)
(allow signal (target self) (target children))
(allow process-info* (target self) (target children))
(allow sysctl-read
  (sysctl-name-prefix "hw.") (sysctl-name-prefix "kern.os") (sysctl-name "kern.argmax") (sysctl-name "kern.hostname")
  (sysctl-name "kern.maxfilesperproc") (sysctl-name "kern.secure_kernel") (sysctl-name "kern.usrstack64")
  (sysctl-name "kern.version") (sysctl-name "machdep.cpu.brand_string") (sysctl-name "vm.loadavg"))
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))
(allow ipc-posix-sem (ipc-posix-name-regex #"^/mp-"))
(allow file-read* (literal "/") (literal "/dev/null") (literal "/dev/zero") (literal "/dev/random")
  (literal "/dev/urandom") (subpath "/dev/fd"))
(allow file-write-data (literal "/dev/null") (literal "/dev/zero"))
)";

// The last rule that matches decides, so these stand behind everything that is allowed.
constexpr std::string_view kTail = R"((deny file-write-setugid)
(deny network*)
(deny system-socket)
(deny iokit-open)
(deny mach-register)
)";

Status check(std::string_view path) {
    const std::filesystem::path parsed(path);
    if (!path.starts_with('/') || path == "/" || path.ends_with('/') || parsed.lexically_normal() != parsed ||
        path.find("//") != std::string_view::npos) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} is not a path that a sandbox can be given", path));
    }
    return {};
}

Result<std::string> filters(const char* kind, const std::set<std::string>& paths) {
    std::string text;
    for (const std::string& path : paths) {
        EC_ASSIGN(const std::string literal, seatbelt_literal(path));
        text += fmt::format("\n  ({} {})", kind, literal);
    }
    return text;
}

}  // namespace

Result<std::string> seatbelt_literal(std::string_view text) {
    const bool control = std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (control || !is_valid_utf8(text)) {
        return fail(ErrorCode::invalid_argument, "a path with control characters cannot be shown in a sandbox");
    }
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

Result<std::string> seatbelt_profile(const SeatbeltPolicy& policy) {
    std::set<std::string> readable(std::begin(kSystem), std::end(kSystem));
    std::set<std::string> writable;
    for (const std::string& path : policy.read_only) {
        EC_TRY(check(path));
        readable.insert(path);
    }
    for (const std::string& path : policy.writable) {
        EC_TRY(check(path));
        readable.insert(path);
        writable.insert(path);
    }
    // Resolving a path looks at every folder above it; it may see that they are there, and nothing of what they hold.
    std::set<std::string> above;
    for (const std::string& path : readable) {
        for (std::size_t slash = path.rfind('/'); slash > 0; slash = path.rfind('/', slash - 1)) {
            above.insert(path.substr(0, slash));
        }
    }
    EC_ASSIGN(const std::string read, filters("subpath", readable));
    EC_ASSIGN(const std::string write, filters("subpath", writable));
    EC_ASSIGN(const std::string look, filters("literal", above));
    std::string text(kHead);
    text += fmt::format("(allow file-read-metadata{})\n", look);
    text += fmt::format("(allow file-read* file-map-executable process-exec{})\n", read);
    if (!writable.empty()) text += fmt::format("(allow file-write*{})\n", write);
    return text + std::string(kTail);
}

}  // namespace ec::executor
