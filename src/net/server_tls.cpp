// OpenSSL straight over the socket: Asio's own TLS stream keeps some 70 kB of buffers for every connection, and most
// connections of a coordinator wait.
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <climits>
#include <ec/net/server_tls.hpp>
#include <mutex>
#include <string>

#include "wire.hpp"

namespace ec::net {
namespace {

using Context = std::shared_ptr<SSL_CTX>;

constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    unsigned char* found = nullptr;
    if (::SSL_select_next_proto(&found, size, kHttp11, sizeof kHttp11, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

// Nobody is there to be asked.
int no_passphrase(char*, int, int, void*) { return 0; }

std::string why() {
    const unsigned long code = ::ERR_peek_error();
    const char* reason = ::ERR_reason_error_string(code);
    ::ERR_clear_error();
    return reason == nullptr ? "it is none" : reason;
}

Result<Context> make_context(const TlsFiles& files) {
    for (const auto& file : {files.certificate, files.key}) {
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(file, ignored))
            return fail(ErrorCode::not_found, fmt::format("there is no file {}", file.string()));
    }
    ::ERR_clear_error();
    const Context context(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free);
    if (!context) throw std::bad_alloc();
    SSL_CTX* const raw = context.get();
    ::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    ::SSL_CTX_set_mode(raw,
                       SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Those who come back bring a ticket; nothing about them is kept here.
    ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_num_tickets(raw, 1);
    ::SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
    ::SSL_CTX_set_default_passwd_cb(raw, no_passphrase);
    if (::SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
        return fail(ErrorCode::internal, fmt::format("OpenSSL has none of the ciphers wanted: {}", why()));
    if (::SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) != 1) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} holds no certificate: {}", files.certificate.string(), why()),
                    "give a PEM file, the server's own certificate first");
    }
    if (::SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        ::SSL_CTX_check_private_key(raw) != 1) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} holds no key of that certificate: {}", files.key.string(), why()),
                    "give the certificate's own key as a PEM file without a passphrase");
    }
    return context;
}

class TlsWire final : public Wire {
public:
    explicit TlsWire(SSL* tls) : tls_(tls) {}
    ~TlsWire() override { ::SSL_free(tls_); }
    TlsWire(const TlsWire&) = delete;
    TlsWire& operator=(const TlsWire&) = delete;

    State greet() override {
        ::ERR_clear_error();
        return state_of(::SSL_accept(tls_));
    }
    Moved read(std::span<char> into) override {
        ::ERR_clear_error();
        std::size_t bytes = 0;
        const int done = ::SSL_read_ex(tls_, into.data(), into.size(), &bytes);
        return {state_of(done), bytes};
    }
    Moved write(std::string_view bytes, bool /*more*/) override {
        ::ERR_clear_error();
        std::size_t taken = 0;
        const int done = ::SSL_write_ex(tls_, bytes.data(), bytes.size(), &taken);
        return {state_of(done), taken};
    }
    [[nodiscard]] bool holds() const override { return ::SSL_pending(tls_) > 0; }
    void part() override {
        ::ERR_clear_error();
        if (!broken_ && ::SSL_is_init_finished(tls_) == 1) ::SSL_shutdown(tls_);
    }

private:
    State state_of(int done) {
        if (done == 1) return State::moved;
        switch (::SSL_get_error(tls_, done)) {
            case SSL_ERROR_WANT_READ:
                return State::wants_read;
            case SSL_ERROR_WANT_WRITE:
                return State::wants_write;
            case SSL_ERROR_ZERO_RETURN:
                return State::ended;
            default:
                broken_ = true;
                return State::broken;
        }
    }

    SSL* const tls_;
    bool broken_ = false;
};

class OpenSslTls final : public ServerTls {
public:
    OpenSslTls(TlsFiles files, Context context) : files_(std::move(files)), context_(std::move(context)) {}

    Status reload() override {
        EC_ASSIGN(Context fresh, make_context(files_));
        const std::scoped_lock lock(mutex_);
        context_ = std::move(fresh);
        return {};
    }
    std::unique_ptr<Wire> wire(int socket) override {
        Context context;
        {
            const std::scoped_lock lock(mutex_);
            context = context_;
        }
        SSL* const tls = ::SSL_new(context.get());
        if (tls == nullptr) return nullptr;
        auto wire = std::make_unique<TlsWire>(tls);
        if (::SSL_set_fd(tls, socket) != 1) return nullptr;
        return wire;
    }

private:
    const TlsFiles files_;
    std::mutex mutex_;
    Context context_;
};

}  // namespace

Result<std::shared_ptr<ServerTls>> load_server_tls(TlsFiles files) {
    EC_ASSIGN(Context context, make_context(files));
    return std::make_shared<OpenSslTls>(std::move(files), std::move(context));
}

}  // namespace ec::net
