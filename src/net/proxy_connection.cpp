#include "proxy_connection.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <ec/json/json.hpp>
#include <utility>

#include "http_heads.hpp"

namespace ec::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Stream = asio::generic::stream_protocol::socket;

constexpr std::chrono::milliseconds kFlush{5000};
constexpr std::chrono::milliseconds kLinger{1000};
constexpr std::size_t kMostIgnored = 256 << 10;

std::string answer(int status, std::string_view reason, std::string_view target) {
    json::Object problem;
    problem["type"] = "about:blank";
    problem["title"] = reason;
    problem["status"] = status;
    problem["code"] = status == 403 ? "egress_refused" : "proxy_error";
    problem["detail"] = target.empty() ? std::string(reason) : fmt::format("{}: {}", target, reason);
    const std::string body = json::write(json::Value(std::move(problem))) + "\n";
    return fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: application/problem+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        status, reason, body.size(), body);
}

class Connection final : public ProxyConnection, public std::enable_shared_from_this<Connection> {
public:
    Connection(asio::io_context& io, RunContext& run, std::shared_ptr<void> owner, int client, std::string name)
        : run_(run),
          owner_(std::move(owner)),
          name_(std::move(name)),
          client_(io),
          server_(io),
          timer_(io),
          request_(run.limits().head_bytes) {
        error_code error;
        adopt(client_, UniqueFd(client), error);
    }

    void start() override {
        arm(run_.limits().head, [this] { refuse(408, "no complete request in time"); });
        read_head();
    }

    void close(std::string_view reason) override {
        if (std::exchange(closed_, true)) return;
        account(reason);
        ++turn_;
        timer_.cancel();
        error_code ignored;
        client_.close(ignored);
        server_.close(ignored);
        run_.forget(shared_from_this());
    }

private:
    static void adopt(Stream& stream, UniqueFd fd, error_code& error) {
        stream.assign(asio::generic::stream_protocol(AF_INET, 0), fd.get(), error);
        if (!error) static_cast<void>(fd.release());
    }

    // The one deadline: setting it again puts the last one off.
    template <class Late>
    void arm(std::chrono::milliseconds patience, Late late) {
        const unsigned turn = ++turn_;
        timer_.expires_after(patience);
        timer_.async_wait([this, self = shared_from_this(), turn, late](error_code) {
            if (turn == turn_ && !closed_) late();
        });
    }

    // Handlers of what has been given up since, or of a closed connection, do nothing.
    template <class Handler>
    auto then(Handler handler) {
        return [this, self = shared_from_this(), phase = phase_, handler](error_code error, std::size_t size = 0) {
            if (!closed_ && phase == phase_) handler(error, size);
        };
    }

    EgressEntry entry(EgressEvent event, std::string_view reason) const {
        EgressEntry entry;
        entry.event = event;
        entry.connection = name_;
        if (decided_) {
            entry.host = request_.head().target.host.name;
            entry.port = request_.head().target.port;
        } else {
            entry.host = request_.wanted();
        }
        entry.bytes_in = in_;
        entry.bytes_out = out_;
        entry.reason = reason;
        return entry;
    }

    // --- what does it want, and may it

    void read_head() {
        client_.async_read_some(asio::buffer(up_), then([this](error_code error, std::size_t size) {
                                    if (error) return close("");
                                    switch (request_.put({up_.data(), size})) {
                                        case RequestReader::State::head:
                                            return read_head();
                                        case RequestReader::State::refused:
                                            return refuse(request_.refusal().status, request_.refusal().reason);
                                        default:
                                            return judge();
                                    }
                                }));
    }

    void judge() {
        decided_ = true;
        const Authority& target = request_.head().target;
        if (!run_.allows(target)) return refuse(403, "not on the allow-list");
        if (const auto reason = run_.exhausted(); !reason.empty()) return refuse(403, reason);
        if (target.host.literal) return consider({*target.host.literal});
        arm(run_.limits().lookup, [this] { refuse(504, "the name could not be resolved in time"); });
        run_.look_up(target.host.name, [this, self = shared_from_this(), turn = turn_](auto found) {
            if (closed_ || turn != turn_) return;
            if (!found) return refuse(502, "the name cannot be resolved");
            consider(*std::move(found));
        });
    }

