#include <fmt/format.h>

#include <ec/agent/reviewer.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ec/net/http_client.hpp>

namespace ec::agent {
namespace {

constexpr std::uint64_t kMostReply = 2 * kMostAnswer;
constexpr std::size_t kMostTicket = 64;
constexpr std::size_t kMostLink = 2048;

bool plain_ticket(std::string_view text) {
    return !text.empty() && text.size() <= kMostTicket &&
           text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
               std::string_view::npos;
}

/// What a service that said no meant (RFC 9457, read with caution).
std::unexpected<Error> refusal(const net::HttpResponse& response, std::string_view where) {
    std::string detail;
    if (const auto body = json::parse(response.body)) {
        json::Reader reader(*body);
        detail = ellipsize(reader.string("detail"), 300);
    }
    const std::string message =
        fmt::format("{} answers {}{}{}", where, response.status, detail.empty() ? "" : ": ", detail);
    if (response.status == 401 || response.status == 403)
        return fail(ErrorCode::denied, message, "look at the token that key_env names");
    if (response.status == 404) return fail(ErrorCode::not_found, message);
    if (response.status == 429 || response.status == 503)
        return fail(ErrorCode::unavailable, message, "try again later");
    return fail(ErrorCode::io, message);
}

class TeamReviewer final : public Reviewer {
public:
    TeamReviewer(net::HttpClient& client, ReviewerFacts facts, TeamReviewerOptions options)
        : client_(client), facts_(std::move(facts)), options_(std::move(options)) {}

    [[nodiscard]] const ReviewerFacts& facts() const override { return facts_; }

    Result<ReviewAnswer> ask(const ReviewPackage& package, std::stop_token stop) override {
        net::HttpRequest request = to("/reviews");
        request.method = "POST";
        request.headers.emplace_back("Idempotency-Key", package.key);
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = json::write(json::Object{{"package", package.text}, {"link", options_.for_person}});
        EC_ASSIGN(const net::HttpResponse response, client_.send(request, {}, std::move(stop)));
        if (response.status != 201 && response.status != 200) return refusal(response, options_.url);
        EC_ASSIGN(ReviewAnswer answer, read(response));
        if (!plain_ticket(answer.ticket)) return fail(ErrorCode::corrupt, fmt::format("{} gives no id", options_.url));
        if (options_.for_person && answer.link.empty())
            return fail(ErrorCode::corrupt, fmt::format("{} gives no link", options_.url));
        return answer;
    }

    Result<ReviewAnswer> look(const std::string& ticket, std::stop_token stop) override {
        if (!plain_ticket(ticket)) return fail(ErrorCode::not_found, "that is no id of a review service");
        const net::HttpRequest request = to("/reviews/" + ticket);
        EC_ASSIGN(const net::HttpResponse response, client_.send(request, {}, std::move(stop)));
        if (response.status != 200) return refusal(response, options_.url);
        return read(response);
    }

private:
    [[nodiscard]] net::HttpRequest to(const std::string& path) const {
        net::HttpRequest request;
        request.url = options_.url + path;
        request.why = "review";
        request.body_limit = kMostReply;
        request.headers.emplace_back("Accept", "application/json");
        if (!options_.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.token);
        return request;
    }

    // The service's "link" is a path of its own: where it is reached is known here, not there.
    Result<ReviewAnswer> read(const net::HttpResponse& response) const {
        EC_ASSIGN(const json::Value body, json::parse(response.body));
        json::Reader reader(body, "answer");
        ReviewAnswer answer;
        answer.ticket = reader.require("id").string("id");
        const std::string state = reader.require("state").string("state");
        answer.text = reader.string("answer");
        const std::string link = reader.string("link");
        EC_TRY(reader.status());
        if (state != "waiting" && state != "answered")
            return fail(ErrorCode::corrupt, fmt::format("{} knows no review state", options_.url));
        answer.waiting = state == "waiting";
        if (!link.empty()) {
            if (!link.starts_with("/r/") || link.size() > kMostLink ||
                link.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_./") !=
                    std::string::npos) {
                return fail(ErrorCode::corrupt, fmt::format("{} gives a link that is none", options_.url));
            }
            answer.link = options_.url + link;
        }
        return answer;
    }

    net::HttpClient& client_;
    ReviewerFacts facts_;
    TeamReviewerOptions options_;
};

}  // namespace

std::unique_ptr<Reviewer> make_team_reviewer(net::HttpClient& client, ReviewerFacts facts,
                                             TeamReviewerOptions options) {
    return std::make_unique<TeamReviewer>(client, std::move(facts), std::move(options));
}

}  // namespace ec::agent
