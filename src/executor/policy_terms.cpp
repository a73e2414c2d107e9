#include "policy_terms.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>

#include "toolchains.hpp"

namespace ec::executor {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_word(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Shown in part at most: a whole one would show every secret in it or cover what the sandbox puts there itself.
constexpr std::string_view kNeverWhole[] = {"/",     "/boot", "/etc",      "/home", "/media",  "/mnt",
                                            "/root", "/tmp",  "/tmp/home", "/var",  "/var/lib"};
constexpr std::string_view kNeverAtAll[] = {"/proc",         "/sys",           "/dev",        "/run",
                                            "/etc/passwd",   "/etc/group",     "/etc/shadow", "/etc/gshadow",
                                            "/etc/hosts",    "/etc/hostname",  "/etc/ssh",    "/etc/nsswitch.conf",
                                            "/etc/sudoers",  "/etc/sudoers.d", "/var/run",    "/etc/resolv.conf",
                                            "/etc/edgecoder"};
constexpr std::string_view kKeys[] = {".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store"};
// What the sandbox sets, whatever the host says.
constexpr std::string_view kSetInside[] = {
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "PYTHONDONTWRITEBYTECODE"};

std::string covers_a_kept_place(std::string_view path, const PolicyPlaces& places) {
    const std::string home = places.home.lexically_normal().string();
    if (home.size() > 1 && is_at_or_below(home, path)) return "is or holds your home directory; name folders below it";
    for (const std::string_view keys : kKeys) {
        if (home.size() > 1 && is_at_or_below(path, fmt::format("{}/{}", home, keys))) return "holds keys";
    }
    for (const std::filesystem::path& place : places.kept) {
        const std::string kept = place.lexically_normal().string();
        if (kept.size() > 1 && (is_at_or_below(kept, path) || is_at_or_below(path, kept))) {
            return "is, holds or lies in a folder where EdgeCoder keeps its own data";
        }
    }
    return {};
}

std::string name_trouble(std::string_view host) {
    if (host.empty()) return "the host is missing";
    if (host.size() > 253) return "the host name is too long";
    const auto labels = split(host, '.');
    for (const std::string_view label : labels) {
        if (label.empty() || label.size() > 63) return "a part of the host name is empty or too long";
        if (!std::ranges::all_of(label, [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '_'; })) {
            const bool ascii = std::ranges::all_of(label, [](char c) { return c > 0x20 && c < 0x7f; });
            return ascii ? "the host name holds a character that no host name has"
                         : "write an international host name in its xn-- form";
        }
        if (label.front() == '-' || label.back() == '-') return "a part of the host name begins or ends with '-'";
    }
    const std::string_view last = labels.back();
    if (std::ranges::all_of(last, is_digit) || last.starts_with("0x")) return "an address is not a name";
    if (labels.size() < 2 || last == "localhost") return "a local name is never reached";
    return {};
}

}  // namespace

bool is_at_or_below(std::string_view path, std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || root.ends_with('/') || path[root.size()] == '/');
}

bool always_shown(std::string_view path) {
    for (const std::string_view root : {"/usr", "/bin", "/sbin", "/lib", "/lib64"}) {
        if (is_at_or_below(path, root)) return true;
    }
    return false;
}

std::string path_trouble(std::string_view path, const PolicyPlaces& places) {
    if (path.empty() || path.front() != '/') return "is not an absolute path";
    if (path.size() > 4000) return "is too long for a path";
    if (std::ranges::any_of(path, is_control)) return "holds a control character";
    if (path != "/") {
        for (const std::string_view part : split(path.substr(1), '/')) {
            if (part == "..") return "holds '..'";
            if (part.empty() || part == ".") return "is not in its shortest form: no '//', no '/./', no '/' at the end";
        }
    }
    if (std::ranges::find(kNeverWhole, path) != std::end(kNeverWhole)) return "may not be shown as a whole";
    for (const std::string_view never : kNeverAtAll) {
        if (is_at_or_below(path, never)) return "may not be shown";
    }
    if (const std::filesystem::path whole(path); whole.parent_path() == "/home") {
        return "is a home directory; name folders below it";
    }
    return covers_a_kept_place(path, places);
}

