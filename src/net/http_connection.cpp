#include "http_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cctype>
#include <ec/core/text.hpp>
#include <optional>

#include "http_router.hpp"

namespace ec::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;
using Response = http::response<http::string_body>;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

bool has_body(const Parser& parser) {
    return parser.chunked() || (parser.content_length() && *parser.content_length() > 0);
}

/// "application/json" of "application/json; charset=utf-8".
std::string media_type(std::string_view field) { return lower(trim(field.substr(0, field.find(';')))); }

class Connection final : public HttpConnection, public std::enable_shared_from_this<Connection> {
public:
    Connection(ConnectionHost& host, boost::asio::ip::tcp::socket socket)
        : host_(host), stream_(std::move(socket)), timer_(stream_.get_executor()) {
        error_code error;
        const auto end = stream_.socket().remote_endpoint(error);
        if (error) return;
        peer_ = end.address().to_string();
        peer_key_ = net::peer_key(end.address());
    }

    [[nodiscard]] Phase phase() const override { return phase_; }
    [[nodiscard]] std::chrono::steady_clock::time_point since() const override { return since_; }
    [[nodiscard]] const std::string& peer_key() const override { return peer_key_; }

    void start() override { read_head(); }

    void drain() override {
        if (phase_ == Phase::head) close();
    }

    void close() override {
        if (std::exchange(closed_, true)) return;
        error_code ignored;
        stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
        stream_.close();
        timer_.cancel();
        host_.forget(shared_from_this());
    }

private:
    template <class Handler>
    auto then(Handler handler) {
        return [this, self = shared_from_this(), handler](error_code error, std::size_t /*bytes*/ = 0) {
            if (!closed_) handler(error);
        };
    }

    // The one deadline: setting it again puts the last one off. The stream's own would close it over the answer.
    void arm(std::chrono::milliseconds patience) {
        late_ = false;
        const unsigned turn = ++turn_;
        timer_.expires_after(patience);
        timer_.async_wait([this, self = shared_from_this(), turn](error_code) {
            if (turn != turn_ || closed_) return;
            late_ = true;
            stream_.cancel();
        });
    }

    void enter(Phase phase) {
        phase_ = phase;
        since_ = std::chrono::steady_clock::now();
    }

    /// The other end may take its time until the next request, but not in the middle of its head.
    void await_next() {
        if (buffer_.size() > 0) return read_head();
        enter(Phase::head);
        arm(host_.options().idle_timeout);
        stream_.socket().async_wait(boost::asio::socket_base::wait_read,
                                    then([this](error_code error) { error ? close() : read_head(); }));
    }

