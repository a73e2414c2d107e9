#include "http_connection.hpp"

#include <fmt/format.h>

#include <cctype>
#include <ec/core/text.hpp>
#include <optional>

#include "answer_head.hpp"
#include "crowd.hpp"
#include "deadline.hpp"
#include "http_router.hpp"
#include "inbox.hpp"
#include "late_answer.hpp"
#include "outgoing.hpp"
#include "request_parser.hpp"
#include "wire.hpp"

namespace ec::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Step = RequestParser::Step;
using WireState = Wire::State;
using Socket = asio::ip::tcp::socket;

// Of further requests that come while an answer is awaited; more stays with the other end.
constexpr std::size_t kMostAhead = 16 << 10;
constexpr std::size_t kMostSwallowed = 1U << 20;
constexpr std::chrono::milliseconds kParting{500};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

/// "application/json" of "application/json; charset=utf-8".
std::string media_type(std::string_view field) { return lower(trim(field.substr(0, field.find(';')))); }

/// The one Host field; none when there are several.
std::optional<std::string_view> host_of(const Headers& headers) {
    std::optional<std::string_view> host;
    for (const auto& [name, value] : headers) {
        if (name != "host") continue;
        if (host) return std::nullopt;
        host = value;
    }
    return host;
}

class Connection final : public HttpConnection, public std::enable_shared_from_this<Connection> {
public:
    Connection(ConnectionHost& host, Socket socket)
        : host_(host), socket_(std::move(socket)), deadline_(socket_.get_executor()) {
        error_code error;
        const auto end = socket_.remote_endpoint(error);
        if (error) return;
        peer_ = end.address().to_string();
        peer_key_ = net::peer_key(end.address());
    }

    [[nodiscard]] Phase phase() const override { return phase_; }
    [[nodiscard]] const std::string& peer_key() const override { return peer_key_; }

    void start() override {
        error_code error;
        socket_.non_blocking(true, error);
        // Whole answers are written at once; nothing is gained by holding their last packet back.
        if (!error) socket_.set_option(asio::ip::tcp::no_delay(true), error);
        if (!error) socket_.set_option(asio::socket_base::keep_alive(true), error);  // a long wait has no other end
        if (!error) wire_ = host_.wire(socket_.native_handle());
        if (!wire_) return close();
        deadline_.watch(weak_from_this(), &Connection::on_deadline);
        deadline_.set(host_.options().head_timeout);
        greet();
    }

    void drain() override {
        if (phase_ == Phase::head) close();
    }

    void close() override {
        if (std::exchange(closed_, true)) return;
        stage_ = Stage::over;
        const auto self = shared_from_this();
        if (const auto answer = std::exchange(answer_, nullptr)) answer->lose();
        if (wire_) wire_->part();
        wire_.reset();
        error_code ignored;
        socket_.shutdown(Socket::shutdown_both, ignored);
        socket_.close(ignored);
        deadline_.end();
        host_.forget(*this);
    }

private:
    enum class Stage {
        greeting,  // what a wire wants before the first byte
        head,
        body,
        in_hand,  // the answer is awaited, or streams and has nothing to say
        writing,
        ending,
        over,
    };
    /// What follows when all is written.
    enum class Next { request, rest_of_body, stream, end };

    void on_deadline() {
        if (stage_ == Stage::head && begun_) return refuse(408, "timeout", "no complete request came in time");
        if (stage_ == Stage::body) return refuse(408, "timeout", "the body did not come in time");
        close();
    }

    void enter(Phase phase) {
        phase_ = phase;
        host_.entered(*this);
    }

    // --- Waiting for the socket
    void await(WireState what) {
        if (what == WireState::wants_write) return await_room();
        if (std::exchange(read_wait_, true)) return;
        socket_.async_wait(Socket::wait_read, [this, self = shared_from_this()](error_code error) {
            read_wait_ = false;
            if (!closed_) error ? close() : on_ready(true);
        });
    }
    void await_room() {
        if (std::exchange(write_wait_, true)) return;
        socket_.async_wait(Socket::wait_write, [this, self = shared_from_this()](error_code error) {
            write_wait_ = false;
            if (!closed_) error ? close() : on_ready(false);
        });
    }
    /// Only a reset is seen, for the end stands behind what was not read yet.
    void await_reset() {
        if (std::exchange(error_wait_, true)) return;
        socket_.async_wait(Socket::wait_error, [this, self = shared_from_this()](error_code) {
            error_wait_ = false;
            if (!closed_) close();
        });
    }

