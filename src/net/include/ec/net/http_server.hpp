// A small HTTP/1.1 server for EdgeCoder's services: a table of routes, plain functions as handlers.
//
// Connections are served by one event loop; handlers run on a pool of threads with a bounded queue and may block for a
// short while. What is not a well-formed request within the limits never reaches a handler. Errors are
// application/problem+json (RFC 9457) with a stable `code`. An address that is not loopback needs `tls`, or
// `behind_proxy`, said by a person who has put TLS in front.
//
// Against a browser on the same machine that was led here (DNS rebinding), a server on loopback answers only to Host
// names of loopback or those in `hosts`, and never sends CORS headers.
//
// Connections are few, and whoever opens more than others or says nothing gives way: above `per_peer` an address loses
// the one of its own that has kept us waiting longest, and when all are taken so does the address that holds the most.
// A client that has something to say gets in while somebody else holds connections open for nothing.
//
// Threads: start() returns at once; handlers are called from several threads; stop() drains: no new requests, those in
// hand are answered, at most for `drain`.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/net/http_client.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::net {

class ServerTls;

struct ServerRequest {
    std::string method;
    std::string path;                           ///< decoded, without the query
    std::string query;                          ///< what stood behind '?', as it came
    std::map<std::string, std::string> params;  ///< what stood where the route has {name}
    Headers headers;                            ///< names in lower case
    std::string body;
    std::string peer;  ///< the address of the other end

    [[nodiscard]] std::string header(std::string_view lower_case_name) const;  ///< empty when absent
};

struct ServerResponse {
    int status = 200;
    std::string type = "application/json";
    std::string body;
    Headers headers;
};

/// An RFC 9457 problem. `code` is stable and lower_case; `fields` names the input at fault.
ServerResponse problem(int status, std::string_view code, std::string_view detail,
                       const std::vector<std::string>& fields = {});
/// The problem that an Error stands for, with the fields that it names and its Retry-After.
ServerResponse problem(const Error& error);

/// One answer, given by whoever holds this: at once, later, or piece by piece. Any thread; the last holder that lets go
/// without an answer gives a 500, without end() cuts the stream. It may outlive the server; what comes out of turn, or
/// too late, changes nothing.
class Responder {
public:
    virtual ~Responder() = default;
    /// The whole answer. Once, and not with begin().
    virtual void answer(ServerResponse response) = 0;
    /// Status and headers of an answer whose body comes in pieces, `head.body` the first. Once.
    virtual void begin(ServerResponse head) = 0;
    /// Sends a piece as soon as the other end takes it. False when it is gone, or leaves more than `stream_bytes`
    /// unread: the stream is cut then.
    virtual bool write(std::string_view piece) = 0;
    virtual void end() = 0;
    /// Stops when the other end closes the connection, or its sending half, before the answer is complete, when it is
    /// cut, and when the server's drain ends. Its callbacks run on the server's loop: they must be brief.
    [[nodiscard]] virtual std::stop_token gone() const = 0;
};

/// One path and method, with what its OpenAPI entry says. Exactly one of `handle` and `take` is there.
struct Route {
    std::string method;         ///< "GET", "POST", …
    std::string path;           ///< "/reviews/{id}": {name} takes one segment of 1 to 200 characters of [A-Za-z0-9._~-]
    std::string summary;        ///< one sentence
    std::vector<int> statuses;  ///< that the handler gives, beside those of the server itself
    bool secured = false;       ///< documented as asking for a bearer token; turn_away or the handler asks
    std::string request_type;   ///< empty: no body is taken; "application/json", …
    std::uint64_t body_limit = 64 << 10;  ///< bytes; 413 above
    unsigned per_minute = 600;            ///< requests from one address; 429 above. 0: any number
    std::function<ServerResponse(const ServerRequest& request)> handle;
    /// For what must wait: returns soon and keeps the responder until there is something to say. No thread waits for
    /// it. Not called for whoever has gone before a thread was free.
    std::function<void(ServerRequest request, std::shared_ptr<Responder> responder)> take = {};
    /// The answer to whoever may not come in, by the head alone: asked before a byte of the body is read and before the
    /// request counts for `per_minute`, so that a stranger costs neither memory nor the turn of others. On the server's
    /// loop: brief.
    std::function<std::optional<ServerResponse>(const ServerRequest& head)> turn_away = {};
    /// `handle` or `take` is done in microseconds and never waits: it is called on the server's loop, which saves two
    /// changes of threads.
    bool brief = false;
};

/// An OpenAPI 3.1 document of a route table.
std::string openapi_document(std::string_view title, std::string_view version, const std::vector<Route>& routes);

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: any free one
    bool behind_proxy = false;
    std::shared_ptr<ServerTls> tls = {};  ///< server_tls.hpp; without it HTTP is plain
    std::vector<std::string> hosts;       ///< further Host names (without port) that are ours
    /// Whether what a web page sends is refused (403): a request with an Origin that is none of `origins`, or with
    /// Sec-Fetch-Site other than none and same-origin.
    bool refuse_pages = false;
    std::vector<std::string> origins = {};  ///< "https://example.org", with refuse_pages
    unsigned threads = 4;
    unsigned waiting = 64;       ///< requests that wait for a thread; 503 above
    unsigned connections = 256;  ///< more are not accepted until one ends or gives way
    unsigned per_peer = 64;      ///< connections of one IPv4 address or one IPv6 network of 64 bits
    /// Addresses that many people stand behind: of them `connections` is the only limit. A proxy's is not known by
    /// itself, for anybody on the same machine has the address of one that runs there.
    std::vector<std::string> proxies;
    std::uint64_t head_bytes = 16 << 10;
    std::size_t stream_bytes = 4 << 20;             ///< of one answer, written and not yet taken by the other end
    std::chrono::milliseconds head_timeout{5'000};  ///< from the first byte, or from the beginning of a connection
    std::chrono::milliseconds body_timeout{30'000};
    std::chrono::milliseconds idle_timeout{30'000};  ///< between two requests of a connection
    std::chrono::milliseconds grace{250};            ///< that we wait for others before they give way to a stranger
    std::chrono::milliseconds drain{5'000};
    std::function<std::chrono::nanoseconds()> now = {};  ///< for the rates; empty: the monotonic clock
};

class HttpServer {
public:
    virtual ~HttpServer() = default;  ///< stops
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    [[nodiscard]] virtual std::string url() const = 0;  ///< "http://127.0.0.1:4305", with TLS "https://…"
    /// Drains and ends all threads; returns when that is done. Any thread but a handler's.
    virtual void stop() = 0;
};

/// Listens and serves. `invalid_argument` for a route table that is none and for an address that is not loopback
/// without `tls` or `behind_proxy`, or is none in `proxies`; `unavailable` when the address is in use.
Result<std::unique_ptr<HttpServer>> start_http_server(std::vector<Route> routes, ServerOptions options);

}  // namespace ec::net
