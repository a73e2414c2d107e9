#include "routes.hpp"

#include <fmt/format.h>

#include <ec/agent/review.hpp>
#include <ec/core/text.hpp>
#include <ec/core/token.hpp>
#include <ec/json/json.hpp>
#include <optional>

#include "../web.hpp"

namespace ec::apps {
namespace {

using net::problem;
using net::Route;
using net::ServerRequest;
using net::ServerResponse;

constexpr std::size_t kLongestKey = 128;
constexpr std::uint64_t kMostQuestionBody = 4 * agent::kMostPackage;  // JSON may spell a byte with several
constexpr std::uint64_t kMostAnswerBody = 3 * agent::kMostAnswer + 1024;
constexpr unsigned kLinkTries = 60;

constexpr std::string_view kTokenPlace = "secrets/review-token of the service's data directory";

ServerResponse answer_with(int status, json::Object object) {
    return json_answer(json::write(std::move(object)), status);
}

json::Object to_json(const StoredReview& review) {
    json::Object object{{"id", review.id}, {"state", review.waiting() ? "waiting" : "answered"}};
    if (!review.waiting()) object["answer"] = review.answer;
    return object;
}

bool plain_text(std::string_view text, std::size_t most) {
    return !trim(text).empty() && text.size() <= most && is_valid_utf8(text) && text.find('\0') == std::string::npos;
}

/// The handlers, with what they share.
class ReviewRoutes {
public:
    ReviewRoutes(ReviewStore& store, std::string token) : store_(store), token_(std::move(token)) {}

    ServerResponse create(const ServerRequest& request) const {
        const std::string key = request.header("idempotency-key");
        if (key.empty() || key.size() > kLongestKey)
            return problem(400, "idempotency_key_required", "an Idempotency-Key of at most 128 characters is needed");
        const auto body = json::parse(request.body);
        if (!body) return problem(400, "malformed", body.error().message);
        json::Reader reader(*body);
        const std::string package = reader.require("package").string("package");
        const bool link = reader.boolean("link");
        if (!reader.status()) return problem(422, "invalid", reader.status().error().message);
        if (!plain_text(package, agent::kMostPackage))
            return problem(422, "invalid", "the package must be text, and not too long", {"package"});
        const auto review = store_.add(key, package, link);
        if (!review && review.error().code == ErrorCode::corrupt)
            return problem(422, "idempotency_key_reused", review.error().message);
        if (!review) return problem(review.error());
        json::Object object = to_json(*review);
        if (!review->link.empty()) object["link"] = fmt::format("/r/{}.{}", review->id, review->link);
        return answer_with(201, std::move(object));
    }

    ServerResponse read(const ServerRequest& request) const {
        const auto review = store_.get(request.params.at("id"));
        return review ? answer_with(200, to_json(*review)) : problem(review.error());
    }

    // Whether the link is a live one takes a look into the store, which is nothing for the server's loop: here only
    // whoever shows none of this review is sent away, before a byte of the body is read.
    std::optional<ServerResponse> turn_away_from_answer(const ServerRequest& head) const {
        const std::string given = bearer_token(head);
        if (same_secret(given, token_) || ReviewStore::review_of_link(given) == head.params.at("id")) return {};
        return bearer_wanted(kTokenPlace);
    }

    // A link's bearer may answer the question of the link, and learns of no other.
    ServerResponse answer(const ServerRequest& request) const {
        const std::string& id = request.params.at("id");
        const std::string given = bearer_token(request);
        if (!same_secret(given, token_)) {
            const auto linked = store_.get_by_link(given);
            if (!linked || linked->id != id) return bearer_wanted(kTokenPlace);
        }
        const auto body = json::parse(request.body);
        if (!body) return problem(400, "malformed", body.error().message);
        json::Reader reader(*body);
        const std::string text = reader.require("answer").string("answer");
        if (!reader.status()) return problem(422, "invalid", reader.status().error().message, {"answer"});
        if (!plain_text(text, agent::kMostAnswer))
            return problem(422, "invalid", "the answer must be text, and not too long", {"answer"});
        const auto review = store_.answer(id, text);
        return review ? answer_with(200, to_json(*review)) : problem(review.error());
    }

    ServerResponse show_page(const ServerRequest& request) const {
        const std::string& token = request.params.at("token");
        const auto review = store_.get_by_link(token);
        if (!review) return gone(review.error());
        return html_response(200, review_page(*review, token));
    }

