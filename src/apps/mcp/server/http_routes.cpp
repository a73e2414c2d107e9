#include "http_routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>
#include <optional>

#include "../../web.hpp"
#include "stateless.hpp"

namespace ec::apps::mcp {
namespace {

using net::problem;
using net::Responder;
using net::Route;
using net::ServerRequest;
using net::ServerResponse;

constexpr std::uint64_t kMostBody = 4 << 20;

ServerResponse json_response(int status, std::string body) {
    return {.status = status, .type = "application/json", .body = std::move(body), .headers = {}};
}

bool accepts(const ServerRequest& request, std::string_view type) {
    const std::string field = request.header("accept");
    return std::ranges::any_of(split(field, ','), [&](std::string_view range) {
        range = trim(range.substr(0, range.find(';')));
        return range == type || range == "*/*" || range == std::string(type.substr(0, type.find('/'))) + "/*";
    });
}

/// Keeps the answer to a request that is answered at once.
class KeptAnswer final : public Outlet {
public:
    void message(const std::string&) override {}
    void answer(const std::string& text) override { text_ = text; }
    void leave() override {}
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
};

/// The answer to a POST: one JSON document, or a stream as soon as there is something to say before it.
class PostOutlet final : public Outlet {
public:
    PostOutlet(std::shared_ptr<HttpSession> session, std::shared_ptr<Responder> responder)
        : session_(std::move(session)), responder_(std::move(responder)) {}

    void begin() {
        const std::lock_guard lock(mutex_);
        begin_locked();
    }
    void message(const std::string& text) override { stream().send(text); }
    void answer(const std::string& text) override {
        {
            const std::lock_guard lock(mutex_);
            if (!stream_) return std::exchange(responder_, nullptr)->answer(json_response(200, text));
        }
        stream_->send(text);
        stream_->finish();
    }
    void leave() override { stream().finish(); }
    void hang_up() override { stream().hang_up(); }

    /// A client that is gone and has nothing to come back to: its call is stopped. Once.
    static void watch(const std::shared_ptr<PostOutlet>& outlet, const std::stop_token& gone, json::Value id) {
        outlet->on_gone_.emplace(gone, [weak = std::weak_ptr(outlet), id = std::move(id)] {
            const auto self = weak.lock();
            if (self && (self->session_->passing() || !self->streaming())) self->session_->conversation().cancel(id);
        });
    }

private:
    bool streaming() {
        const std::lock_guard lock(mutex_);
        return stream_ != nullptr;
    }
    void begin_locked() {
        if (stream_) return;
        stream_ = session_->open_stream();
        stream_->attach(std::exchange(responder_, nullptr), 0);
    }
    EventStream& stream() {
        begin();
        return *stream_;
    }

    std::shared_ptr<HttpSession> session_;
    std::mutex mutex_;
    std::shared_ptr<Responder> responder_;  // under mutex_; null once it has its answer
    std::shared_ptr<EventStream> stream_;   // set under mutex_, then left alone
    std::optional<std::stop_callback<std::function<void()>>> on_gone_;
};

class Transport {
public:
    Transport(const Registry& registry, CallThreads& threads, HttpSessions& sessions, Gate& gate)
        : registry_(registry), threads_(threads), sessions_(sessions), gate_(gate) {}

    void post(const ServerRequest& request, const std::shared_ptr<Responder>& responder) const {
        const auto bearer = enter(request);
        if (!bearer) return responder->answer(bearer.error());
        if (!accepts(request, "application/json") || !accepts(request, "text/event-stream")) {
            return responder->answer(
                problem(406, "not_acceptable", "the Accept field must list application/json and text/event-stream"));
        }
        auto message = rpc::decode(request.body);
        if (!message) {
            rpc::BadMessage bad = std::move(message).error();
            return responder->answer(json_response(
                400, rpc::encode(rpc::Response{std::move(bad.id), std::unexpected(std::move(bad.error))})));
        }
        auto* asked = std::get_if<rpc::Request>(&*message);
        if (asked != nullptr && !asked->notification() && speaks_stateless(request, *asked))
            return ask_stateless(request, *asked, *bearer, responder);
        if (const auto wrong = bad_revision(request)) return responder->answer(*wrong);
        if (asked != nullptr && asked->method == "initialize" && !asked->notification())
            return responder->answer(initialize(std::move(*asked), *bearer));
        const auto session = session_of(request, *bearer);
        if (!session) return responder->answer(session.error());
        if (auto* response = std::get_if<rpc::Response>(&*message)) {
            (*session)->conversation().response(std::move(*response));
            return responder->answer({.status = 202, .body = {}, .headers = {}});
        }
        if (asked->notification()) {
            (*session)->conversation().notification(*asked);
            return responder->answer({.status = 202, .body = {}, .headers = {}});
        }
        ask(request, *asked, *session, *bearer, responder);
    }

