#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/net/http_client.hpp>
#include <optional>

#include "curl_exchange.hpp"
#include "url.hpp"

namespace ec::net {
namespace {

constexpr std::uint64_t kDiscarded = 64U << 10;  // of a redirect's body, before its connection is given up

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

// RFC 9110 section 5.5: what could end the line or the head is in no value.
bool is_field_value(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

Status check(const HttpRequest& request) {
    if (!is_token(request.method)) return fail(ErrorCode::invalid_argument, "this is no HTTP method");
    for (const auto& [name, value] : request.headers) {
        if (!is_token(name)) return fail(ErrorCode::invalid_argument, "this is no name of a header");
        const std::string lower = lower_case(name);
        if (lower == "content-length" || lower == "transfer-encoding") {
            return fail(ErrorCode::invalid_argument, "the framing of a request is not the caller's");
        }
        if (!is_field_value(value)) {
            return fail(ErrorCode::invalid_argument, fmt::format("the value of {} holds a line end or the like", name));
        }
    }
    return {};
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool same_origin(const Url& a, const Url& b) { return a.scheme == b.scheme && a.host == b.host && a.port == b.port; }

// What another origin may see: a description of the wanted content, and no credentials under whatever name.
bool describes_content(std::string_view name) {
    constexpr std::array<std::string_view, 7> kNames{"accept",   "accept-language", "content-type", "if-none-match",
                                                     "if-range", "range",           "user-agent"};
    return std::ranges::find(kNames, lower_case(name)) != kNames.end();
}

Status judge(const Url& from, const Url& to) {
    if (from.scheme == "https" && to.scheme == "http") {
        return fail(ErrorCode::denied,
                    fmt::format("{} redirects to {}, which is not encrypted", origin(from), origin(to)));
    }
    if (from.loopback() != to.loopback()) {
        return fail(ErrorCode::denied, fmt::format("{} redirects to {}: not from this machine to another or back",
                                                   origin(from), origin(to)));
    }
    return {};
}

std::optional<std::uint64_t> content_length(const HttpResponse& response) {
    const std::string text = response.header("content-length");
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return length;
}

// Takes one answer: the one the caller wants goes to the sink, that of a redirect which is followed goes nowhere.
class Answer final : public ExchangeListener {
public:
    Answer(const HttpRequest& request, const ResponseSink& sink, bool follow)
        : request_(request), sink_(sink), follow_(follow) {}

    Status head(int status, Headers headers) override {
        response.status = status;
        response.headers = std::move(headers);
        redirect = follow_ && is_redirect(status) && !response.header("location").empty();
        if (redirect) return {};
        if (request_.method != "HEAD" && content_length(response) > request_.body_limit) return too_large();
        return sink_.on_head ? sink_.on_head(response) : Status{};
    }

    Status body(std::string_view bytes) override {
        size_ += bytes.size();
        if (redirect) {
            abandoned = size_ > kDiscarded;
            return abandoned ? fail(ErrorCode::too_large, "a long redirect") : Status{};
        }
        if (size_ > request_.body_limit) return too_large();
        if (sink_.on_body) return sink_.on_body(bytes);
        response.body += bytes;
        return {};
    }

    HttpResponse response;
    bool redirect = false;
    bool abandoned = false;  ///< the redirect is known and its connection was given up

private:
    Status too_large() const {
        return fail(ErrorCode::too_large, fmt::format("the answer is larger than {} bytes", request_.body_limit));
    }

    const HttpRequest& request_;
    const ResponseSink& sink_;
    bool follow_;
    std::uint64_t size_ = 0;
};

class CurlHttpClient final : public HttpClient {
public:
    CurlHttpClient(EgressSink& sink, std::string who)
        : sink_(sink),
          who_(std::move(who)),
          id_(fmt::format("{}.{:x}", ::getpid(), std::chrono::system_clock::now().time_since_epoch().count())) {}

    Result<HttpResponse> send(const HttpRequest& request, const ResponseSink& sink, std::stop_token stop) override {
        EC_TRY(check(request));
        EC_ASSIGN(const Url url, Url::parse(request.url));
        if (!connections_) {
            EC_ASSIGN(connections_, CurlConnections::open());
        }
        Exchange exchange{url,
                          request.method,
                          request.headers,
                          request.body,
                          request.connect_timeout,
                          request.first_byte_timeout,
                          request.idle_timeout,
                          request.ca_file};
        add_user_agent(exchange.headers);
        for (unsigned followed = 0;; ++followed) {
            Answer answer(request, sink, request.redirects > 0);
            Status status = recorded(exchange, request.why, answer, stop);
            if (!status && !answer.abandoned) return fail(std::move(status).error());
            if (!answer.redirect) {
                answer.response.url = exchange.url.text();
                return std::move(answer.response);
            }
            if (followed == request.redirects) {
                return fail(ErrorCode::denied, fmt::format("{} redirects more than {} times", origin(url), followed));
            }
            EC_TRY(follow(exchange, answer.response));
        }
    }

private:
    static void add_user_agent(Headers& headers) {
        const bool there =
            std::ranges::any_of(headers, [](const auto& h) { return lower_case(h.first) == "user-agent"; });
        if (!there) headers.emplace_back("User-Agent", "edgecoder/" EC_VERSION);
    }

    /// Makes of the exchange the one that the redirect asks for (RFC 9110 section 15.4).
    static Status follow(Exchange& exchange, const HttpResponse& response) {
        auto next = resolve_location(exchange.url, response.header("location"));
        if (!next) {
            return fail(ErrorCode::corrupt, fmt::format("{} redirects to no address", origin(exchange.url)));
        }
        EC_TRY(judge(exchange.url, *next));
        if (!same_origin(exchange.url, *next)) {
            std::erase_if(exchange.headers, [](const auto& header) { return !describes_content(header.first); });
        }
        const bool rewritten = response.status == 303 || (response.status < 303 && exchange.method == "POST");
        if (rewritten && exchange.method != "HEAD") {
            exchange.method = "GET";
            exchange.body = {};
            std::erase_if(exchange.headers, [](const auto& h) { return lower_case(h.first) == "content-type"; });
        }
        exchange.url = *std::move(next);
        return {};
    }

    /// Runs an exchange between its two entries in the ledger; without them on loopback.
    Status recorded(const Exchange& exchange, const std::string& why, Answer& answer, std::stop_token stop) {
        Traffic traffic;
        if (exchange.url.loopback()) return connections_->run(exchange, answer, traffic, std::move(stop));
        EgressEntry entry;
        entry.time = rfc3339(std::chrono::system_clock::now());
        entry.event = EgressEvent::opened;
        entry.connection = fmt::format("{}.{}", id_, ++requests_);
        entry.who = who_;
        entry.why = why;
        entry.host = exchange.url.host;
        entry.port = exchange.url.port;
        EC_TRY(write(entry));
        const Status status = connections_->run(exchange, answer, traffic, std::move(stop));
        entry.time = rfc3339(std::chrono::system_clock::now());
        entry.event = EgressEvent::closed;
        entry.address = traffic.address;
        entry.bytes_in = traffic.bytes_in;
        entry.bytes_out = traffic.bytes_out;
        entry.reason = status || answer.abandoned ? fmt::format("HTTP {}", answer.response.status)
                                                  : std::string(ec::name(status.error().code));
        const Status closed = write(entry);
        return status ? closed : status;
    }

    Status write(const EgressEntry& entry) {
        if (const Status status = sink_.record(entry); !status) {
            return fail(ErrorCode::denied,
                        fmt::format("nothing may leave this machine, because the egress ledger cannot be written: {}",
                                    status.error().message),
                        status.error().remedy);
        }
        return {};
    }

    EgressSink& sink_;
    std::string who_;
    std::string id_;  ///< begins the names of its connections in the ledger
    std::unique_ptr<CurlConnections> connections_;
    std::uint64_t requests_ = 0;
};

}  // namespace

std::string HttpResponse::header(std::string_view name) const {
    const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
    return found == headers.end() ? std::string() : found->second;
}

std::unique_ptr<HttpClient> make_http_client(EgressSink& sink, std::string who) {
    return std::make_unique<CurlHttpClient>(sink, std::move(who));
}

}  // namespace ec::net