    ServerResponse answer_page(const ServerRequest& request) const {
        const auto review = store_.get_by_link(request.params.at("token"));
        if (!review) return gone(review.error());
        const auto form = Form::parse(request.body);
        const std::string text = form ? replace_all(form->value("answer"), "\r\n", "\n") : std::string();
        if (!plain_text(text, agent::kMostAnswer))
            return html_response(422, note("That is no answer", "Go back: the answer must be text, and not too long."));
        const auto answered = store_.answer(review->id, text);
        if (!answered) return gone(answered.error());
        return html_response(200, note("Thank you", "Your answer is on its way. This link is used up."));
    }

    ServerResponse ready() const {
        if (!store_.check()) return problem(503, "not_ready", "the store does not answer");
        return text_answer("ready\n");
    }

    ServerResponse metrics() const {
        const auto waiting = store_.count(true);
        const auto answered = store_.count(false);
        if (!waiting || !answered) return problem(503, "not_ready", "the store does not answer");
        return metrics_answer(
            fmt::format("# HELP edgecoder_reviews Reviews kept, by state.\n# TYPE edgecoder_reviews gauge\n"
                        "edgecoder_reviews{{state=\"waiting\"}} {}\nedgecoder_reviews{{state=\"answered\"}} {}\n",
                        *waiting, *answered));
    }

private:
    static std::string note(std::string_view title, std::string_view text) {
        return fmt::format(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title></head>"
            "<body><main><h1>{0}</h1><p>{1}</p></main></body></html>\n",
            title, text);
    }
    static ServerResponse gone(const Error& error) {
        if (error.code == ErrorCode::not_found || error.code == ErrorCode::conflict)
            return html_response(404, note("Nothing here", "This link is unknown, used or too old."));
        return html_response(http_status(error.code), note("Not now", "Something went wrong here. Try again later."));
    }

    ReviewStore& store_;
    std::string token_;
};

}  // namespace

std::vector<Route> review_routes(ReviewStore& store, const std::string& token) {
    const auto shared = std::make_shared<const ReviewRoutes>(store, token);
    const auto with = [&](ServerResponse (ReviewRoutes::*handler)(const ServerRequest&) const) {
        return [shared, handler](const ServerRequest& request) { return (shared.get()->*handler)(request); };
    };
    const auto guarded = [&](Route route) { return behind_bearer(std::move(route), token, kTokenPlace); };
    std::vector<Route> routes{
        guarded({.method = "POST",
                 .path = "/reviews",
                 .summary = "Store a question, and make a link for a person if asked to",
                 .statuses = {201, 401, 422},
                 .request_type = "application/json",
                 .body_limit = kMostQuestionBody,
                 .per_minute = 120,
                 .handle = with(&ReviewRoutes::create)}),
        guarded({.method = "GET",
                 .path = "/reviews/{id}",
                 .summary = "The state of a question, with its answer",
                 .statuses = {200, 401, 404},
                 .request_type = "",
                 .handle = with(&ReviewRoutes::read)}),
        {.method = "POST",
         .path = "/reviews/{id}/answer",
         .summary = "Answer a question, once",
         .statuses = {200, 401, 404, 409, 422},
         .secured = true,
         .request_type = "application/json",
         .body_limit = kMostAnswerBody,
         .per_minute = 120,
         .handle = with(&ReviewRoutes::answer),
         .turn_away = [shared](const ServerRequest& head) { return shared->turn_away_from_answer(head); }},
        {.method = "GET",
         .path = "/r/{token}",
         .summary = "The page on which a person with a link reads a question",
         .statuses = {200, 404},
         .request_type = "",
         .per_minute = kLinkTries,
         .handle = with(&ReviewRoutes::show_page)},
        {.method = "POST",
         .path = "/r/{token}",
         .summary = "The answer from that page, once",
         .statuses = {200, 404, 422},
         .request_type = "application/x-www-form-urlencoded",
         .body_limit = kMostAnswerBody,
         .per_minute = kLinkTries,
         .handle = with(&ReviewRoutes::answer_page)},
        get_route("/healthz", "Whether the service runs", [](const ServerRequest&) { return text_answer("ok\n"); }),
        get_route("/readyz", "Whether its store answers", [shared](const ServerRequest&) { return shared->ready(); }),
        get_route("/metrics", "Counts for Prometheus", [shared](const ServerRequest&) { return shared->metrics(); })};
    add_openapi(routes, "EdgeCoder review");
    return routes;
}

}  // namespace ec::apps
