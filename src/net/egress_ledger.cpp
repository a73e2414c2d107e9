#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec/net/egress_ledger.hpp>

namespace ec::net {
namespace {

constexpr const char* kCurrent = "egress.jsonl";
constexpr unsigned kMostFiles = 64;
constexpr std::size_t kLongestText = 300;
constexpr std::uint64_t kLargestFile = 256ULL << 20;

std::string older(unsigned number) { return fmt::format("egress.{}.jsonl", number); }

// Bounded, and every byte that is not printable ASCII spelled out: the line is for grep and terminals alike.
std::string plain(std::string_view text, std::size_t longest = kLongestText) {
    std::string out;
    for (const char c : text.substr(0, longest)) {
        if (c >= 0x20 && c < 0x7f)
            out += c;
        else
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    if (text.size() > longest) out += "...";
    return out;
}

std::string text_field(json::Reader& reader, std::string_view key) {
    reader.require(key);
    return plain(reader.string(key), 4 * kLongestText + 3);  // what plain() makes of the longest
}

std::uint64_t count_field(json::Reader& reader, std::string_view key) {
    reader.require(key);
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, reader.integer(key)));
}

}  // namespace

std::string_view name(EgressEvent event) {
    switch (event) {
        case EgressEvent::refused:
            return "refused";
        case EgressEvent::opened:
            return "opened";
        case EgressEvent::closed:
            return "closed";
    }
    return {};
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(time);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(millis);
    const std::time_t whole = std::chrono::system_clock::to_time_t(seconds);
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (millis - seconds).count());
}

std::string to_json_line(const EgressEntry& entry) {
    json::Object object;
    object["time"] = plain(entry.time);
    object["decision"] = entry.allowed() ? "allowed" : "refused";
    object["event"] = name(entry.event);
    object["connection"] = plain(entry.connection);
    object["who"] = plain(entry.who);
    object["why"] = plain(entry.why);
    object["host"] = plain(entry.host);
    object["port"] = entry.port;
    object["address"] = plain(entry.address);
    object["bytes_in"] = static_cast<std::int64_t>(entry.bytes_in);
    object["bytes_out"] = static_cast<std::int64_t>(entry.bytes_out);
    object["reason"] = plain(entry.reason);
    return json::write(json::Value(std::move(object)));
}

Result<EgressEntry> parse_egress_line(std::string_view line) {
    EC_ASSIGN(const json::Value value, json::parse(line));
    json::Reader reader(value, "entry");
    EgressEntry entry;
    entry.time = text_field(reader, "time");
    const std::string event = text_field(reader, "event");
    entry.connection = text_field(reader, "connection");
    entry.who = text_field(reader, "who");
    entry.why = text_field(reader, "why");
    entry.host = text_field(reader, "host");
    const std::uint64_t port = count_field(reader, "port");
    entry.address = text_field(reader, "address");
    entry.bytes_in = count_field(reader, "bytes_in");
    entry.bytes_out = count_field(reader, "bytes_out");
    entry.reason = text_field(reader, "reason");
    EC_TRY(reader.status());
    if (port > 65535) return fail(ErrorCode::corrupt, "entry.port is no port");
    entry.port = static_cast<std::uint16_t>(port);
    for (const EgressEvent known : {EgressEvent::refused, EgressEvent::opened, EgressEvent::closed}) {
        if (event != name(known)) continue;
        entry.event = known;
        return entry;
    }
    return fail(ErrorCode::corrupt, "entry.event is none of ours");
}

