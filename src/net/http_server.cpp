#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <ec/core/clock.hpp>
#include <ec/net/http_server.hpp>
#include <ec/net/server_tls.hpp>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "crowd.hpp"
#include "http_connection.hpp"
#include "http_router.hpp"
#include "late_answer.hpp"
#include "wire.hpp"

namespace ec::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::size_t kScratch = 64 << 10;

// Threads of ours take no signals: those are for the program's own to handle.
template <class Start>
void with_signals_blocked(Start start) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    start();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ServerResponse answer_of(const Route& route, const ServerRequest& request) {
    try {
        return route.handle(request);
    } catch (const std::exception&) {
        // A bug, or memory that ran out; its words are nothing for the other end.
        return problem(500, "internal", "something went wrong here");
    }
}

void give(const Route& route, ServerRequest request, std::shared_ptr<Responder> responder) {
    if (responder->gone().stop_requested()) return;
    try {
        route.take(std::move(request), std::move(responder));
    } catch (const std::exception&) {
        // As above; letting go of the responder has told the other end.
    }
}

class Server final : public HttpServer, public ConnectionHost {
public:
    Server(std::vector<Route> routes, ServerOptions options)
        : routes_(std::move(routes)),
          options_(std::move(options)),
          acceptor_(io_),
          pause_(io_),
          drain_(io_),
          pool_(),
          work_(io_.get_executor()) {}
    ~Server() override { stop(); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    Status listen() {
        error_code error;
        const auto address = asio::ip::make_address(options_.address, error);
        if (error)
            return fail(ErrorCode::invalid_argument, fmt::format("{} is no IP address", options_.address),
                        "this machine alone is 127.0.0.1");
        if (!address.is_loopback() && !options_.behind_proxy && !options_.tls) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("{} is not loopback, and there is no TLS here", options_.address),
                        "put a proxy with TLS in front and say --behind-proxy");
        }
        loopback_ = address.is_loopback();
        for (const std::string& proxy : options_.proxies) {
            const auto place = asio::ip::make_address(proxy, error);
            if (error) return fail(ErrorCode::invalid_argument, fmt::format("{} is no IP address of a proxy", proxy));
            proxies_.insert(peer_key(place));
        }
        const tcp::endpoint end(address, options_.port);
        acceptor_.open(end.protocol(), error);
        if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor_.bind(end, error);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        if (error) {
            return fail(ErrorCode::unavailable,
                        fmt::format("cannot listen on {}:{}: {}", options_.address, options_.port, error.message()),
                        "stop what listens there, or choose another port with --listen");
        }
        port_ = acceptor_.local_endpoint().port();
        return {};
    }

    void run() {
        with_signals_blocked([this] {
            pool_.emplace(options_.threads);
            accept_next();
            thread_ = std::thread([this] { io_.run(); });
        });
    }

    [[nodiscard]] std::uint16_t port() const override { return port_; }
    [[nodiscard]] std::string url() const override {
        const bool v6 = options_.address.find(':') != std::string::npos;
        return fmt::format("{}://{}{}{}:{}", options_.tls ? "https" : "http", v6 ? "[" : "", options_.address,
                           v6 ? "]" : "", port_);
    }

    void stop() override {
        const std::scoped_lock lock(stopping_);
        if (!thread_.joinable()) return;
        asio::post(io_, [this] {
            draining_ = true;
            error_code ignored;
            acceptor_.close(ignored);
            pause_.cancel();
            drain_.expires_after(options_.drain);
            drain_.async_wait([this](error_code error) {
                if (error) return;
                for (const auto& connection : crowd_.all()) connection->close();
            });
            for (const auto& connection : crowd_.all()) connection->drain();
            end_when_empty();
        });
        thread_.join();
        pool_->stop();
        pool_->join();
        door_->close();
    }

    // --- ConnectionHost
    [[nodiscard]] const ServerOptions& options() const override { return options_; }
    [[nodiscard]] const RouteTable& routes() const override { return routes_; }
    [[nodiscard]] bool draining() const override { return draining_; }
    [[nodiscard]] bool answers_to(std::string_view host) const override {
        return (!loopback_ && options_.hosts.empty()) || is_our_host(host, options_.hosts);
    }
    bool admit(const std::string& peer, const Route& route) override {
        if (route.per_minute == 0) return true;
        const auto now = options_.now ? options_.now() : SystemClock().now();
        return rates_.admit(peer, route, now);
    }
    bool dispatch(const Route& route, ServerRequest request, std::function<void(ServerResponse)> then) override {
        if (route.brief) {
            then(answer_of(route, request));
            return true;
        }
        if (!join_queue()) return false;
        asio::post(*pool_, [this, &route, request = std::move(request), then = std::move(then)]() mutable {
            ServerResponse response = answer_of(route, request);
            --in_hand_;
            asio::post(
                io_, [then = std::move(then), response = std::move(response)]() mutable { then(std::move(response)); });
        });
        return true;
    }
    bool take(const Route& route, ServerRequest request, std::shared_ptr<Responder> responder) override {
        if (route.brief) {
            give(route, std::move(request), std::move(responder));
            return true;
        }
        if (!join_queue()) return false;
        asio::post(*pool_, [this, &route, request = std::move(request), responder = std::move(responder)]() mutable {
            give(route, std::move(request), std::move(responder));
            --in_hand_;
        });
        return true;
    }
    [[nodiscard]] const std::shared_ptr<LoopDoor>& door() const override { return door_; }
    [[nodiscard]] std::span<char> scratch() override { return scratch_; }
    [[nodiscard]] std::unique_ptr<Wire> wire(int socket) override {
        return options_.tls ? options_.tls->wire(socket) : plain_wire(socket);
    }
    void entered(const HttpConnection& connection) override {
        crowd_.note(connection, connection.phase(), std::chrono::steady_clock::now());
    }
    void forget(const HttpConnection& connection) override {
        crowd_.remove(connection);
        end_when_empty();
        accept_next();
    }

