// One connection of the HTTP server: reads requests, has them answered, writes the answers. Private to the server;
// everything here happens on the server's loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <ec/net/http_server.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ec::net {

class HttpConnection;
class LoopDoor;
class RouteTable;
class Wire;

/// What a connection needs of its server.
class ConnectionHost {
public:
    virtual ~ConnectionHost() = default;
    [[nodiscard]] virtual const ServerOptions& options() const = 0;
    [[nodiscard]] virtual const RouteTable& routes() const = 0;
    [[nodiscard]] virtual bool draining() const = 0;
    /// Whether a Host header is one this server answers to.
    [[nodiscard]] virtual bool answers_to(std::string_view host) const = 0;
    /// Whether this address may ask for this route once more.
    virtual bool admit(const std::string& peer, const Route& route) = 0;
    /// Has the handler called, and `then` on the loop; false when too many wait already.
    virtual bool dispatch(const Route& route, ServerRequest request, std::function<void(ServerResponse)> then) = 0;
    /// Has `take` called, unless the other end is gone by then; false when too many wait already.
    virtual bool take(const Route& route, ServerRequest request, std::shared_ptr<Responder> responder) = 0;
    /// For those that may outlive this.
    [[nodiscard]] virtual const std::shared_ptr<LoopDoor>& door() const = 0;
    /// Room to read into, for whoever has the turn.
    [[nodiscard]] virtual std::span<char> scratch() = 0;
    /// How this server's bytes travel over a socket; null when that cannot be had.
    [[nodiscard]] virtual std::unique_ptr<Wire> wire(int socket) = 0;
    /// The connection's phase began now.
    virtual void entered(const HttpConnection& connection) = 0;
    virtual void forget(const HttpConnection& connection) = 0;
};

class HttpConnection {
public:
    /// Who waits for whom: `busy` is what waits for us, also a stream with nothing to say. Of those that wait for the
    /// other end the first give way first.
    enum class Phase { head, ending, body, busy };

    virtual ~HttpConnection() = default;
    [[nodiscard]] virtual Phase phase() const = 0;
    /// The address that its connections are counted under.
    [[nodiscard]] virtual const std::string& peer_key() const = 0;
    virtual void start() = 0;
    /// Ends when the request in hand is answered; at once when there is none.
    virtual void drain() = 0;
    virtual void close() = 0;
    /// `host` outlives the connection.
    static std::shared_ptr<HttpConnection> make(ConnectionHost& host, boost::asio::ip::tcp::socket socket);
};

}  // namespace ec::net