    // One address that is not public spoils the name: its owner points into this machine's networks.
    void consider(std::vector<Address> addresses) {
        for (const Address& address : addresses) {
            const AddressClass value = classify(address);
            if (value != AddressClass::global)
                return refuse(403, fmt::format("leads to {}", describe(value)), address.text());
        }
        if (addresses.size() > run_.limits().addresses) addresses.resize(run_.limits().addresses);
        addresses_ = std::move(addresses);
        dial_next();
    }

    void refuse(int status, std::string_view reason, std::string address = {}) {
        EgressEntry refused = entry(EgressEvent::refused, reason);
        refused.address = std::move(address);
        static_cast<void>(run_.record(std::move(refused)));  // it stays refused
        respond(status, reason);
    }

    // --- dial

    void dial_next() {
        if (next_ == addresses_.size()) {
            return late_ ? respond(504, "the host does not answer in time")
                         : respond(502, "the host cannot be reached");
        }
        const Address address = addresses_[next_++];
        address_ = address.text();
        EgressEntry opened = entry(EgressEvent::opened, "on the allow-list");
        opened.address = address_;
        if (!run_.record(std::move(opened))) return respond(503, "the egress ledger cannot be written");
        open_ = true;
        error_code error;
        auto fd = run_.dialer().dial(address, request_.head().target.port);
        if (fd) adopt(server_, *std::move(fd), error);
        if (!fd || error) return give_up(fd ? error.message() : fd.error().message);
        arm(run_.limits().dial, [this] {
            late_ = true;
            give_up("no answer in time");
        });
        server_.async_wait(Stream::wait_write, then([this](error_code waited, std::size_t) {
                               int failure = 0;
                               socklen_t size = sizeof failure;
                               if (!waited)
                                   ::getsockopt(server_.native_handle(), SOL_SOCKET, SO_ERROR, &failure, &size);
                               if (waited || failure != 0)
                                   return give_up(waited ? waited.message() : std::strerror(failure));
                               connected();
                           }));
    }

    void give_up(std::string_view reason) {
        account(fmt::format("cannot connect: {}", reason));
        ++phase_;
        error_code ignored;
        server_.close(ignored);
        dial_next();
    }

    void account(std::string_view reason) {
        if (!std::exchange(open_, false)) return;
        EgressEntry closed = entry(EgressEvent::closed, reason);
        closed.address = address_;
        static_cast<void>(run_.record(std::move(closed)));  // the opening is there; the next one will be refused
    }

    // --- relay

    void connected() {
        touch();
        const RequestHead& head = request_.head();
        if (head.connect) {
            return to_client("HTTP/1.1 200 Connection established\r\n\r\n", [this] {
                read_server();
                to_server(request_.take_rest(), [this] { read_client(); });
            });
        }
        const bool wait = head.expects_continue && request_.state() == RequestReader::State::body;
        to_client(wait ? "HTTP/1.1 100 Continue\r\n\r\n" : "", [this] {
            read_server();
            to_server(request_.head().forward, [this] { pass_body(); });
        });
    }

    void touch() {
        arm(run_.limits().idle, [this] { close("idle too long"); });
    }

    bool spend(std::size_t bytes) {
        touch();
        if (run_.spend(bytes)) return true;
        close(run_.exhausted());
        return false;
    }

    template <class Next>
    void to_client(std::string text, Next next) {
        if (text.empty()) return next();
        for_client_ = std::move(text);
        asio::async_write(client_, asio::buffer(for_client_), then([this, next](error_code error, std::size_t) {
                              if (error) return close("the program closed it");
                              touch();
                              next();
                          }));
    }

    template <class Next>
    void to_server(std::string text, Next next) {
        if (text.empty()) return next();
        for_server_ = std::move(text);
        asio::async_write(server_, asio::buffer(for_server_), then([this, next](error_code error, std::size_t size) {
                              out_ += size;
                              if (error) return close("the server closed it");
                              if (spend(size)) next();
                          }));
    }

