#include "http_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <ec/core/time_or_stop.hpp>

#include "../../rpc/json_rpc.hpp"

namespace ec::apps::mcp {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnect{5000};
constexpr milliseconds kNotePatience{10'000};
constexpr milliseconds kFarewell{1000};
constexpr milliseconds kRetry{1000};  ///< where the server names no time
constexpr milliseconds kLongestRetry{30'000};
constexpr int kMostResumptions = 8;                 ///< in a row that bring nothing new
constexpr milliseconds kStreamGrace{1000};          ///< for the server to say whether it has a stream beside
constexpr milliseconds kListening{24 * 3600'000};   ///< such a stream may be silent for so long
constexpr std::uint64_t kStreamBytes = 1ULL << 30;  ///< of one connection; single messages have a limit of their own

// What the specification lets a session be called, and not longer than anybody needs.
bool is_session_id(std::string_view id) {
    return !id.empty() && id.size() <= 1024 && std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
}

json::Value id_of(std::string_view request) {
    const auto message = rpc::decode(request);
    const auto* asked = message ? std::get_if<rpc::Request>(&*message) : nullptr;
    return asked == nullptr ? json::Value(nullptr) : asked->id;
}

Error refusal(int status) {
    switch (status) {
        case 401:
        case 403:
            return {ErrorCode::denied, fmt::format("the server does not let us in (HTTP {})", status),
                    "token_file in its entry names a file with a bearer token; signing in with a browser is not done"};
        case 404:
            return {ErrorCode::not_found, "there is no such server at that address, or the session is over (HTTP 404)",
                    "look at the url of its entry"};
        default:
            if (status >= 300 && status < 400) {
                return {ErrorCode::denied, fmt::format("the server redirects (HTTP {}), which is not followed", status),
                        "write the address it redirects to as the url of its entry"};
            }
            return {ErrorCode::unavailable, fmt::format("the server answers HTTP {}", status), {}};
    }
}

}  // namespace

/// One answer while it comes, or the stream beside, over as many connections as it takes.
struct HttpWire::Stream {
    Stream(Inbox& to, json::Value asked, std::stop_token until)
        : inbox(to), id(std::move(asked)), stop(std::move(until)) {}

    Inbox& inbox;
    json::Value id;  ///< of the request that is answered; null: of none
    std::stop_token stop;
    std::atomic<bool> answered = false;
    bool events = false;  ///< server-sent events; else one JSON document
    std::string body;     ///< of the latter
    std::optional<net::SseParser> parser;
    std::string last_id;
    milliseconds retry = kRetry;
    bool progressed = false;  ///< an event came since the connection was made

    Status take(std::string_view bytes) {
        if (!events) {
            if (body.size() + bytes.size() > kLongestMessage)
                return fail(ErrorCode::too_large, "the server's answer is longer than we take");
            body += bytes;
            return {};
        }
        EC_ASSIGN(const auto heard, parser->feed(bytes));
        for (const net::SseParser::Event& event : heard) {
            progressed = true;
            // The first event of a stream may hold nothing but the id to come back with.
            if (event.data.empty() || event.type != "message") continue;
            EC_TRY(deliver(event.data));
        }
        if (!parser->last_id().empty()) last_id = parser->last_id();
        if (parser->retry()) retry = std::min(*parser->retry(), kLongestRetry);
        return {};
    }
    Status deliver(std::string text) {
        const auto message = rpc::decode(text);
        const auto* response = message ? std::get_if<rpc::Response>(&*message) : nullptr;
        const bool wanted = response != nullptr && !id.is_null() && response->id == id;
        if (wanted) answered = true;
        if (!inbox.put(std::move(text), stop)) return fail(ErrorCode::cancelled, "stopped");
        return {};
    }
};

HttpWire::HttpWire(std::string url, Secret token, const MakeClient& make_client)
    : url_(std::move(url)),
      token_(std::move(token)),
      http_(make_client()),
      notes_(make_client()),
      listening_(make_client()) {}

HttpWire::~HttpWire() {
    if (listener_.joinable()) {
        listener_.request_stop();
        listener_.join();
    }
    if (session_.empty()) return;
    const TimeOrStop limit({}, kFarewell);
    // A server that does not take leave forgets the session by itself.
    static_cast<void>(notes_->send(request("DELETE", {}, kFarewell), {}, limit.token()));
}

net::HttpRequest HttpWire::request(std::string method, std::string_view body, milliseconds patience) const {
    net::HttpRequest request;
    request.method = std::move(method);
    request.url = url_;
    request.body = body;
    request.why = "mcp";
    request.connect_timeout = std::min(kConnect, patience);
    request.first_byte_timeout = patience;
    request.idle_timeout = patience;
    request.body_limit = kStreamBytes;
    if (request.method == "POST") {
        request.headers.emplace_back("Content-Type", "application/json");
        request.headers.emplace_back("Accept", "application/json, text/event-stream");
    } else if (request.method == "GET") {
        request.headers.emplace_back("Accept", "text/event-stream");
    }
    if (!revision_.empty()) request.headers.emplace_back("MCP-Protocol-Version", revision_);
    if (!session_.empty()) request.headers.emplace_back("Mcp-Session-Id", session_);
    if (!token_.empty()) request.headers.emplace_back("Authorization", fmt::format("Bearer {}", token_.reveal()));
    return request;
}

Status HttpWire::take_head(const net::HttpResponse& head, Stream& stream) {
    if (head.status != 200) return fail(refusal(head.status));
    const std::string type = head.header("content-type");
    stream.events = type.starts_with("text/event-stream");
    if (!stream.events && !type.starts_with("application/json"))
        return fail(ErrorCode::corrupt, "the server answers with neither JSON nor events");
    if (stream.events) stream.parser.emplace(kLongestMessage);
    // Only the answer to the greeting names the session.
    if (const std::string id = head.header("mcp-session-id"); revision_.empty() && !id.empty()) {
        if (!is_session_id(id)) return fail(ErrorCode::corrupt, "the server names its session with what is no name");
        session_ = id;
    }
    return {};
}

Status HttpWire::run(net::HttpClient& client, net::HttpRequest request, Stream& stream, const std::stop_token& stop) {
    net::ResponseSink sink;
    sink.on_head = [&](const net::HttpResponse& head) {
        const Status status = take_head(head, stream);
        if (request.method == "GET") {
            const std::lock_guard lock(mutex_);
            heard_of_stream_ = true;
            changed_.notify_all();
        }
        return status;
    };
    sink.on_body = [&](std::string_view bytes) { return stream.take(bytes); };
    sink.satisfied = [&] { return stream.answered.load(); };
    stream.progressed = false;
    const auto sent = client.send(request, sink, stop);
    if (!sent) return fail(sent.error());
    if (!stream.events) EC_TRY(stream.deliver(std::move(stream.body)));
    return {};
}

// In a thread of its own.
Status HttpWire::ask(std::string_view text, milliseconds patience, Stream& stream, const std::stop_token& stop) {
    Status status = run(*http_, request("POST", text, patience), stream, stop);
    for (int empty = 0; !stream.answered; empty = stream.progressed ? 0 : empty + 1) {
        const bool broke_off = status || status.error().code == ErrorCode::io;
        if (!broke_off || !stream.events || stop.stop_requested()) return status;
        if (stream.last_id.empty() || empty == kMostResumptions)
            return fail(ErrorCode::io, "the server ended its answer before it was there");
        waiter_.wait(stream.retry, stop);
        net::HttpRequest again = request("GET", {}, patience);
        again.headers.emplace_back("Last-Event-ID", stream.last_id);
        status = run(*http_, std::move(again), stream, stop);
    }
    return {};
}

Status HttpWire::exchange(std::string_view text, const Hear& hear, milliseconds patience, std::stop_token stop) {
    wait_until_listening(stop);
    const TimeOrStop limit(stop, patience);
    std::stop_source over;
    const std::stop_callback forward(limit.token(), [&over] { over.request_stop(); });
    Stream stream(inbox_, id_of(text), over.get_token());
    inbox_.begin();
    Result<bool> heard = false;
    {
        const std::jthread asking([&] { inbox_.end(ask(text, patience, stream, over.get_token())); });
        while (heard && !*heard) {
            const auto message = inbox_.next(over.get_token());
            if (!message) break;
            heard = hear(*message);
        }
        // What was heard elsewhere than in its answer ends the request all the same.
        if (!stream.answered || !heard) over.request_stop();
    }
    if (!heard) return fail(heard.error());
    if (*heard) return {};
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    if (limit.token().stop_requested()) return fail(ErrorCode::timeout, "the server did not answer in time");
    const auto ended = inbox_.ended();
    if (ended && !*ended) return *ended;
    return fail(ErrorCode::corrupt, "the server answered something else than it was asked");
}

Status HttpWire::post(std::string_view message) {
    const TimeOrStop limit({}, kNotePatience);
    EC_ASSIGN(const net::HttpResponse response,
              notes_->send(request("POST", message, kNotePatience), {}, limit.token()));
    if (response.status < 200 || response.status > 299) return fail(refusal(response.status));
    return {};
}

void HttpWire::agreed(std::string_view revision) { revision_ = revision; }

// The second exchange is the first that a server can have a question about.
void HttpWire::wait_until_listening(const std::stop_token& stop) {
    if (revision_.empty()) return;
    if (!listener_.joinable()) {
        listener_ = std::jthread([this](const std::stop_token& end) { listen(end); });
        return;
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kStreamGrace, [this] { return heard_of_stream_; });
    heard_of_stream_ = true;
}

void HttpWire::listen(const std::stop_token& stop) {
    Stream stream(inbox_, nullptr, stop);
    for (int empty = 0; empty < kMostResumptions; empty = stream.progressed ? 0 : empty + 1) {
        net::HttpRequest listening = request("GET", {}, kListening);
        if (!stream.last_id.empty()) listening.headers.emplace_back("Last-Event-ID", stream.last_id);
        const Status status = run(*listening_, std::move(listening), stream, stop);
        const bool broke_off = status || status.error().code == ErrorCode::io;
        // One that has no such stream says so with 405.
        if (!broke_off || !stream.events || !waiter_.wait(stream.retry, stop)) break;
    }
    const std::lock_guard lock(mutex_);
    heard_of_stream_ = true;
    changed_.notify_all();
}

}  // namespace ec::apps::mcp