    void read_head() {
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(host_.options().head_bytes));
        parser_->body_limit(boost::none);  // the route's limit stands before the first byte of a body is read
        route_ = nullptr;
        enter(Phase::head);
        arm(host_.options().head_timeout);
        http::async_read_header(stream_, buffer_, *parser_, then([this](error_code error) { on_head(error); }));
    }

    void on_head(error_code error) {
        enter(Phase::busy);
        if (error == http::error::end_of_stream || (late_ && buffer_.size() == 0)) return close();
        if (late_) return refuse(408, "timeout", "no complete request came in time");
        if (error == http::error::header_limit || error == http::error::buffer_overflow)
            return refuse(431, "too_large", "the header is too long");
        if (error && error.category() == make_error_code(http::error::bad_version).category())
            return refuse(400, "malformed", "this is no HTTP/1.1 request");
        if (error) return close();
        const auto& head = parser_->get();
        const std::string_view target(head.target().data(), head.target().size());
        const auto hosts = head.equal_range(http::field::host);
        if (head.version() != 11 || hosts.first == hosts.second || std::next(hosts.first) != hosts.second ||
            !target.starts_with('/')) {
            return refuse(400, "malformed", "this is no HTTP/1.1 request to a path");
        }
        if (!host_.answers_to({hosts.first->value().data(), hosts.first->value().size()}))
            return refuse(421, "misdirected", "this server does not answer to that host name");
        find_route(std::string_view(head.method_string().data(), head.method_string().size()), target);
    }

    void find_route(std::string_view method, std::string_view target) {
        request_ = {};
        request_.method = method;
        request_.path = target.substr(0, target.find('?'));
        request_.peer = peer_;
        Match match = match_route(host_.routes(), method, request_.path);
        if (match.route == nullptr) return no_route(match);
        request_.params = std::move(match.params);
        for (const auto& field : parser_->get()) {
            request_.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                                          std::string(field.value().data(), field.value().size()));
        }
        route_ = match.route;
        if (!host_.admit(peer_, *route_)) {
            ServerResponse response = problem(429, "rate_limited", "too many requests; wait a minute");
            response.headers.emplace_back("Retry-After", "60");
            return answer(std::move(response), false);
        }
        read_body();
    }

    void no_route(const Match& match) {
        const bool keep = !has_body(*parser_) && parser_->get().keep_alive();
        if (match.methods.empty()) return answer(problem(404, "not_found", "there is nothing here"), keep);
        ServerResponse response = problem(405, "method_not_allowed", "this path does not take that method");
        response.headers.emplace_back("Allow", join(match.methods, ", "));
        answer(std::move(response), keep);
    }

    void read_body() {
        if (!has_body(*parser_)) {
            if (route_->request_type.empty()) return dispatch();
        } else if (route_->request_type.empty()) {
            return refuse(413, "too_large", "this path takes no body");
        }
        if (has_body(*parser_) && media_type(request_.header("content-type")) != route_->request_type)
            return refuse(415, "unsupported_media_type", fmt::format("the body must be {}", route_->request_type));
        if (parser_->content_length() && *parser_->content_length() > route_->body_limit)
            return refuse(413, "too_large", fmt::format("a body has at most {} bytes here", route_->body_limit));
        parser_->body_limit(route_->body_limit);
        enter(Phase::body);
        arm(host_.options().body_timeout);
        if (lower(request_.header("expect")) != "100-continue") return read_rest();
        proceed_ = http::response<http::empty_body>(http::status::continue_, 11);
        http::async_write(stream_, proceed_, then([this](error_code error) { error ? close() : read_rest(); }));
    }

    void read_rest() {
        http::async_read(stream_, buffer_, *parser_, then([this](error_code error) {
                             if (error == http::error::body_limit)
                                 return refuse(413, "too_large",
                                               fmt::format("a body has at most {} bytes here", route_->body_limit));
                             if (late_) return refuse(408, "timeout", "the body did not come in time");
                             if (error && error.category() == make_error_code(http::error::bad_version).category())
                                 return refuse(400, "malformed", "the body is malformed");
                             if (error) return close();
                             request_.body = std::move(parser_->get().body());
                             dispatch();
                         }));
    }

    void dispatch() {
        enter(Phase::busy);
        keep_ = parser_->get().keep_alive();
        ++turn_;
        const bool taken =
            host_.dispatch(*route_, std::move(request_), [this, self = shared_from_this()](ServerResponse response) {
                if (!closed_) answer(std::move(response), keep_);
            });
        if (taken) return;
        ServerResponse busy = problem(503, "busy", "too many requests wait already");
        busy.headers.emplace_back("Retry-After", "1");
        answer(std::move(busy), keep_);
    }

    void refuse(int status, std::string_view code, std::string_view detail) {
        answer(problem(status, code, detail), false);
    }

    /// `keep`: the request was read to its end and the connection may go on.
    void answer(ServerResponse given, bool keep) {
        keep = keep && !host_.draining();
        enter(Phase::busy);
        response_ = Response(static_cast<http::status>(given.status), 11);
        response_.set(http::field::content_type, given.type);
        response_.set(http::field::cache_control, "no-store");
        response_.set("X-Content-Type-Options", "nosniff");
        for (const auto& [name, value] : given.headers) response_.set(name, value);
        response_.body() = std::move(given.body);
        response_.keep_alive(keep);
        response_.prepare_payload();
        arm(host_.options().body_timeout);
        http::async_write(stream_, response_, then([this, keep](error_code error) {
                              if (error) return close();
                              if (keep && !host_.draining()) return await_next();
                              finish();
                          }));
    }

    // What the other end still sends is read for a moment: closing over it would reset the connection and the answer
    // with it.
    void finish() {
        error_code ignored;
        stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
        enter(Phase::ending);
        arm(std::chrono::milliseconds(500));
        swallow();
    }

    void swallow() {
        buffer_.clear();
        stream_.async_read_some(buffer_.prepare(4096),
                                [this, self = shared_from_this()](error_code error, std::size_t size) {
                                    if (closed_) return;
                                    swallowed_ += size;
                                    if (error || swallowed_ > (1U << 20)) return close();
                                    swallow();
                                });
    }

    ConnectionHost& host_;
    beast::tcp_stream stream_;
    boost::asio::steady_timer timer_;
    beast::flat_buffer buffer_{64 << 10};
    std::optional<Parser> parser_;
    const Route* route_ = nullptr;
    ServerRequest request_;
    Response response_;
    http::response<http::empty_body> proceed_;
    std::string peer_;
    std::string peer_key_;
    Phase phase_ = Phase::head;
    std::chrono::steady_clock::time_point since_;
    std::size_t swallowed_ = 0;
    unsigned turn_ = 0;
    bool late_ = false;
    bool keep_ = false;
    bool closed_ = false;
};

}  // namespace

std::string peer_key(const boost::asio::ip::address& address) {
    namespace ip = boost::asio::ip;
    if (!address.is_v6()) return address.to_string();
    const ip::address_v6 v6 = address.to_v6();
    if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
    ip::address_v6::bytes_type bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), 0);
    return ip::address_v6(bytes).to_string();
}

std::shared_ptr<HttpConnection> HttpConnection::make(ConnectionHost& host, boost::asio::ip::tcp::socket socket) {
    return std::make_shared<Connection>(host, std::move(socket));
}

}  // namespace ec::net
