// Who is asked for a review, what that may cost, and the adapters for the three kinds: a model behind a ChatModel, a
// team's review service, and a person who gets a link from that service.
//
// Money is an integer count of millionths of the configured currency; there is no floating point anywhere.
//
// Threads: one call at a time per Reviewer; the stop token may fire anywhere.
#pragma once

#include <cstdint>
#include <ec/agent/review.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::model {
class ChatModel;
}
namespace ec::net {
class HttpClient;
}

namespace ec::agent {

/// Millionths of a unit of some currency.
using Micros = std::int64_t;

/// "2", "2.5", "0.000001": at most six digits behind the point, at most a thousand million.
Result<Micros> parse_amount(std::string_view text);
/// "2.50", "0.000001": at least two digits behind the point.
std::string amount_text(Micros amount);

/// For a million tokens each.
struct Price {
    Micros in = 0;
    Micros out = 0;
    bool operator==(const Price&) const = default;
};
/// Rounded up to a millionth.
Micros cost(const Price& price, std::int64_t tokens_in, std::int64_t tokens_out);

/// What may be spent on one day (UTC). A cap of 0 lets only reviewers through that cost nothing.
struct Budget {
    std::string currency = "USD";
    Micros most_per_day = 0;
};

struct ReviewerFacts {
    std::string name;            ///< as in the configuration
    std::string where;           ///< the address
    bool remote = true;          ///< not on this machine
    std::optional<Price> price;  ///< nothing: not known, and no remote reviewer without a price is asked
    int most_answer_tokens = 0;  ///< 0: answers are not counted in tokens
};

/// The most that a question may cost: every byte a token, and the longest answer. `denied` when the price is unknown.
Result<Micros> most_cost(const ReviewPackage& package, const ReviewerFacts& facts);

struct ReviewAnswer {
    bool waiting = false;  ///< it was taken, and the answer is not there yet: look() for it
    bool cut = false;      ///< the answer ended at its limit and is not whole
    std::string text;
    std::string ticket;  ///< the reviewer's own name for it
    std::string link;    ///< for a person to open: shown once, kept nowhere here
    std::optional<std::int64_t> prompt_tokens;
    std::optional<std::int64_t> answer_tokens;
    std::vector<std::string> warnings;
};

class Reviewer {
public:
    virtual ~Reviewer() = default;
    [[nodiscard]] virtual const ReviewerFacts& facts() const = 0;
    /// Sends package.text, byte for byte, and nothing else of the workspace. `unavailable` only when nobody read it.
    virtual Result<ReviewAnswer> ask(const ReviewPackage& package, std::stop_token stop) = 0;
    /// Asks for the answer to an earlier question; `not_found` when the reviewer does not know the ticket (any more).
    virtual Result<ReviewAnswer> look(const std::string& ticket, std::stop_token stop) = 0;
};

/// A model: answers at once. `model` outlives it.
std::unique_ptr<Reviewer> make_chat_reviewer(model::ChatModel& model, ReviewerFacts facts);

struct TeamReviewerOptions {
    std::string url;          ///< of the service, without a path of its own: "https://review.example:4305"
    std::string token;        ///< bearer token of the service
    bool for_person = false;  ///< also ask for a link that lets one person read and answer
};
/// A team's review service: takes the question, and the answer is looked for later. `client` outlives it.
std::unique_ptr<Reviewer> make_team_reviewer(net::HttpClient& client, ReviewerFacts facts, TeamReviewerOptions options);

/// One `[review.NAME]` of config.toml.
struct ReviewerSettings {
    enum class Kind { openai, team, link };
    std::string name;
    Kind kind = Kind::openai;
    std::string url;
    std::string model;    ///< openai only
    std::string key_env;  ///< the variable that holds the key or token; may be empty
    std::optional<Price> price;
    int max_tokens = 8192;
};
std::string_view name(ReviewerSettings::Kind kind);

struct ReviewSettings {
    Budget budget;
    std::vector<ReviewerSettings> reviewers;  ///< sorted by name

    [[nodiscard]] const ReviewerSettings* find(std::string_view name) const;
};

/// The `[review]` part of a config.toml; the other tables are left to others. Any error is `invalid_argument` with the
/// line and the key. docs/review.md has the keys.
Result<ReviewSettings> parse_review_settings(std::string_view text, std::string_view source);

}  // namespace ec::agent