    void get(const ServerRequest& request, const std::shared_ptr<Responder>& responder) const {
        const auto bearer = enter(request);
        if (!bearer) return responder->answer(bearer.error());
        if (!accepts(request, "text/event-stream"))
            return responder->answer(problem(406, "not_acceptable", "the Accept field must list text/event-stream"));
        if (const auto wrong = bad_revision(request)) return responder->answer(*wrong);
        const auto session = session_of(request, *bearer);
        if (!session) return responder->answer(session.error());
        const std::string last = request.header("last-event-id");
        std::uint64_t number = 0;
        std::uint64_t after = 0;
        if (!last.empty() && !parse_event_id(last, number, after))
            return responder->answer(problem(400, "bad_event_id", "Last-Event-ID is none of ours"));
        const auto stream = (*session)->stream(number);
        if (!stream) return responder->answer(problem(400, "bad_event_id", "that stream is over"));
        stream->attach(responder, after);
    }

    /// What `enter` refuses, it refuses by the head.
    [[nodiscard]] std::optional<ServerResponse> turn_away(const ServerRequest& head) const {
        auto bearer = enter(head);
        return bearer ? std::nullopt : std::optional(std::move(bearer).error());
    }

    ServerResponse remove(const ServerRequest& request) const {
        const auto bearer = enter(request);
        if (!bearer) return bearer.error();
        if (const auto wrong = bad_revision(request)) return *wrong;
        const auto session = session_of(request, *bearer);
        if (!session) return session.error();
        sessions_.remove((*session)->id());
        return {.status = 204, .body = {}, .headers = {}};
    }

private:
    std::expected<Bearer, ServerResponse> enter(const ServerRequest& request) const {
        if (from_other_page(request))
            return std::unexpected(problem(403, "page_refused", "this server does nothing for web pages"));
        return gate_.admit(request);
    }

    /// Of what belongs to a session.
    static std::optional<ServerResponse> bad_revision(const ServerRequest& request) {
        const std::string revision = request.header("mcp-protocol-version");
        if (revision.empty() || is_revision(revision)) return std::nullopt;
        return problem(400, "bad_protocol_version",
                       fmt::format("MCP-Protocol-Version must be one of {}",
                                   join(std::vector<std::string>(kRevisions.begin(), kRevisions.end()), ", ")));
    }

    static bool speaks_stateless(const ServerRequest& request, const rpc::Request& asked) {
        return is_stateless(asked) || request.header("mcp-protocol-version") == kStatelessRevision;
    }

    void ask_stateless(const ServerRequest& request, const rpc::Request& asked, const Bearer& bearer,
                       const std::shared_ptr<Responder>& responder) const {
        const auto say_no = [&](int status, rpc::RpcError error) {
            responder->answer(
                json_response(status, rpc::encode(rpc::Response{asked.id, std::unexpected(std::move(error))})));
        };
        if (!is_stateless(asked)) return say_no(400, {rpc::kInvalidParams, "params._meta names no revision", nullptr});
        if (auto mismatch = header_mismatch(request, asked)) return say_no(400, *std::move(mismatch));
        if (const auto terms = request_terms(asked); !terms) return say_no(400, terms.error());
        if (!has_stateless_method(registry_, asked.method))
            return say_no(404, {rpc::kMethodNotFound, "there is no such method", nullptr});
        ask(request, asked, sessions_.lend(std::make_shared<Conversation>(registry_, threads_)), bearer, responder);
    }

    std::expected<std::shared_ptr<HttpSession>, ServerResponse> session_of(const ServerRequest& request,
                                                                           const Bearer& bearer) const {
        const std::string id = request.header("mcp-session-id");
        if (id.empty()) return std::unexpected(problem(400, "no_session", "the Mcp-Session-Id field is missing"));
        auto session = sessions_.find(id, bearer.owner);
        if (!session) return std::unexpected(problem(404, "unknown_session", "there is no such session"));
        return session;
    }

