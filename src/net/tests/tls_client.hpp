// A client that speaks TLS and then whatever bytes it likes, for the server's tests. It trusts everybody: whom clients
// trust is the HTTP client's to show.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "raw_client.hpp"

namespace ec::net {

struct TlsWish {
    std::string protocols = std::string("\x08http/1.1", 9);  ///< as ALPN has them
    int newest = TLS1_3_VERSION;
    std::uint32_t from = INADDR_LOOPBACK;
};

class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, const TlsWish& wish = {}) : raw_(port, wish.from) {
        static const std::shared_ptr<SSL_CTX> context(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
        tls_.reset(::SSL_new(context.get()), ::SSL_free);
        ::SSL_set_cipher_list(tls_.get(), "ALL:@SECLEVEL=0");
        ::SSL_set_max_proto_version(tls_.get(), wish.newest);
        ::SSL_set_alpn_protos(tls_.get(), reinterpret_cast<const unsigned char*>(wish.protocols.data()),
                              static_cast<unsigned>(wish.protocols.size()));
        ::SSL_set_fd(tls_.get(), raw_.descriptor());
        connected_ = ::SSL_connect(tls_.get()) == 1;
    }
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::string_view version() const { return ::SSL_get_version(tls_.get()); }
    [[nodiscard]] long serial() const {
        const std::shared_ptr<X509> certificate(::SSL_get1_peer_certificate(tls_.get()), ::X509_free);
        return certificate ? ::ASN1_INTEGER_get(::X509_get0_serialNumber(certificate.get())) : 0;
    }
    void send(std::string_view bytes) const {
        std::size_t sent = 0;
        if (!bytes.empty()) static_cast<void>(::SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &sent));
    }
    /// What comes until `end` has come, it included; what came when there is no more.
    std::string receive_to(std::string_view end) {
        for (;;) {
            if (const std::size_t at = kept_.find(end); at != std::string::npos) {
                std::string said = kept_.substr(0, at + end.size());
                kept_.erase(0, said.size());
                return said;
            }
            char buffer[4096];
            std::size_t size = 0;
            if (::SSL_read_ex(tls_.get(), buffer, sizeof buffer, &size) != 1) return std::exchange(kept_, {});
            kept_.append(buffer, size);
        }
    }
    /// Whether the other end said that nothing follows, and not only closed.
    [[nodiscard]] bool ended() {
        char byte = 0;
        std::size_t size = 0;
        const int done = ::SSL_read_ex(tls_.get(), &byte, 1, &size);
        return done != 1 && ::SSL_get_error(tls_.get(), done) == SSL_ERROR_ZERO_RETURN;
    }
    void close() { raw_.close(); }

private:
    RawClient raw_;
    std::shared_ptr<SSL> tls_;
    std::string kept_;
    bool connected_ = false;
};

}  // namespace ec::net
