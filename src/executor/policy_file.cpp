#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ec/core/fd.hpp>
#include <ec/core/text.hpp>
#include <ec/core/toml.hpp>

#include "policy_terms.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

Status check_owner(const struct stat& info, const fs::path& path, bool folder) {
    const std::string name = path.string();
    const bool sticky = folder && (info.st_mode & S_ISVTX) != 0;
    if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
        return fail(
            ErrorCode::denied,
            fmt::format("{} belongs to user {}, and a policy is the business of root and of you", name, info.st_uid),
            fmt::format("look at it, then: chown {} {}", ::geteuid(), shell_quote(name)));
    }
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky) {
        return fail(
            ErrorCode::denied,
            fmt::format("others may write {}{}", name, folder ? ", which holds a policy" : ", which is a policy"),
            fmt::format("look at it, then: chmod go-w {}", shell_quote(name)));
    }
    return {};
}

// The text of a file that only root and the user can have written.
Result<std::string> read_owned(int fd, const fs::path& file) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) return fail(from_errno(fmt::format("cannot stat {}", file.string()), errno));
    if (!S_ISREG(info.st_mode)) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} is not a regular file", file.string()),
                    "make it a policy file or remove it");
    }
    EC_TRY(check_owner(info, file, false));
    std::string text;
    char buffer[16384];
    for (;;) {
        const ssize_t n = ::read(fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(from_errno(fmt::format("cannot read {}", file.string()), errno));
        if (n == 0) return text;
        text.append(buffer, static_cast<std::size_t>(n));
        if (text.size() > toml::kMostBytes) break;
    }
    return fail(ErrorCode::too_large, fmt::format("{} is larger than {} bytes", file.string(), toml::kMostBytes));
}

// Who may write the folder may put another file there.
Status check_folder(const fs::path& file) {
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    if (error) return fail(from_errno(fmt::format("cannot resolve {}", file.string()), error.value()));
    for (const fs::path& folder : {file.parent_path(), real.parent_path()}) {
        struct stat info{};
        if (::stat(folder.c_str(), &info) != 0) {
            return fail(from_errno(fmt::format("cannot stat {}", folder.string()), errno));
        }
        EC_TRY(check_owner(info, folder, true));
    }
    return {};
}

PolicyPlaces resolved(const PolicyPlaces& places) {
    PolicyPlaces found = places;
    std::error_code error;
    const fs::path home = fs::weakly_canonical(places.home, error);
    if (!error && !places.home.empty()) found.home = home;
    for (const fs::path& place : places.kept) {
        const fs::path real = fs::weakly_canonical(place, error);
        if (!error && !place.empty() && real != place) found.kept.push_back(real);
    }
    return found;
}

}  // namespace

Result<std::optional<SandboxPolicy>> load_policy(const fs::path& file, const PolicyPlaces& places) {
    // O_NONBLOCK: opening a FIFO must not hang; it is refused as no regular file.
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.valid()) {
        const int why = errno;
        struct stat info{};
        // A link that leads nowhere was meant to lead to a policy.
        const bool absent = (why == ENOENT || why == ENOTDIR) && ::lstat(file.c_str(), &info) != 0;
        if (absent) return std::nullopt;
        Error error =
            from_errno(fmt::format("cannot open the policy {}", ellipsize(to_valid_utf8(file.native()), 200)), why);
        error.code = ErrorCode::denied;
        error.remedy = "make it readable, or remove it if no policy should hold here";
        return fail(std::move(error));
    }
    EC_ASSIGN(const std::string text, read_owned(fd.get(), file));
    EC_TRY(check_folder(file));
    EC_ASSIGN(SandboxPolicy policy, parse_policy(text, file.string(), places));
    EC_TRY(check_here(policy, places));
    return policy;
}

Status check_here(const SandboxPolicy& policy, const PolicyPlaces& places, std::vector<std::string>* absent) {
    const PolicyPlaces real_places = resolved(places);
    const auto check = [&](const std::string& path, const std::string& field) -> Status {
        std::error_code error;
        const fs::path real = fs::canonical(path, error);
        if (error) {
            if (absent != nullptr) absent->push_back(path);
            return {};
        }
        const std::string reason = path_trouble(real.string(), real_places);
        if (reason.empty()) return {};
        const std::string origin = policy.origins.of(field);
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{}{}: '{}' leads to {}, which {}", origin.empty() ? "" : origin + ": ", field, path,
                                real.string(), reason));
    };
    for (const std::string& path : policy.read_only.value_or(std::vector<std::string>{})) {
        EC_TRY(check(path, "paths.read_only"));
    }
    if (!policy.languages) return {};
    for (const auto& [name, language] : *policy.languages) {
        for (const auto* list : {&language.roots, &language.path}) {
            for (const std::string& path : *list) EC_TRY(check(path, "languages." + name));
        }
    }
    return {};
}

}  // namespace ec::executor