std::string variable_trouble(std::string_view pattern) {
    std::string_view name = pattern;
    const bool any_ending = name.ends_with('*');
    if (any_ending) name.remove_suffix(1);
    if (name.empty() || name.size() > 200 || !std::ranges::all_of(name, is_word) || is_digit(name.front())) {
        return "is not the name of a variable; a star may stand at the end only";
    }
    if (any_ending && name.size() < 3) return "allows too much: at least three characters must stand before the star";
    if (looks_secret(name)) return "looks like a secret, and secrets are never passed to a sandbox";
    if (std::ranges::find(kSetInside, name) != std::end(kSetInside)) return "is set by the sandbox itself";
    return {};
}

std::string language_trouble(std::string_view name) {
    const auto allowed = [](char c) { return is_lower(c) || is_digit(c) || c == '+' || c == '#' || c == '-'; };
    if (name.empty() || name.size() > 32 || !std::ranges::all_of(name, allowed)) {
        return "is not the name of a language: lower-case letters, digits, '+', '#' and '-'";
    }
    return {};
}

std::optional<std::string> common_path(const std::string& a, const std::string& b) {
    if (is_at_or_below(a, b)) return a;
    if (is_at_or_below(b, a)) return b;
    return std::nullopt;
}

bool matches(std::string_view pattern, std::string_view name) {
    if (!pattern.ends_with('*')) return pattern == name;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

// A pattern's own text matches every pattern that covers it.
std::optional<std::string> common_pattern(const std::string& a, const std::string& b) {
    if (matches(a, b)) return b;
    if (matches(b, a)) return a;
    return std::nullopt;
}

std::optional<HostRule> common_host(const HostRule& a, const HostRule& b) {
    if (a.port != b.port) return std::nullopt;
    const auto covers = [](const HostRule& wide, const HostRule& narrow) {
        if (wide == narrow) return true;
        if (!wide.below) return false;
        return narrow.host.ends_with("." + wide.host) || (narrow.below && narrow.host == wide.host);
    };
    if (covers(a, b)) return b;
    if (covers(b, a)) return a;
    return std::nullopt;
}

const std::vector<std::string>& built_in_environment() {
    static const std::vector<std::string> kNames = {"CARGO_HOME",
                                                    "CI",
                                                    "CONDA_PREFIX",
                                                    "GOFLAGS",
                                                    "GOPATH",
                                                    "GOROOT",
                                                    "JAVA_HOME",
                                                    "LANG",
                                                    "LANGUAGE",
                                                    "LC_*",
                                                    "NODE_ENV",
                                                    "NODE_PATH",
                                                    "NVM_BIN",
                                                    "NVM_DIR",
                                                    "PYENV_ROOT",
                                                    "PYENV_VERSION",
                                                    "PYTHONHASHSEED",
                                                    "PYTHONPATH",
                                                    "RUSTUP_HOME",
                                                    "RUSTUP_TOOLCHAIN",
                                                    "TZ",
                                                    "VIRTUAL_ENV",
                                                    "VOLTA_HOME"};
    return kNames;
}

Result<HostRule> HostRule::parse(std::string_view text) {
    const auto refuse = [&](std::string_view reason) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("'{}' names no host to allow: {}", ellipsize(to_valid_utf8(text), 100), reason),
                    "write HOST, HOST:PORT or *.HOST");
    };
    HostRule rule;
    std::string_view host = text;
    if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        const std::string_view digits = text.substr(colon + 1);
        if (digits.empty() || digits.size() > 5 || digits.front() == '0' || !std::ranges::all_of(digits, is_digit)) {
            return refuse("a port is a number from 1 to 65535");
        }
        std::uint32_t port = 0;
        for (const char c : digits) port = port * 10 + static_cast<std::uint32_t>(c - '0');
        if (port > 65535) return refuse("a port is a number from 1 to 65535");
        rule.port = static_cast<std::uint16_t>(port);
    }
    rule.below = host.starts_with("*.");
    if (rule.below) host.remove_prefix(2);
    if (host.ends_with('.')) host.remove_suffix(1);
    rule.host = host;
    std::ranges::transform(rule.host, rule.host.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (rule.below && rule.host.find('.') == std::string::npos) return refuse("that is every host of a whole domain");
    if (const std::string trouble = name_trouble(rule.host); !trouble.empty()) return refuse(trouble);
    return rule;
}

std::string HostRule::text() const { return fmt::format("{}{}:{}", below ? "*." : "", host, port); }

}  // namespace ec::executor