    void on_ready(bool readable) {
        readable_ = readable_ || readable;
        if (out_) push();
        if (stage_ == Stage::greeting) return greet();
        if (stage_ == Stage::head || stage_ == Stage::body) return serve();
        if (stage_ == Stage::ending) return swallow();
        if (answer_ && readable_) watch();
    }

    void greet() {
        stage_ = Stage::greeting;
        switch (const WireState state = wire_->greet()) {
            case WireState::moved:
                stage_ = Stage::head;
                deadline_.set(host_.options().head_timeout);
                readable_ = true;
                return serve();
            case WireState::wants_read:
            case WireState::wants_write:
                return await(state);
            case WireState::ended:
                return close();
            case WireState::broken:
                return finish();  // it may read why
        }
    }

    // --- Requests
    /// Reads and answers as long as there is something to read. An answer that is given at once comes back here and
    /// finds it at work.
    void serve() {
        if (std::exchange(serving_, true)) return;
        inbox_.open();
        while (stage_ == Stage::head || stage_ == Stage::body) {
            if (!step()) break;
        }
        serving_ = false;
        inbox_.keep();
    }

    /// False when it must wait for the other end.
    bool step() {
        if (!parser_) {
            if (inbox_.unread.empty()) return fill();
            parser_.emplace(host_.options().head_bytes);
        }
        switch (parser_->put(inbox_.unread)) {
            case Step::more:
                return fill();
            case Step::head:
                on_head();
                return true;
            case Step::done:
                dispatch();
                return true;
            case Step::too_long_head:
                refuse(431, "too_large", "the header is too long");
                return true;
            case Step::too_long_body:
                refuse_body();
                return true;
            case Step::malformed:
                refuse(400, "malformed",
                       stage_ == Stage::body ? "the body is malformed" : "this is no HTTP/1.1 request");
                return true;
        }
        return false;
    }

    /// One read a turn: others want theirs.
    bool fill() {
        if (!begun_ && stage_ == Stage::head && !inbox_.unread.empty()) begin();
        if (!std::exchange(readable_, false) && !wire_->holds()) {
            await(WireState::wants_read);
            return false;
        }
        const std::span<char> scratch = host_.scratch();
        const Wire::Moved moved = wire_->read(scratch);
        switch (moved.state) {
            case WireState::moved:
                break;
            case WireState::wants_read:
            case WireState::wants_write:
                await(moved.state);
                return false;
            case WireState::ended:
            case WireState::broken:
                close();
                return false;
        }
        inbox_.come({scratch.data(), moved.bytes});
        return true;
    }

    /// The first bytes of a request are here; the others must follow soon.
    void begin() {
        begun_ = true;
        if (first_) return;
        enter(Phase::head);
        deadline_.set(host_.options().head_timeout);
    }

    void on_head() {
        ServerRequest& request = parser_->request;
        const std::string_view target = parser_->target;
        const auto host = host_of(request.headers);
        if (parser_->version != 11 || !host || !target.starts_with('/'))
            return refuse(400, "malformed", "this is no HTTP/1.1 request to a path");
        if (!host_.answers_to(*host))
            return refuse(421, "misdirected", "this host name is not among `hosts` of the server's config.toml");
        if (host_.options().refuse_pages && is_foreign_page(request.headers, host_.options().origins))
            return refuse(403, "page_refused", "this server does nothing for web pages");
        const std::size_t mark = target.find('?');
        request.path = target.substr(0, mark);
        if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
        request.peer = peer_;
        Match match = host_.routes().match(request.method, request.path);
        if (match.route == nullptr) return no_route(match);
        request.params = std::move(match.params);
        route_ = match.route;
        if (route_->turn_away) {
            if (auto no = route_->turn_away(request))
                return answer(*std::move(no), !parser_->has_body() && parser_->keep_alive());
        }
        if (!host_.admit(peer_, *route_)) {
            ServerResponse response = problem(429, "rate_limited", "too many requests; wait a minute");
            response.headers.emplace_back("Retry-After", "60");
            return answer(std::move(response), false);
        }
        judge_body();
    }

