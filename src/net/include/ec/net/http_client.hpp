// An HTTP client for what EdgeCoder itself asks of servers: models, registries, reviewers.
//
// Whatever leaves this machine passes the egress ledger first: a request to an address that is not loopback is recorded
// before its first byte, and does not happen when that fails. Redirects are followed only within the rules of the
// request and are recorded as connections of their own. Connections are kept and used again. Proxies are those of the
// environment (`https_proxy`, `no_proxy`), except on loopback, where nothing is recorded and nothing may leave.
//
// libcurl does the work (HTTP/1.1 and HTTP/2, TLS, proxies) and is loaded at the first request, because loading it
// costs more than most commands take. Threads: one request at a time per client; the stop token may fire anywhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/net/egress_ledger.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::net {

/// http or https only; user information and fragments are refused.
struct Url {
    std::string scheme;
    std::string host;  ///< lower case; an IPv6 literal without brackets
    std::uint16_t port = 0;
    std::string target;  ///< path and query, begins with '/'

    static Result<Url> parse(std::string_view text);
    [[nodiscard]] std::string text() const;
    /// `localhost`, 127.0.0.0/8 or ::1: nothing leaves the machine.
    [[nodiscard]] bool loopback() const;
    bool operator==(const Url&) const = default;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    Headers headers;
    std::string body;
    std::string why;  ///< for the ledger: "model", "model-download", "review"
    std::chrono::milliseconds connect_timeout{1500};
    std::chrono::milliseconds first_byte_timeout{600'000};  ///< a large prompt on a slow machine takes minutes
    std::chrono::milliseconds idle_timeout{120'000};        ///< between two bytes of the answer
    std::uint64_t body_limit = 64ULL << 20;                 ///< of the answer; `too_large` above
    /// How many may be followed; 0 hands the redirect itself back. Never from https to http, and never from this
    /// machine to another or back: `denied`. To another origin go no headers but those that describe the wanted
    /// content.
    unsigned redirects = 0;
    std::string ca_file;  ///< empty: the system's
};

struct HttpResponse {
    int status = 0;
    Headers headers;   ///< names in lower case
    std::string body;  ///< empty when a sink took it
    std::string url;   ///< the last one, after redirects

    [[nodiscard]] std::string header(std::string_view name) const;  ///< empty when absent
};

/// What comes of the answer while it comes. Returning a failed Status from either ends the request with that error.
struct ResponseSink {
    std::function<Status(const HttpResponse& head)> on_head;  ///< status and headers are known; may be empty
    std::function<Status(std::string_view bytes)> on_body;    ///< empty: the body is collected
    /// Asked after bytes came; true: the answer has said what it had to, and its end is waited for only a moment, so
    /// that the connection can be kept where the server ends it. May be empty.
    std::function<bool()> satisfied;
};

class HttpClient {
public:
    virtual ~HttpClient() = default;
    /// Any HTTP status is a success here. `invalid_argument` for a URL or header that is none, `unavailable` when
    /// nothing answers at the address in time (the message names it), `timeout` when it stops answering, `io` when the
    /// connection breaks, `corrupt` when the answer is not HTTP, `too_large`, `cancelled`, `denied` for TLS that cannot
    /// be trusted or a ledger that cannot be written. Messages and the ledger name host and port, never more.
    virtual Result<HttpResponse> send(const HttpRequest& request, const ResponseSink& sink, std::stop_token stop) = 0;
};

/// `sink` outlives the client; `who` is what the ledger says asked.
std::unique_ptr<HttpClient> make_http_client(EgressSink& sink, std::string who);

/// Server-sent events (WHATWG HTML, section 9.2.6): bytes in any pieces, whole events out.
class SseParser {
public:
    struct Event {
        std::string type;  ///< "message" unless named
        std::string data;
        std::string id;
    };
    /// Fails with `too_large` when one event is larger than `limit`.
    explicit SseParser(std::size_t limit = 16U << 20) : limit_(limit) {}
    Result<std::vector<Event>> feed(std::string_view bytes);
    /// Where to take the stream up again: the id of the last event, also of one without data. Empty: none.
    [[nodiscard]] const std::string& last_id() const { return last_id_; }
    /// How long the server wants to be left alone before that, once it has said so.
    [[nodiscard]] std::optional<std::chrono::milliseconds> retry() const { return retry_; }

private:
    void take_line(std::vector<Event>& events);
    void take_field(std::string_view name, std::string_view value);
    void dispatch(std::vector<Event>& events);

    std::size_t limit_;
    std::string line_;
    Event event_;
    std::string last_id_;
    std::optional<std::chrono::milliseconds> retry_;
    bool has_data_ = false;
    bool after_cr_ = false;
    bool first_ = true;
};

}  // namespace ec::net
