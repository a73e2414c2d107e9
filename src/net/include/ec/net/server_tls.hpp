// TLS for the HTTP server: 1.2 and 1.3 with forward secrecy, HTTP/1.1 by ALPN.
//
// It stands in a library of its own (ec::net_tls), so that a program that serves only its own machine starts without
// OpenSSL. Threads: any.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>
#include <memory>

namespace ec::net {

class Wire;

struct TlsFiles {
    std::filesystem::path certificate;  ///< PEM: the server's own first, then those between it and the authority
    std::filesystem::path key;          ///< PEM, without a passphrase
};

class ServerTls {
public:
    virtual ~ServerTls() = default;
    /// Reads the files again, for connections from now on. When they are not good, the old ones stay.
    virtual Status reload() = 0;
    /// For the server: TLS over this socket, which stays the caller's. Null when memory ran out.
    virtual std::unique_ptr<Wire> wire(int socket) = 0;
};

/// `not_found` for a file that is not there, `invalid_argument` for one that is none or a key of another certificate.
Result<std::shared_ptr<ServerTls>> load_server_tls(TlsFiles files);

}  // namespace ec::net
