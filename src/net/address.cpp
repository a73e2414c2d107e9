#include <arpa/inet.h>

#include <algorithm>
#include <ec/net/address.hpp>
#include <span>

namespace ec::net {
namespace {

struct Range {
    std::array<std::uint8_t, 16> prefix;
    unsigned bits;
    AddressClass value;
};

// The first range that holds an address decides.
constexpr Range kV4[] = {
    {{255, 255, 255, 255}, 32, AddressClass::broadcast},
    {{0}, 32, AddressClass::unspecified},
    {{0}, 8, AddressClass::reserved},
    {{10}, 8, AddressClass::private_use},
    {{100, 64}, 10, AddressClass::shared},
    {{127}, 8, AddressClass::loopback},
    {{169, 254}, 16, AddressClass::link_local},
    {{172, 16}, 12, AddressClass::private_use},
    {{192, 0, 0}, 24, AddressClass::reserved},
    {{192, 0, 2}, 24, AddressClass::documentation},
    {{192, 88, 99}, 24, AddressClass::six_to_four},
    {{192, 168}, 16, AddressClass::private_use},
    {{198, 18}, 15, AddressClass::benchmarking},
    {{198, 51, 100}, 24, AddressClass::documentation},
    {{203, 0, 113}, 24, AddressClass::documentation},
    {{224}, 4, AddressClass::multicast},
    {{240}, 4, AddressClass::reserved},
};

constexpr Range kV6[] = {
    {{}, 128, AddressClass::unspecified},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, AddressClass::loopback},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, AddressClass::ipv4_mapped},
    {{}, 96, AddressClass::ipv4_compatible},
    {{0, 0x64, 0xff, 0x9b}, 96, AddressClass::nat64},
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, AddressClass::nat64},
    {{0xfc}, 7, AddressClass::private_use},
    {{0xfe, 0x80}, 10, AddressClass::link_local},
    {{0xfe, 0xc0}, 10, AddressClass::site_local},
    {{0xff}, 8, AddressClass::multicast},
    {{0x20, 0x01}, 32, AddressClass::teredo},
    {{0x20, 0x01, 0, 0x02}, 48, AddressClass::benchmarking},
    {{0x20, 0x01}, 23, AddressClass::reserved},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, AddressClass::documentation},
    {{0x3f, 0xff}, 20, AddressClass::documentation},
    {{0x20, 0x02}, 16, AddressClass::six_to_four},
    {{0x20}, 3, AddressClass::global},
    {{}, 0, AddressClass::reserved},
};

bool holds(const Range& range, const Address& address) {
    const unsigned whole = range.bits / 8;
    const unsigned rest = range.bits % 8;
    if (!std::equal(range.prefix.begin(), range.prefix.begin() + whole, address.bytes.begin())) return false;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xffU << (8 - rest));
    return (range.prefix[whole] & mask) == (address.bytes[whole] & mask);
}

AddressClass look_up(std::span<const Range> table, const Address& address) {
    for (const Range& range : table) {
        if (holds(range, address)) return range.value;
    }
    return AddressClass::global;
}

AddressClass embedded(const Address& address, std::size_t at, std::uint8_t flip = 0) {
    Address inner;
    for (std::size_t i = 0; i < 4; ++i) inner.bytes[i] = address.bytes[at + i] ^ flip;
    return look_up(kV4, inner);
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
    const std::string terminated(text);
    Address address;
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    address.v6 = text.find(':') != std::string_view::npos;
    if (::inet_pton(address.v6 ? AF_INET6 : AF_INET, terminated.c_str(), address.bytes.data()) != 1)
        return std::nullopt;
    // Some C libraries take 010.0.0.1; whether that is 8 or 10 is nothing to guess about.
    if (!address.v6 && address.text() != text) return std::nullopt;
    return address;
}

std::string Address::text() const {
    char buffer[INET6_ADDRSTRLEN] = {};
    return ::inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer, sizeof buffer) == nullptr ? std::string{}
                                                                                                : buffer;
}

AddressClass classify(const Address& address) {
    if (!address.v6) return look_up(kV4, address);
    const AddressClass form = look_up(kV6, address);
    AddressClass inner = AddressClass::global;
    switch (form) {
        case AddressClass::ipv4_mapped:
        case AddressClass::ipv4_compatible:
        case AddressClass::nat64:
            inner = embedded(address, 12);
            break;
        case AddressClass::six_to_four:
            inner = embedded(address, 2);
            break;
        case AddressClass::teredo:
            inner = embedded(address, 12, 0xff);
            break;
        default:
            break;
    }
    return inner == AddressClass::global ? form : inner;
}

std::string_view describe(AddressClass value) {
    switch (value) {
        case AddressClass::global:
            return "a public address";
        case AddressClass::unspecified:
            return "the unspecified address";
        case AddressClass::loopback:
            return "a loopback address";
        case AddressClass::link_local:
            return "a link-local address";
        case AddressClass::private_use:
            return "a private address";
        case AddressClass::shared:
            return "an address of a provider's inner network";
        case AddressClass::multicast:
            return "a multicast address";
        case AddressClass::broadcast:
            return "the broadcast address";
        case AddressClass::reserved:
            return "a reserved address";
        case AddressClass::documentation:
            return "an address for documentation";
        case AddressClass::benchmarking:
            return "an address for benchmarks";
        case AddressClass::site_local:
            return "a site-local address";
        case AddressClass::ipv4_mapped:
            return "an IPv4-mapped address";
        case AddressClass::ipv4_compatible:
            return "an IPv4-compatible address";
        case AddressClass::nat64:
            return "a NAT64 address";
        case AddressClass::six_to_four:
            return "a 6to4 address";
        case AddressClass::teredo:
            return "a Teredo address";
    }
    return {};
}

}  // namespace ec::net
