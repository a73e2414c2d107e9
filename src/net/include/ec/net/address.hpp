// IP addresses as values, and the one question asked of them before anything is dialled: is this a public address?
//
// classify() knows the IANA special-purpose registries (RFC 6890 and its successors) and looks into the IPv6 forms that
// carry an IPv4 address, so that 127.0.0.1 is not reached by another spelling. Pure functions, any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ec::net {

struct Address {
    bool v6 = false;
    std::array<std::uint8_t, 16> bytes{};  ///< network order; an IPv4 address in the first four, the rest zero

    /// Four decimal numbers without leading zeros, or RFC 4291 text without a zone; nothing else that inet_aton(3)
    /// takes.
    static std::optional<Address> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    auto operator<=>(const Address&) const = default;
};

/// `global` may be dialled; every other value says why not.
enum class AddressClass {
    global,
    unspecified,
    loopback,
    link_local,  ///< with the cloud metadata services of 169.254.169.254
    private_use,
    shared,  ///< 100.64.0.0/10, between a provider's NAT and its customers
    multicast,
    broadcast,
    reserved,
    documentation,
    benchmarking,
    site_local,
    ipv4_mapped,  ///< this and the following carry an IPv4 address that is itself public
    ipv4_compatible,
    nat64,
    six_to_four,
    teredo,
};

/// For a form that carries an IPv4 address which is not public, the class of that address.
AddressClass classify(const Address& address);
/// In words: "a private address".
std::string_view describe(AddressClass value);

}  // namespace ec::net
