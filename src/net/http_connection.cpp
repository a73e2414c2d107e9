#include "http_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
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
#include <sstream>

#include "http_router.hpp"
#include "late_answer.hpp"

namespace ec::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;
using Response = http::response<http::string_body>;
using Socket = boost::asio::ip::tcp::socket;

// Of further requests that come while an answer is awaited; more stays with the other end.
constexpr std::size_t kMostAhead = 16 << 10;
constexpr std::size_t kMostWritten = 64 << 10;  // in one go

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

bool has_body(const Parser& parser) {
    return parser.chunked() || (parser.content_length() && *parser.content_length() > 0);
}

/// A handler may pass on words of strangers: they end neither the field nor the head.
std::string one_line(std::string text) {
    std::ranges::replace_if(text, [](unsigned char c) { return std::iscntrl(c) != 0 && c != '\t'; }, ' ');
    return text;
}

template <class Message>
void set_head(Message& message, const ServerResponse& given, bool keep) {
    message.set(http::field::content_type, given.type);
    message.set(http::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : given.headers) message.set(name, one_line(value));
    message.keep_alive(keep);
}

/// The head of an answer in chunks.
std::string head_of(const ServerResponse& given, bool keep) {
    http::response<http::empty_body> response(static_cast<http::status>(given.status), 11);
    set_head(response, given, keep);
    response.chunked(true);
    std::ostringstream text;
    text << response.base();
    return std::move(text).str();
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
        if (const auto answer = std::exchange(answer_, nullptr)) answer->lose();
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
        request_ = {};
        for (const auto& field : head) {
            request_.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                                          std::string(field.value().data(), field.value().size()));
        }
        if (host_.options().refuse_pages && is_foreign_page(request_.headers, host_.options().origins))
            return refuse(403, "page_refused", "this server does nothing for web pages");
        find_route(std::string_view(head.method_string().data(), head.method_string().size()), target);
    }

    void find_route(std::string_view method, std::string_view target) {
        const std::size_t mark = target.find('?');
        request_.method = method;
        request_.path = target.substr(0, mark);
        if (mark != std::string_view::npos) request_.query = target.substr(mark + 1);
        request_.peer = peer_;
        Match match = match_route(host_.routes(), method, request_.path);
        if (match.route == nullptr) return no_route(match);
        request_.params = std::move(match.params);
        route_ = match.route;
        if (route_->turn_away) {
            if (auto no = route_->turn_away(request_))
                return answer(*std::move(no), !has_body(*parser_) && parser_->get().keep_alive());
        }
        if (!host_.admit(peer_, *route_)) {
            ServerResponse response = problem(429, "rate_limited", "too many requests; wait a minute");
            response.headers.emplace_back("Retry-After", "60");
            return answer(std::move(response), false);
        }
        read_body();
    }

    void no_route(const Match& match) {
        // Behind the answer to a HEAD no client expects a body: what comes next on the connection would be taken for
        // one or the other.
        const bool keep =
            !has_body(*parser_) && parser_->get().keep_alive() && parser_->get().method() != http::verb::head;
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
        if (route_->take) return await_answer();
        const bool taken =
            host_.dispatch(*route_, std::move(request_), [this, self = shared_from_this()](ServerResponse response) {
                if (!closed_) answer(std::move(response), keep_);
            });
        if (!taken) too_busy();
    }

    void too_busy() {
        ServerResponse busy = problem(503, "busy", "too many requests wait already");
        busy.headers.emplace_back("Retry-After", "1");
        answer(std::move(busy), keep_);
    }

    // It may take hours: what was needed to read the request is freed.
    void await_answer() {
        parser_.reset();
        buffer_.shrink_to_fit();
        response_ = {};
        error_code ignored;
        stream_.socket().set_option(boost::asio::socket_base::keep_alive(true), ignored);  // nothing else ends the wait
        const auto wake = [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->say_what_is_due();
        };
        answer_ = std::make_shared<LateAnswer>(host_.door(), wake, host_.options().stream_bytes);
        if (host_.take(*route_, std::exchange(request_, {}), hold(answer_))) return watch();
        answered();
        too_busy();
    }

    /// Sees the other end close while an answer is awaited, and keeps what it says meanwhile.
    void watch() {
        const unsigned watch_number = ++watch_;
        const bool full =
            buffer_.size() >= kMostAhead;  // then only a reset is seen, for the end stands behind the rest
        stream_.socket().async_wait(full ? Socket::wait_error : Socket::wait_read,
                                    [this, self = shared_from_this(), watch_number, full](error_code error) {
                                        if (closed_ || watch_number != watch_) return;
                                        if (error || full || !read_ahead()) return close();
                                        watch();
                                    });
    }

    bool read_ahead() {
        error_code error;
        stream_.socket().non_blocking(true, error);  // it may have been a false alarm
        const std::size_t size = stream_.socket().read_some(buffer_.prepare(kMostAhead - buffer_.size()), error);
        buffer_.commit(size);
        buffer_.shrink_to_fit();
        return !error || error == boost::asio::error::would_block;
    }

    void answered() {
        std::exchange(answer_, nullptr)->complete();
        ++watch_;
        error_code ignored;
        stream_.socket().cancel(ignored);
    }

    void say_what_is_due() {
        if (closed_ || !answer_) return;
        if (answer_->overrun()) return close();
        if (saying_) return;
        LateAnswer::Due due = answer_->fetch();
        if (due.whole) {
            answered();
            return answer(*std::move(due.whole), keep_);
        }
        std::string before;
        if (due.head) {
            keep_ = keep_ && !host_.draining();
            before = head_of(*due.head, keep_);
            error_code ignored;
            stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
        }
        std::string_view after;
        if (!due.piece.empty()) {
            before += fmt::format("{:x}\r\n", due.piece.size());
            after = "\r\n";
        }
        if (due.last) after = due.piece.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
        if (!before.empty() || !after.empty())
            return write_out(std::move(before), std::move(due.piece), after, due.last);
        if (due.cut) close();
    }

    /// Has a deadline that progress puts off; a stream that has nothing to say has none.
    void write_out(std::string before, std::string piece, std::string_view after, bool last) {
        saying_ = Saying{std::move(before), std::move(piece)};
        const std::array<boost::asio::const_buffer, 3> all{
            boost::asio::buffer(saying_->before), boost::asio::buffer(saying_->piece), boost::asio::buffer(after)};
        boost::asio::async_write(
            stream_, all,
            [this](error_code error, std::size_t bytes) -> std::size_t {
                if (error || closed_) return 0;
                note_progress(bytes);
                arm(host_.options().body_timeout);
                return kMostWritten;
            },
            [this, self = shared_from_this(), last](error_code error, std::size_t bytes) {
                if (closed_) return;
                if (error) return close();
                note_progress(bytes);
                ++turn_;
                saying_.reset();
                if (!last) return say_what_is_due();
                answered();
                keep_ && !host_.draining() ? await_next() : finish();
            });
    }

    void note_progress(std::size_t bytes) {
        const std::size_t before = saying_->before.size();
        const std::size_t taken = std::min(bytes > before ? bytes - before : 0, saying_->piece.size());
        answer_->taken(taken - std::exchange(saying_->taken, taken));
    }

    void refuse(int status, std::string_view code, std::string_view detail) {
        answer(problem(status, code, detail), false);
    }

    /// `keep`: the request was read to its end and the connection may go on.
    void answer(ServerResponse given, bool keep) {
        keep = keep && !host_.draining();
        enter(Phase::busy);
        response_ = Response(static_cast<http::status>(given.status), 11);
        set_head(response_, given, keep);
        response_.body() = std::move(given.body);
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

    struct Saying {
        std::string before;  // head and size of the chunk
        std::string piece;
        std::size_t taken = 0;  // of the piece
    };

    ConnectionHost& host_;
    beast::tcp_stream stream_;
    boost::asio::steady_timer timer_;
    beast::flat_buffer buffer_{64 << 10};
    std::optional<Parser> parser_;
    const Route* route_ = nullptr;
    ServerRequest request_;
    Response response_;
    http::response<http::empty_body> proceed_;
    std::shared_ptr<LateAnswer> answer_;  // while one is awaited or streamed
    std::optional<Saying> saying_;        // while it is being written
    std::string peer_;
    std::string peer_key_;
    Phase phase_ = Phase::head;
    std::chrono::steady_clock::time_point since_;
    std::size_t swallowed_ = 0;
    unsigned turn_ = 0;
    unsigned watch_ = 0;
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
