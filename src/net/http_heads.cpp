#include "http_heads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>
#include <vector>

namespace ec::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

constexpr std::uint32_t kResponseHeadLimit = 64 << 10;
constexpr std::size_t kChunkHeadLimit = 16 << 10;
constexpr int kMostInterim = 8;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

struct Field {
    std::string name;
    std::string value;
};

// RFC 9110, 7.6.1: fields that concern this connection only, and those that Connection names.
class HopByHop {
public:
    explicit HopByHop(const std::vector<Field>& fields) {
        for (const Field& field : fields) {
            if (!same(field.name, "connection")) continue;
            std::string_view rest = field.value;
            while (!rest.empty()) {
                const std::size_t end = std::min(rest.find(','), rest.size());
                std::string_view name = rest.substr(0, end);
                while (name.starts_with(' ') || name.starts_with('\t')) name.remove_prefix(1);
                while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
                // Framing and the host are not for the program to drop.
                const bool kept = same(name, "host") || same(name, "content-length") || same(name, "transfer-encoding");
                if (!kept) named_.emplace_back(name);
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
        }
    }
    [[nodiscard]] bool holds(std::string_view name) const {
        static constexpr std::string_view kAlways[] = {
            "connection", "proxy-connection", "keep-alive", "proxy-authorization", "proxy-authenticate",
            "te",         "trailer",          "upgrade"};
        const auto is = [&](std::string_view other) { return same(name, other); };
        return std::ranges::any_of(kAlways, is) || std::ranges::any_of(named_, is);
    }

private:
    std::vector<std::string> named_;
};

// Every function that Beast wants, with the same do-nothing body where a kind of message has no use for it.
template <bool kRequest>
class Collector : public http::basic_parser<kRequest> {
public:
    std::string method;
    std::string target;
    std::string reason;
    unsigned status = 0;
    int version = 11;
    std::vector<Field> fields;
    std::string body;  ///< framed
    bool chunked_body = false;

private:
    using Text = boost::beast::string_view;
    void on_request_impl(http::verb, Text method_text, Text target_text, int number, error_code&) override {
        method = view(method_text);
        target = view(target_text);
        version = number;
    }
    void on_response_impl(int code, Text text, int number, error_code&) override {
        status = static_cast<unsigned>(code);
        reason = view(text);
        version = number;
    }
    void on_field_impl(http::field, Text name, Text value, error_code&) override {
        // Trailer fields come here as well; they end with the hop.
        if (!this->is_header_done()) fields.push_back({std::string(view(name)), std::string(view(value))});
    }
    void on_header_impl(error_code&) override { chunked_body = this->chunked(); }
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(Text text, error_code&) override {
        body += view(text);
        return text.size();
    }
    void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text text, error_code&) override {
        if (!text.empty()) body += fmt::format("{:x}\r\n{}\r\n", text.size(), view(text));
        return text.size();
    }
    void on_finish_impl(error_code&) override {
        if (chunked_body) body += "0\r\n\r\n";
    }
};

Result<Authority> authority_of(std::string_view absolute, std::string& path) {
    constexpr std::string_view kScheme = "http://";
    if (!same(absolute.substr(0, kScheme.size()), kScheme)) return fail(ErrorCode::invalid_argument, "not http://");
    const std::string_view rest = absolute.substr(kScheme.size());
    const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    path = rest.substr(end);
    if (!path.starts_with('/')) path.insert(0, 1, '/');
    return Authority::parse(rest.substr(0, end), 80);
}

// What a head asks for, or why it is refused.
class Judge {
public:
    explicit Judge(const Collector<true>& in) : in_(in) {}

    bool read(RequestHead& head, Refusal& refusal) {
        const int status = decide(head);
        refusal = {status, reason_};
        return status == 0;
    }

private:
    int no(int status, std::string_view reason) {
        reason_ = reason;
        return status;
    }

    int decide(RequestHead& head) {
        const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
        if (!std::ranges::all_of(in_.target, printable)) return no(400, "malformed request target");
        std::vector<std::string_view> hosts;
        for (const Field& field : in_.fields) {
            if (same(field.name, "host")) hosts.push_back(field.value);
            if (same(field.name, "content-length")) ++lengths_;
            if (same(field.name, "transfer-encoding")) {
                ++encodings_;
                if (!same(field.value, "chunked")) return no(400, "unknown transfer encoding");
            }
            if (same(field.name, "expect")) {
                if (!same(field.value, "100-continue")) return no(417, "unknown expectation");
                head.expects_continue = true;
            }
        }
        if (lengths_ + encodings_ > 1) return no(400, "ambiguous message length");
        if (encodings_ > 0 && in_.version < 11) return no(400, "ambiguous message length");
        if (hosts.size() > 1) return no(400, "more than one Host field");
        const std::string_view host = hosts.empty() ? std::string_view{} : hosts.front();
        if (in_.method == "CONNECT") return tunnel(host, !hosts.empty(), head);
        static constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
        if (std::ranges::find(kMethods, in_.method) == std::end(kMethods)) return no(405, "method not allowed");
        return plain(host, !hosts.empty(), head);
    }

    int tunnel(std::string_view host, bool has_host, RequestHead& head) {
        if (lengths_ + encodings_ > 0) return no(400, "a tunnel request has no body");
        auto target = Authority::parse(in_.target, 0);
        if (!target) return no(400, "malformed host or port");
        if (has_host) {
            const auto named = Authority::parse(host, target->port);
            if (!named || *named != *target) return no(400, "Host field differs from the target");
        }
        head.connect = true;
        head.target = *std::move(target);
        return 0;
    }

