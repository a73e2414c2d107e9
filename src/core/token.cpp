#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/core/token.hpp>

namespace ec {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kLeastDigits = 32;
constexpr std::uint64_t kMostFile = 4096;

Result<std::string> read_token(const std::filesystem::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info{};
    if (!fd.valid() || ::fstat(fd.get(), &info) != 0)
        return fail(from_errno(fmt::format("cannot open {}", file.string()), errno));
    if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077U) != 0) {
        return fail(ErrorCode::denied, fmt::format("{} may be read by others", file.string()),
                    fmt::format("chmod 600 {}", shell_quote(file.string())));
    }
    EC_ASSIGN(const std::string text, read_file(file, kMostFile));
    const std::string token(trim(text));
    if (token.size() < kLeastDigits || token.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        return fail(ErrorCode::corrupt, fmt::format("{} holds no token", file.string()),
                    "remove it, and a new one is made");
    }
    return token;
}

}  // namespace

Result<std::string> random_token() {
    const UniqueFd fd(::open("/dev/urandom", O_RDONLY | O_CLOEXEC));
    unsigned char bytes[kTokenBytes];
    if (!fd.valid() || ::read(fd.get(), bytes, sizeof bytes) != static_cast<ssize_t>(sizeof bytes))
        return fail(ErrorCode::unavailable, "this system gives no random numbers (/dev/urandom)");
    std::string token;
    for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
    return token;
}

bool same_secret(std::string_view given, std::string_view kept) {
    if (kept.empty()) return false;
    unsigned different = given.size() == kept.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i) {
        different |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(kept[i % kept.size()]);
    }
    return different == 0;
}

Result<std::string> keep_token(const std::filesystem::path& file,
                               const std::function<bool(std::string_view token)>& fits) {
    const std::filesystem::path folder = file.parent_path();
    std::error_code error;
    std::filesystem::create_directories(folder.parent_path(), error);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(from_errno(fmt::format("cannot make {}", folder.string()), errno));
    if (auto kept = read_token(file); kept || kept.error().code != ErrorCode::not_found) return kept;
    EC_ASSIGN(std::string token, random_token());
    while (fits && !fits(token)) {
        EC_ASSIGN(token, random_token());
    }
    // Written in full aside and then linked: the first of several wins, and nobody sees half a token.
    const std::string aside = fmt::format("{}.{}", file.string(), token.substr(0, 16));
    EC_TRY(write_file_atomic(aside, token + "\n", 0600));
    const int linked = ::link(aside.c_str(), file.c_str());
    const int why = errno;
    ::unlink(aside.c_str());
    if (linked != 0 && why != EEXIST) return fail(from_errno(fmt::format("cannot make {}", file.string()), why));
    return read_token(file);
}

}  // namespace ec
