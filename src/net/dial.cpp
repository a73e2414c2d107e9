#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ec/net/dial.hpp>
#include <memory>

namespace ec::net {

Result<std::vector<Address>> SystemResolver::resolve(const std::string& name) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    if (error == EAI_NONAME) return fail(ErrorCode::not_found, fmt::format("there is no host {}", name));
    if (error != 0) return fail(ErrorCode::io, fmt::format("cannot resolve {}: {}", name, ::gai_strerror(error)));
    std::vector<Address> addresses;
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
        Address address;
        if (at->ai_family == AF_INET) {
            std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in*>(at->ai_addr)->sin_addr, 4);
        } else if (at->ai_family == AF_INET6) {
            address.v6 = true;
            std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(at->ai_addr)->sin6_addr, 16);
        } else {
            continue;
        }
        if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
    }
    if (addresses.empty()) return fail(ErrorCode::not_found, fmt::format("{} has no address", name));
    return addresses;
}

Result<UniqueFd> SystemDialer::dial(const Address& address, std::uint16_t port) {
    UniqueFd fd(::socket(address.v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0));
    if (!fd.valid() || ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0 || ::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) {
        return fail(from_errno("cannot make a socket", errno));
    }
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
    const int result = address.v6 ? ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&v6), sizeof v6)
                                  : ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    if (result != 0 && errno != EINPROGRESS) {
        return fail(from_errno(fmt::format("cannot connect to {}", address.text()), errno));
    }
    return fd;
}

}  // namespace ec::net