    int plain(std::string_view host, bool has_host, RequestHead& head) {
        if (in_.target.find('#') != std::string::npos) return no(400, "malformed request target");
        std::string path;
        auto target = authority_of(in_.target, path);
        if (!target) return no(400, "the target is not CONNECT host:port or an http:// URL of a proper host");
        if (!has_host && in_.version >= 11) return no(400, "Host field missing");
        if (has_host) {
            const auto named = Authority::parse(host, 80);
            if (!named || *named != *target) return no(400, "Host field differs from the target");
        }
        head.target = *std::move(target);
        write(path, head);
        return 0;
    }

    // No Via field: what runs where is nobody's business over there.
    void write(const std::string& path, RequestHead& head) const {
        const HopByHop hop(in_.fields);
        const bool plain_port = head.target.port == 80;
        head.forward = fmt::format("{} {} HTTP/1.{}\r\nHost: {}\r\n", in_.method, path, in_.version % 10,
                                   plain_port ? head.target.host.text() : head.target.text());
        for (const Field& field : in_.fields) {
            if (same(field.name, "host") || same(field.name, "expect") || hop.holds(field.name)) continue;
            head.forward += fmt::format("{}: {}\r\n", field.name, field.value);
        }
        head.forward += "Connection: close\r\n\r\n";
    }

    const Collector<true>& in_;
    std::string_view reason_;
    int lengths_ = 0;
    int encodings_ = 0;
};

}  // namespace

class RequestReader::Parser {
public:
    explicit Parser(std::uint32_t head_limit) {
        in_.header_limit(head_limit);
        in_.body_limit(boost::none);
    }

    State put(std::string_view bytes) {
        pending_ += bytes;
        while (!pending_.empty() && (state_ == State::head || state_ == State::body)) {
            if (state_ == State::body && head_.connect) break;
            error_code error;
            const bool was_head = state_ == State::head;
            const std::size_t used = in_.put(boost::asio::const_buffer(pending_.data(), pending_.size()), error);
            pending_.erase(0, used);
            if (error == http::error::need_more) {
                if (!was_head && pending_.size() > kChunkHeadLimit) refuse({400, "malformed body"});
                break;
            }
            if (error) {
                refuse(error == http::error::header_limit
                           ? Refusal{431, "request header too large"}
                           : Refusal{400, was_head ? "malformed request" : "malformed body"});
                break;
            }
            if (!in_.is_header_done()) continue;
            if (was_head) {
                Refusal refusal;
                if (!Judge(in_).read(head_, refusal)) {
                    refuse(refusal);
                    break;
                }
                state_ = State::body;
            }
            if (in_.is_done() && !head_.connect) state_ = State::done;
            if (was_head) break;
        }
        return state_;
    }

    void refuse(Refusal refusal) {
        state_ = State::refused;
        refusal_ = refusal;
    }

    State state_ = State::head;
    RequestHead head_;
    Refusal refusal_;
    Collector<true> in_;
    std::string pending_;
};

RequestReader::RequestReader(std::uint32_t head_limit) : parser_(std::make_unique<Parser>(head_limit)) {}
RequestReader::~RequestReader() = default;
RequestReader::State RequestReader::put(std::string_view bytes) { return parser_->put(bytes); }
RequestReader::State RequestReader::state() const { return parser_->state_; }
const RequestHead& RequestReader::head() const { return parser_->head_; }
const Refusal& RequestReader::refusal() const { return parser_->refusal_; }
std::string_view RequestReader::wanted() const { return parser_->in_.target; }
std::string RequestReader::take_body() { return std::exchange(parser_->in_.body, {}); }
std::string RequestReader::take_rest() { return std::exchange(parser_->pending_, {}); }

class ResponseReader::Parser : public Collector<false> {};

ResponseReader::ResponseReader() = default;
ResponseReader::~ResponseReader() = default;

ResponseReader::State ResponseReader::put(std::string_view bytes) {
    if (state_ == State::body) {
        out_ += bytes;
        return state_;
    }
    pending_ += bytes;
    while (state_ == State::head && !pending_.empty()) {
        if (!parser_) {
            parser_ = std::make_unique<Parser>();
            parser_->header_limit(kResponseHeadLimit);
            parser_->body_limit(boost::none);
            parser_->skip(true);  // the body is passed on as it is, whatever its framing
        }
        error_code error;
        const std::size_t used = parser_->put(boost::asio::const_buffer(pending_.data(), pending_.size()), error);
        pending_.erase(0, used);
        if (error == http::error::need_more) break;
        if (error || parser_->status < 100 || parser_->status == 101) {
            state_ = State::broken;
        } else if (parser_->is_header_done() && parser_->status < 200) {
            parser_.reset();
            if (++interim_ > kMostInterim) state_ = State::broken;
        } else if (parser_->is_header_done()) {
            const HopByHop hop(parser_->fields);
            out_ = fmt::format("HTTP/1.1 {} {}\r\n", parser_->status, parser_->reason);
            for (const Field& field : parser_->fields) {
                if (!hop.holds(field.name)) out_ += fmt::format("{}: {}\r\n", field.name, field.value);
            }
            out_ += "Connection: close\r\n\r\n";
            out_ += std::exchange(pending_, {});
            state_ = State::body;
        }
    }
    return state_;
}

std::string ResponseReader::take() { return std::exchange(out_, {}); }

}  // namespace ec::net
