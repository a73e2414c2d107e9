// How names become addresses and addresses become connections, as ports: tests need no network.
#pragma once

#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <ec/net/address.hpp>
#include <string>
#include <vector>

namespace ec::net {

class Resolver {
public:
    virtual ~Resolver() = default;
    /// The addresses of a normalised host name, in the order to try them; never empty. May block; called from several
    /// threads. `not_found` when there is no such name.
    virtual Result<std::vector<Address>> resolve(const std::string& name) = 0;
};

class Dialer {
public:
    virtual ~Dialer() = default;
    /// A non-blocking stream socket whose connection to exactly this address is under way or done; it becomes writable
    /// when that is decided, and SO_ERROR then says how. Never blocks.
    virtual Result<UniqueFd> dial(const Address& address, std::uint16_t port) = 0;
};

/// getaddrinfo(3) of the machine.
class SystemResolver final : public Resolver {
public:
    Result<std::vector<Address>> resolve(const std::string& name) override;
};

/// connect(2).
class SystemDialer final : public Dialer {
public:
    Result<UniqueFd> dial(const Address& address, std::uint16_t port) override;
};

}  // namespace ec::net
