// What the HTTP client needs of URLs beside parsing them.
#pragma once

#include <ec/net/address.hpp>
#include <ec/net/http_client.hpp>

namespace ec::net {

/// The URL that `location` means at `base` (RFC 3986 section 5.2, without removing dot segments; RFC 9110 section
/// 10.2.2). Fragments are dropped, and what has no place in a URL is percent-encoded as browsers do.
Result<Url> resolve_location(const Url& base, std::string_view location);

/// "http://host:port": what messages and the ledger may say of a URL.
std::string origin(const Url& url);

/// An address that no packet to leaves the machine: 127.0.0.0/8 and ::1, in no disguise.
bool is_loopback(const Address& address);

/// ASCII letters only, as names of headers and schemes are compared.
std::string lower_case(std::string_view text);

}  // namespace ec::net