    void no_route(const Match& match) {
        // Behind the answer to a HEAD no client expects a body: what comes next on the connection would be taken for
        // one or the other.
        const bool keep = !parser_->has_body() && parser_->keep_alive() && parser_->request.method != "HEAD";
        if (match.methods.empty()) return answer(problem(404, "not_found", "there is nothing here"), keep);
        ServerResponse response = problem(405, "method_not_allowed", "this path does not take that method");
        response.headers.emplace_back("Allow", join(match.methods, ", "));
        answer(std::move(response), keep);
    }

    void judge_body() {
        if (!parser_->has_body()) return;
        const ServerRequest& request = parser_->request;
        if (route_->request_type.empty()) return refuse(413, "too_large", "this path takes no body");
        if (media_type(request.header("content-type")) != route_->request_type)
            return refuse(415, "unsupported_media_type", fmt::format("the body must be {}", route_->request_type));
        if (parser_->content_length() && *parser_->content_length() > route_->body_limit) return refuse_body();
        parser_->body_limit(route_->body_limit);
        stage_ = Stage::body;
        enter(Phase::body);
        deadline_.set(host_.options().body_timeout);
        if (lower(request.header("expect")) == "100-continue")
            write_out({"HTTP/1.1 100 Continue\r\n\r\n", {}, {}}, Next::rest_of_body);
    }

    void refuse_body() {
        refuse(413, "too_large", fmt::format("a body has at most {} bytes here", route_->body_limit));
    }

    void dispatch() {
        keep_ = parser_->keep_alive();
        ServerRequest request = std::move(parser_->request);
        parser_.reset();
        stage_ = Stage::in_hand;
        enter(Phase::busy);
        deadline_.clear();
        if (route_->take) return await_answer(std::move(request));
        const bool taken =
            host_.dispatch(*route_, std::move(request), [this, self = shared_from_this()](ServerResponse response) {
                if (!closed_) answer(std::move(response), keep_);
            });
        if (!taken) too_busy();
    }

    void too_busy() {
        ServerResponse busy = problem(503, "busy", "too many requests wait already");
        busy.headers.emplace_back("Retry-After", "1");
        answer(std::move(busy), keep_);
    }

    // --- Late answers
    void await_answer(ServerRequest request) {
        const auto wake = [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->say_what_is_due();
        };
        answer_ = std::make_shared<LateAnswer>(host_.door(), wake, host_.options().stream_bytes);
        if (!host_.take(*route_, std::move(request), hold(answer_))) {
            std::exchange(answer_, nullptr)->complete();
            return too_busy();
        }
        await(WireState::wants_read);
    }

    /// Sees the other end close while an answer is awaited, and keeps what it says meanwhile.
    void watch() {
        if (inbox_.kept() >= kMostAhead) return await_reset();
        readable_ = false;
        const Wire::Moved moved = wire_->read(host_.scratch().first(kMostAhead - inbox_.kept()));
        if (moved.state == WireState::ended || moved.state == WireState::broken) return close();
        inbox_.keep_more({host_.scratch().data(), moved.bytes});
        if (wire_->holds() && inbox_.kept() < kMostAhead) return watch();
        await(moved.state == WireState::wants_write ? moved.state : WireState::wants_read);
    }

    void say_what_is_due() {
        if (closed_ || !answer_) return;
        if (answer_->overrun()) return close();
        if (out_) return;
        LateAnswer::Due due = answer_->fetch();
        if (due.whole) {
            std::exchange(answer_, nullptr)->complete();
            return answer(*std::move(due.whole), keep_);
        }
        std::string before;
        if (due.head) {
            keep_ = keep_ && !host_.draining();
            before = answer_head(*due.head, std::nullopt, keep_);
        }
        std::string_view after;
        if (!due.piece.empty()) {
            before += fmt::format("{:x}\r\n", due.piece.size());
            after = "\r\n";
        }
        if (due.last) after = due.piece.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
        if (!before.empty() || !after.empty()) {
            const Next next = !due.last ? Next::stream : keep_ ? Next::request : Next::end;
            return write_out({std::move(before), std::move(due.piece), after}, next);
        }
        if (due.cut) close();
    }