    ServerResponse initialize(rpc::Request request, const Bearer& bearer) const {
        const auto conversation = std::make_shared<Conversation>(registry_, threads_);
        const auto kept = std::make_shared<KeptAnswer>();
        conversation->request(std::move(request), kept);
        ServerResponse response = json_response(200, kept->text());
        if (conversation->revision().empty()) return response;  // what it said was refused
        const auto session = sessions_.add(bearer.owner, conversation);
        if (!session) return problem(session.error());
        response.headers.emplace_back("Mcp-Session-Id", (*session)->id());
        return response;
    }

    void ask(const ServerRequest& request, const rpc::Request& asked, const std::shared_ptr<HttpSession>& session,
             const Bearer& bearer, const std::shared_ptr<Responder>& responder) const {
        const auto outlet = std::make_shared<PostOutlet>(session, responder);
        const std::stop_token gone = responder->gone();
        if (asked.method == "tools/call") {
            const NamedCall call = named_call(asked);
            const std::string scope =
                call.tool != nullptr && call.tool->scope ? call.tool->scope(*call.arguments) : std::string();
            if (!scope.empty() && !bearer.scopes.contains(scope))
                return responder->answer(gate_.forbid(request, scope));
            if (call.tool != nullptr && call.tool->slow) outlet->begin();
        }
        session->conversation().request(asked, outlet, bearer.scopes);
        // Afterwards, for a client that is gone already has a call to stop.
        if (asked.method == "tools/call") PostOutlet::watch(outlet, gone, asked.id);
    }

    struct NamedCall {
        const Tool* tool = nullptr;
        const json::Object* arguments = nullptr;
    };
    /// As far as the request names one; what is wrong with it the conversation says.
    NamedCall named_call(const rpc::Request& asked) const {
        static const json::Object none;
        const json::Value* name = asked.params.if_contains("name");
        const json::Value* arguments = asked.params.if_contains("arguments");
        NamedCall call;
        if (name != nullptr && name->is_string()) call.tool = registry_.tool(std::string_view(name->get_string()));
        call.arguments = arguments != nullptr && arguments->is_object() ? &arguments->get_object() : &none;
        return call;
    }

    static bool parse_event_id(std::string_view text, std::uint64_t& stream, std::uint64_t& event) {
        const std::size_t dash = text.find('-');
        if (dash == std::string_view::npos) return false;
        const auto number = [](std::string_view digits, std::uint64_t& value) {
            const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
            return error == std::errc() && end == digits.data() + digits.size();
        };
        return number(text.substr(0, dash), stream) && number(text.substr(dash + 1), event);
    }

    const Registry& registry_;
    CallThreads& threads_;
    HttpSessions& sessions_;
    Gate& gate_;
};

}  // namespace

std::vector<Route> mcp_routes(const Registry& registry, CallThreads& threads, HttpSessions& sessions, Gate& gate) {
    const auto transport = std::make_shared<const Transport>(registry, threads, sessions, gate);
    const std::vector<int> statuses = {200, 202, 400, 401, 403, 404, 406};
    const auto turn_away = [transport](const ServerRequest& head) { return transport->turn_away(head); };
    return {{.method = "POST",
             .path = "/mcp",
             .summary = "One message of a client, answered by JSON or by a stream of events",
             .statuses = statuses,
             .secured = true,
             .request_type = "application/json",
             .body_limit = kMostBody,
             .per_minute = 3000,
             .take = [transport](const ServerRequest& request,
                                 std::shared_ptr<Responder> responder) { transport->post(request, responder); },
             .turn_away = turn_away},
            {.method = "GET",
             .path = "/mcp",
             .summary = "Events that belong to no request, or the rest of a stream that broke",
             .statuses = {200, 400, 401, 403, 404, 406},
             .secured = true,
             .request_type = "",
             .take = [transport](const ServerRequest& request,
                                 std::shared_ptr<Responder> responder) { transport->get(request, responder); },
             .turn_away = turn_away},
            {.method = "DELETE",
             .path = "/mcp",
             .summary = "End a session",
             .statuses = {204, 400, 401, 403, 404},
             .secured = true,
             .request_type = "",
             .handle = [transport](const ServerRequest& request) { return transport->remove(request); },
             .turn_away = turn_away}};
}

}  // namespace ec::apps::mcp
