#include "reduced_consent.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/sandbox.hpp>
#include <ostream>
#include <random>
#include <vector>

#include "error_report.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstLine = "edgecoder: a person agreed to reduced isolation (tier C) on this machine";
constexpr std::size_t kLongestAnswer = 200;

fs::path home_of_account() {
    std::vector<char> buffer(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
    const fs::path home = found->pw_dir == nullptr ? "" : found->pw_dir;
    return home.is_absolute() && home != "/" ? home : fs::path{};
}

// Stays the same over restarts; containers often have only their name.
std::string machine_name() {
    for (const char* path : {"/etc/machine-id", "/var/lib/dbus/machine-id"}) {
        const auto text = read_file(path, 4096);
        if (text && !trim(*text).empty()) return std::string(trim(*text));
    }
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 ? std::string(name) : std::string{};
}

// Another description of the gaps needs another agreement.
std::string record() {
    std::string gaps;
    for (const std::string& gap : executor::reduced_gaps()) gaps += gap + "\n";
    return fmt::format("{}\nmachine {}\nuser {}\ngaps {}\n", kFirstLine,
                       hash128("edgecoder consent " + machine_name()).hex(), ::geteuid(), hash128(gaps).hex());
}

// A terminal that was opened by name: whatever stdin and stdout are connected to, the answer comes from it.
class Terminal {
public:
    static Result<Terminal> open() {
        Terminal terminal;
        terminal.fd_.reset(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (!terminal.fd_.valid() || ::isatty(0) != 1 || ::isatty(1) != 1 || ::isatty(terminal.fd_.get()) != 1) {
            return fail(ErrorCode::denied, "consent can be given only by a person at a terminal",
                        "run edgecoder consent reduced yourself, in a terminal, without redirecting anything");
        }
        return terminal;
    }

    void say(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t n = ::write(fd_.get(), text.data(), text.size());
            if (n <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    std::string answer() const {
        std::string line;
        char byte = 0;
        while (line.size() < kLongestAnswer && ::read(fd_.get(), &byte, 1) == 1 && byte != '\n') line.push_back(byte);
        return std::string(trim(line));
    }

private:
    UniqueFd fd_;
};

std::string random_word() {
    static constexpr std::string_view kConsonants = "bdfgklmnprstvz";
    static constexpr std::string_view kVowels = "aeiou";
    std::random_device random;
    std::string word;
    for (int i = 0; i < 4; ++i) {
        word.push_back(kConsonants[random() % kConsonants.size()]);
        word.push_back(kVowels[random() % kVowels.size()]);
    }
    return word;
}

Status ask() {
    EC_ASSIGN(const Terminal terminal, Terminal::open());
    std::string text =
        "Reduced isolation (tier C) lets EdgeCoder run programs on a machine without namespaces.\n"
        "It keeps them from reading and writing outside and from the network, but it is weaker:\n\n";
    for (const std::string& gap : executor::reduced_gaps()) text += fmt::format("  - {}\n", gap);
    const std::string word = random_word();
    text += fmt::format(
        "\nIt is used only where full isolation does not work; `edgecoder doctor` says why and what would help.\n"
        "This holds for this machine and your user until `edgecoder consent --revoke`.\n\n"
        "To agree, type the word {}: ",
        word);
    terminal.say(text);
    if (terminal.answer() != word)
        return fail(ErrorCode::denied, "that was another word; nothing was recorded", "run it again to agree");
    return {};
}

Status keep() {
    const fs::path folder = consent_folder();
    if (folder.empty()) return fail(ErrorCode::unavailable, "your account has no home to keep the agreement in");
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(from_errno(fmt::format("cannot make {}", folder.string()), errno));
    if (::chmod(folder.c_str(), 0700) != 0)
        return fail(from_errno(fmt::format("cannot close {}", folder.string()), errno));
    return write_file_atomic(folder / "reduced", record(), 0600);
}

int report(const Status& status, std::string_view done, std::ostream& err) {
    if (status) {
        err << "edgecoder: " << done << '\n';
        return 0;
    }
    tell_error(status.error(), err);
    return exit_status(status.error().code);
}

}  // namespace

fs::path consent_folder() {
    const fs::path home = home_of_account();
    return home.empty() ? fs::path{} : home / ".local/share/edgecoder/consent";
}

bool agreed_to_reduced(const executor::SandboxPolicy& policy) {
    return policy.reduced != executor::ReducedIsolation::refuse && has_reduced_consent();
}

std::function<bool(const fs::path& workspace)> consent_under(executor::SandboxPolicy policy) {
    return [policy = std::move(policy)](const fs::path& workspace) {
        std::error_code error;
        const std::string record = fs::weakly_canonical(consent_folder(), error).string() + "/";
        const std::string place = workspace.string() + "/";
        return !record.starts_with(place) && !place.starts_with(record) && agreed_to_reduced(policy);
    };
}

bool has_reduced_consent() {
    const fs::path folder = consent_folder();
    if (folder.empty()) return false;
    const UniqueFd dir(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const UniqueFd file(::openat(dir.get(), "reduced", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info{};
    struct stat above{};
    if (!dir.valid() || !file.valid() || ::fstat(file.get(), &info) != 0 || ::fstat(dir.get(), &above) != 0)
        return false;
    if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || above.st_uid != ::geteuid() ||
        (info.st_mode & 077U) != 0 || (above.st_mode & 022U) != 0) {
        return false;
    }
    char text[4096];
    const ssize_t n = ::read(file.get(), text, sizeof text);
    return n > 0 && std::string_view(text, static_cast<std::size_t>(n)) == record();
}

int run_consent(const ConsentOptions& options, std::ostream& err) {
    if (options.revoke) {
        const fs::path folder = consent_folder();
        const bool gone = folder.empty() || ::unlink((folder / "reduced").c_str()) == 0 || errno == ENOENT;
        return report(gone ? Status{} : fail(from_errno("cannot remove the record", errno)),
                      "reduced isolation is not agreed to any more", err);
    }
    Status asked = ask();
    if (asked) asked = keep();
    return report(asked, "recorded; runs that use reduced isolation say so", err);
}

}  // namespace ec::apps