    void read_client() {
        client_.async_read_some(asio::buffer(up_), then([this](error_code error, std::size_t size) {
                                    if (error == asio::error::eof) return client_ended();
                                    if (error) return close("the program closed it");
                                    if (request_.head().connect)
                                        return to_server({up_.data(), size}, [this] { read_client(); });
                                    if (request_.state() == RequestReader::State::done) {
                                        // A second request would be one that nobody judged.
                                        ignored_ += size;
                                        return ignored_ > kMostIgnored ? close("the program sent more than its request")
                                                                       : read_client();
                                    }
                                    request_.put({up_.data(), size});
                                    pass_body();
                                }));
    }

    void pass_body() {
        if (request_.state() == RequestReader::State::body) request_.put({});
        if (request_.state() == RequestReader::State::refused) return close(request_.refusal().reason);
        to_server(request_.take_body(), [this] { read_client(); });
    }

    void client_ended() {
        error_code ignored;
        const bool tunnel = request_.head().connect;
        if (!tunnel && (answering_ || request_.state() != RequestReader::State::done))
            return close("the program closed it");
        if (tunnel) server_.shutdown(Stream::shutdown_send, ignored);
        client_done_ = true;
        if (server_done_) close("both sides closed it");
    }

    void read_server() {
        server_.async_read_some(asio::buffer(down_), then([this](error_code error, std::size_t size) {
                                    if (error) return server_ended(error == asio::error::eof);
                                    in_ += size;
                                    if (!spend(size)) return;
                                    if (request_.head().connect)
                                        return to_client({down_.data(), size}, [this] { read_server(); });
                                    const auto state = response_.put({down_.data(), size});
                                    if (state == ResponseReader::State::broken) return malformed();
                                    answering_ = answering_ || state == ResponseReader::State::body;
                                    to_client(response_.take(), [this] { read_server(); });
                                }));
    }

    void malformed() {
        account("the server's answer is not HTTP");
        respond(502, "the server's answer is not HTTP");
    }

    void server_ended(bool in_order) {
        if (!request_.head().connect) return answering_ ? close("the server closed it") : malformed();
        if (!in_order) return close("the server closed it");
        error_code ignored;
        client_.shutdown(Stream::shutdown_send, ignored);
        server_done_ = true;
        if (client_done_) close("both sides closed it");
    }

    // --- an answer of ours instead

    void respond(int status, std::string_view reason) {
        ++phase_;
        error_code ignored;
        server_.close(ignored);
        client_.cancel(ignored);
        arm(kFlush, [this] { close(""); });
        for_client_ = answer(status, reason, decided_ ? request_.head().target.text() : std::string{});
        asio::async_write(client_, asio::buffer(for_client_), then([this](error_code error, std::size_t) {
                              error_code nothing;
                              if (error) return close("");
                              client_.shutdown(Stream::shutdown_send, nothing);
                              arm(kLinger, [this] { close(""); });
                              drain();
                          }));
    }

    // Closing with bytes unread would reset the connection, and the program would not see the answer.
    void drain() {
        client_.async_read_some(asio::buffer(up_), then([this](error_code error, std::size_t size) {
                                    ignored_ += size;
                                    return error || ignored_ > kMostIgnored ? close("") : drain();
                                }));
    }

    RunContext& run_;
    std::shared_ptr<void> owner_;
    std::string name_;
    Stream client_;
    Stream server_;
    asio::steady_timer timer_;
    unsigned turn_ = 0;
    unsigned phase_ = 0;
    RequestReader request_;
    ResponseReader response_;
    std::vector<Address> addresses_;
    std::size_t next_ = 0;
    std::string address_;
    std::array<char, 32768> up_;
    std::array<char, 32768> down_;
    std::string for_client_;
    std::string for_server_;
    std::uint64_t in_ = 0;   ///< from the server
    std::uint64_t out_ = 0;  ///< to it
    std::size_t ignored_ = 0;
    bool decided_ = false;  ///< the head is there
    bool open_ = false;     ///< the ledger holds an opening without its close
    bool late_ = false;
    bool answering_ = false;
    bool client_done_ = false;
    bool server_done_ = false;
    bool closed_ = false;
};

}  // namespace

std::shared_ptr<ProxyConnection> ProxyConnection::make(asio::io_context& io, RunContext& run,
                                                       std::shared_ptr<void> owner, int client, std::string name) {
    return std::make_shared<Connection>(io, run, std::move(owner), client, std::move(name));
}

}  // namespace ec::net