Result<FileEgressLedger> FileEgressLedger::open(const std::filesystem::path& data_dir, Options options) {
    std::error_code error;
    if (data_dir.has_parent_path()) std::filesystem::create_directories(data_dir.parent_path(), error);
    if (::mkdir(data_dir.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(from_errno(fmt::format("cannot make {}", data_dir.string()), errno));
    }
    UniqueFd dir(::open(data_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!dir.valid()) return fail(from_errno(fmt::format("cannot open {}", data_dir.string()), errno));
    options.kept = std::min(options.kept, kMostFiles);
    FileEgressLedger ledger(data_dir / kCurrent, std::move(dir), options);
    EC_TRY(ledger.open_current());
    return ledger;
}

// Opened for every line: another program may have moved the file on meanwhile.
Result<UniqueFd> FileEgressLedger::open_current() const {
    UniqueFd fd(
        ::openat(dir_.get(), kCurrent, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail(from_errno(fmt::format("cannot open the egress ledger {}", path_.string()), errno));
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1 || info.st_uid != ::geteuid()) {
        return fail(ErrorCode::denied, fmt::format("{} is not a file of this user's own", path_.string()),
                    "move it away; the egress ledger makes a new one");
    }
    if ((info.st_mode & 07777U) != 0600 && ::fchmod(fd.get(), 0600) != 0) {
        return fail(from_errno(fmt::format("cannot close {} to others", path_.string()), errno));
    }
    return fd;
}

Status FileEgressLedger::record(const EgressEntry& entry) {
    EC_ASSIGN(UniqueFd fd, open_current());
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return fail(from_errno("cannot look at the egress ledger", errno));
    std::string line = to_json_line(entry) + "\n";
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size > 0 && size + line.size() > options_.rotate_bytes) {
        rotate();
        EC_ASSIGN(fd, open_current());
    } else if (char last = '\n'; size > 0 && ::pread(fd.get(), &last, 1, info.st_size - 1) == 1 && last != '\n') {
        line.insert(0, 1, '\n');  // an earlier line was cut off by a full disk or a crash
    }
    ssize_t n = 0;
    do {
        n = ::write(fd.get(), line.data(), line.size());
    } while (n < 0 && errno == EINTR);
    if (n != static_cast<ssize_t>(line.size())) {
        return fail(
            from_errno(fmt::format("cannot write the egress ledger {}", path_.string()), n < 0 ? errno : ENOSPC));
    }
    if (entry.event != EgressEvent::opened) return {};
    // What leaves must be known even when the machine itself stops; the file's name as well, when it is a new one. Some
    // file systems cannot sync a folder and do not need to.
    if (::fdatasync(fd.get()) != 0) {
        return fail(from_errno(fmt::format("cannot write the egress ledger {}", path_.string()), errno));
    }
    static_cast<void>(::fsync(dir_.get()));
    return {};
}

// One program at a time; whoever finds another at it writes on to a file that is a little too long.
void FileEgressLedger::rotate() const {
    const UniqueFd lock(::openat(dir_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock.valid() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return;
    struct stat info{};
    if (::fstatat(dir_.get(), kCurrent, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        static_cast<std::uint64_t>(info.st_size) * 2 < options_.rotate_bytes) {
        return;  // done by somebody else between our look and the lock
    }
    ::unlinkat(dir_.get(), older(options_.kept + 1).c_str(), 0);
    for (unsigned number = options_.kept; number >= 1; --number) {
        ::renameat(dir_.get(), older(number).c_str(), dir_.get(), older(number + 1).c_str());
    }
    if (::renameat(dir_.get(), kCurrent, dir_.get(), older(1).c_str()) != 0) return;
    ::unlinkat(dir_.get(), older(options_.kept + 1).c_str(), 0);
}

Result<EgressHistory> read_egress(const std::filesystem::path& data_dir, std::size_t limit) {
    EgressHistory history;
    std::vector<EgressEntry> newest_first;
    for (unsigned number = 0; number <= kMostFiles && newest_first.size() < limit; ++number) {
        const auto text = read_file(data_dir / (number == 0 ? std::string(kCurrent) : older(number)), kLargestFile);
        if (!text && text.error().code == ErrorCode::not_found) {
            if (number == 0) continue;  // just rotated, and nothing written since
            break;
        }
        if (!text) return fail(text.error());
        const auto lines = split_lines(*text);
        for (auto line = lines.rbegin(); line != lines.rend() && newest_first.size() < limit; ++line) {
            if (line->empty()) continue;
            if (auto entry = parse_egress_line(*line))
                newest_first.push_back(*std::move(entry));
            else
                ++history.unreadable;
        }
    }
    history.entries.assign(std::make_move_iterator(newest_first.rbegin()),
                           std::make_move_iterator(newest_first.rend()));
    return history;
}

}  // namespace ec::net
