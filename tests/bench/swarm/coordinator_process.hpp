// A coordinator of its own for a benchmark: started on an empty data directory, stopped with this. For one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/result.hpp>
#include <ec/crypto/signing.hpp>
#include <ec/identity/node.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::bench {

/// A key that a coordinator knows.
struct Member {
    crypto::SecretKey key;
    std::string id;
};

struct CoordinatorWish {
    std::string program;                 ///< path of edgecoderd
    std::vector<std::string> arguments;  ///< further ones
    std::string service = "coordinator";
    bool tls = false;  ///< with a certificate of its own making
};

class CoordinatorProcess {
public:
    /// `unavailable` with what it said when it does not come up.
    static Result<CoordinatorProcess> start(const CoordinatorWish& wish);
    CoordinatorProcess(CoordinatorProcess&& other) noexcept;
    CoordinatorProcess& operator=(CoordinatorProcess&&) = delete;
    ~CoordinatorProcess();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] double ready_ms() const { return ready_ms_; }
    /// Of the process and all that it started.
    [[nodiscard]] std::uint64_t resident_bytes() const;
    [[nodiscard]] double cpu_s() const;

    /// Enrols `count` nodes, approved, of one account; keys that are there already come back with --keys.
    Result<std::vector<Member>> enrol(identity::NodeKind kind, unsigned count) const;

private:
    CoordinatorProcess(TempDir data, pid_t pid, UniqueFd output)
        : data_(std::move(data)), pid_(pid), output_(std::move(output)) {}
    Status wait_until_ready(const std::string& service, double since_ms);
    [[nodiscard]] Result<std::string> token(identity::NodeKind kind, unsigned uses) const;

    TempDir data_;
    pid_t pid_;
    UniqueFd output_;
    std::uint16_t port_ = 0;
    double ready_ms_ = 0;
    bool tls_ = false;
};

/// The bytes of a signed POST.
std::string signed_post(const Member& member, const std::string& authority, const std::string& path,
                        std::string_view body, std::string_view more_headers = {});

/// Monotonic milliseconds.
double now_ms();
/// Cores, processor, load.
std::string machine();

}  // namespace ec::bench