    // --- Answers
    void refuse(int status, std::string_view code, std::string_view detail) {
        answer(problem(status, code, detail), false);
    }

    /// `keep`: the request was read to its end and the connection may go on.
    void answer(ServerResponse given, bool keep) {
        keep = keep && !host_.draining();
        parser_.reset();
        if (phase_ != Phase::busy) enter(Phase::busy);
        if (!may_have_body(given.status)) given.body.clear();
        std::string head = answer_head(given, given.body.size(), keep);
        write_out({std::move(head), std::move(given.body), {}}, keep ? Next::request : Next::end);
    }

    void write_out(Outgoing out, Next next) {
        if (next != Next::rest_of_body) stage_ = Stage::writing;
        out_ = std::move(out);
        next_ = next;
        push();
    }

    /// A deadline runs while the other end takes nothing; a stream that has nothing to say has none.
    void push() {
        const WireState state = out_->write(*wire_);
        if (answer_) answer_->taken(out_->take_told());
        const bool stalled = std::exchange(stalled_, state != WireState::moved);
        switch (state) {
            case WireState::moved:
                return written();
            case WireState::wants_read:
            case WireState::wants_write:
                if (out_->take_progress() || !stalled) deadline_.set(host_.options().body_timeout);
                return await(state);
            case WireState::ended:
            case WireState::broken:
                return close();
        }
    }

    void written() {
        out_.reset();
        switch (next_) {
            case Next::rest_of_body:
                return serve();
            case Next::stream:
                stage_ = Stage::in_hand;
                deadline_.clear();
                return say_what_is_due();
            case Next::request:
            case Next::end:
                if (answer_) std::exchange(answer_, nullptr)->complete();
                return next_ == Next::request && !host_.draining() ? await_next() : finish();
        }
    }

    /// The other end may take its time until the next request, but not in the middle of its head.
    void await_next() {
        stage_ = Stage::head;
        begun_ = first_ = false;
        enter(Phase::head);
        deadline_.set(host_.options().idle_timeout);
        serve();
    }

    // What the other end still sends is read for a moment: closing over it would reset the connection and the answer
    // with it.
    void finish() {
        wire_->part();
        error_code ignored;
        socket_.shutdown(Socket::shutdown_send, ignored);
        stage_ = Stage::ending;
        enter(Phase::ending);
        deadline_.set(kParting);
        await(WireState::wants_read);
    }

    void swallow() {
        error_code error;
        const std::span<char> scratch = host_.scratch();
        swallowed_ += socket_.read_some(asio::buffer(scratch.data(), scratch.size()), error);
        const bool nothing = error == asio::error::would_block || error == asio::error::try_again;
        if ((error && !nothing) || swallowed_ > kMostSwallowed) return close();
        await(WireState::wants_read);
    }

    ConnectionHost& host_;
    Socket socket_;
    std::unique_ptr<Wire> wire_;
    Deadline deadline_;
    Inbox inbox_;
    std::optional<RequestParser> parser_;  // while a request is being read
    const Route* route_ = nullptr;
    std::shared_ptr<LateAnswer> answer_;  // while one is awaited or streamed
    std::optional<Outgoing> out_;         // while it is being written
    Next next_ = Next::request;           // after it
    std::string peer_;
    std::string peer_key_;
    std::size_t swallowed_ = 0;
    Phase phase_ = Phase::head;
    Stage stage_ = Stage::greeting;
    bool first_ = true;      // no request came before
    bool begun_ = false;     // bytes of this request's head are here
    bool readable_ = false;  // the socket, as far as is known
    bool stalled_ = false;   // the other end takes nothing
    bool read_wait_ = false;
    bool write_wait_ = false;
    bool error_wait_ = false;
    bool serving_ = false;
    bool keep_ = false;
    bool closed_ = false;
};

}  // namespace

std::shared_ptr<HttpConnection> HttpConnection::make(ConnectionHost& host, boost::asio::ip::tcp::socket socket) {
    return std::make_shared<Connection>(host, std::move(socket));
}

}  // namespace ec::net
