// The egress ledger: one line of JSON for every decision about bytes that would leave this machine.
//
// EgressSink is the port that everything which lets bytes out writes to, before it does. FileEgressLedger keeps
// DATA_DIR/egress.jsonl (mode 0600): appended to with one write a line, so that several programs may share it; at
// `rotate_bytes` it becomes egress.1.jsonl, and so on. Both are safe from any thread and any process.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ec::net {

/// An allowed connection has two entries, `opened` before the first byte and `closed` with the totals: a crash between
/// them cannot hide that there was one.
enum class EgressEvent { refused, opened, closed };
std::string_view name(EgressEvent event);

struct EgressEntry {
    std::string time;  ///< RFC 3339, UTC
    EgressEvent event = EgressEvent::refused;
    std::string connection;  ///< ties `closed` to `opened`
    std::string who;         ///< what asked
    std::string why;         ///< what for
    std::string host;        ///< as normalised; in the asker's own words when it is no proper host
    std::uint16_t port = 0;
    std::string address;  ///< the one that is dialled; for a refusal the one that gave the reason, if any
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::string reason;

    [[nodiscard]] bool allowed() const { return event != EgressEvent::refused; }
    bool operator==(const EgressEntry&) const = default;
};

/// "2026-11-27T08:30:00.125Z"
std::string rfc3339(std::chrono::system_clock::time_point time);
/// One line without its end: printable ASCII only, whatever the fields hold, and at most a few kilobytes.
std::string to_json_line(const EgressEntry& entry);
Result<EgressEntry> parse_egress_line(std::string_view line);

class EgressSink {
public:
    virtual ~EgressSink() = default;
    /// Done when the entry is where a crash of this program cannot lose it; on failure nothing may leave the machine.
    virtual Status record(const EgressEntry& entry) = 0;
};

class FileEgressLedger final : public EgressSink {
public:
    struct Options {
        std::uint64_t rotate_bytes = 16ULL << 20;
        unsigned kept = 4;  ///< older files beside the current one
    };
    /// Makes the folder (mode 0700) when it is missing, and tries whether the ledger can be written.
    static Result<FileEgressLedger> open(const std::filesystem::path& data_dir, Options options);
    static Result<FileEgressLedger> open(const std::filesystem::path& data_dir) { return open(data_dir, Options()); }

    Status record(const EgressEntry& entry) override;

private:
    FileEgressLedger(std::filesystem::path path, UniqueFd dir, Options options)
        : path_(std::move(path)), dir_(std::move(dir)), options_(options) {}
    Result<UniqueFd> open_current() const;
    void rotate() const;

    std::filesystem::path path_;  ///< for messages
    UniqueFd dir_;
    Options options_;
};

struct EgressHistory {
    std::vector<EgressEntry> entries;  ///< oldest first
    std::uint64_t unreadable = 0;      ///< lines that are no entry, such as one cut off by a full disk
};

/// The newest `limit` entries of the ledger in `data_dir`, older files included; empty when there is none.
Result<EgressHistory> read_egress(const std::filesystem::path& data_dir, std::size_t limit);

}  // namespace ec::net