private:
    void end_when_empty() {
        if (!draining_ || crowd_.size() > 0) return;
        drain_.cancel();
        work_.reset();
    }

    /// Whether one more may wait for a thread, or be with one.
    bool join_queue() {
        if (in_hand_ >= options_.waiting + options_.threads) return false;
        ++in_hand_;
        return true;
    }

    [[nodiscard]] bool full() const { return crowd_.size() >= options_.connections; }
    [[nodiscard]] std::shared_ptr<HttpConnection> who_gives_way() const {
        return crowd_.idlest(std::chrono::steady_clock::now() - options_.grace);
    }

    void accept_next() {
        if (accepting_ || draining_) return;
        if (full() && !who_gives_way()) return pause();
        accepting_ = true;
        acceptor_.async_accept([this](error_code error, tcp::socket socket) {
            accepting_ = false;
            if (draining_) return;
            if (error) return pause();
            take(HttpConnection::make(*this, std::move(socket)));
            accept_next();
        });
    }

    void take(const std::shared_ptr<HttpConnection>& connection) {
        const std::string& key = connection->peer_key();
        if (!proxies_.contains(key) && crowd_.held(key) >= options_.per_peer) {
            const auto one = crowd_.idlest_of(key);
            if (!one) return;  // dropped: all of its own are being answered
            one->close();
        }
        // Whoever it was may have begun to speak meanwhile: then there is one more than the limit for a while.
        if (full()) {
            if (const auto one = who_gives_way()) one->close();
        }
        crowd_.add(connection, std::chrono::steady_clock::now());
        connection->start();
    }

    // Out of descriptors, most likely, or of connections: some will be free again.
    void pause() {
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([this](error_code error) {
            if (!error) accept_next();
        });
    }

    const RouteTable routes_;
    const ServerOptions options_;
    asio::io_context io_{1};
    const std::shared_ptr<LoopDoor> door_ = std::make_shared<LoopDoor>(io_);
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    asio::steady_timer drain_;
    std::optional<asio::thread_pool> pool_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
    std::mutex stopping_;
    std::set<std::string> proxies_;      // as peer_key()
    std::atomic<unsigned> in_hand_ = 0;  // wait for a thread or are with one; grows on the loop
    Crowd crowd_;                        // on the loop's thread, as all that follows
    RateLimiter rates_;
    std::vector<char> scratch_ = std::vector<char>(kScratch);
    std::uint16_t port_ = 0;
    bool loopback_ = true;
    bool accepting_ = false;
    bool draining_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> start_http_server(std::vector<Route> routes, ServerOptions options) {
    EC_TRY(check_routes(routes));
    if (options.threads == 0 || options.connections == 0 || options.per_peer == 0)
        return fail(ErrorCode::invalid_argument, "a server needs threads and connections");
    try {
        auto server = std::make_unique<Server>(std::move(routes), std::move(options));
        EC_TRY(server->listen());
        server->run();
        return server;
    } catch (const std::system_error& error) {
        return fail(ErrorCode::unavailable, fmt::format("the server cannot start: {}", error.what()));
    }
}

}  // namespace ec::net
