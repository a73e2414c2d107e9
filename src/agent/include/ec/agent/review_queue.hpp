// The review queue: questions that wait for a person to send them, their answers, and what they cost.
//
// Lives in DATA_DIR/review.db (mode 0600). An item goes queued → sent → answered → accepted or rejected; every step is
// one transaction that checks the step before, so two programs cannot send the same item twice. Money is reserved in
// the transaction that begins the sending, at its most, and settled when the answer came: a program that dies in
// between has spent what it reserved.
//
// Threads: one thread at a time; several processes may use the queue. Errors are those of sql, `not_found` for an item
// that does not exist and `conflict` for a step that its state does not allow.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/agent/review.hpp>
#include <ec/agent/reviewer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ec::agent {

enum class ReviewState { queued, sent, answered, accepted, rejected };
std::string_view name(ReviewState state);

struct ReviewItem {
    std::int64_t id = 0;
    std::int64_t created_ms = 0;  ///< since the epoch
    std::filesystem::path workspace;
    std::string task;
    ReviewWhy why = ReviewWhy::asked;
    std::string test;
    ReviewPackage package;
    ReviewState state = ReviewState::queued;
    std::string note;      ///< why it is where it is: "nothing answers at …"
    std::string reviewer;  ///< who was asked last
    std::string ticket;    ///< what the reviewer calls it; empty unless an answer is waited for
    std::string answer;    ///< as it came, or as the person edited it
    bool edited = false;
    std::string verdict;  ///< ReviewVerdict::text() of the last judgement
    Micros spent = 0;     ///< of `currency`
    std::string currency;
};

class ReviewQueue {
public:
    using Now = std::function<std::chrono::system_clock::time_point()>;
    /// Makes the folder (mode 0700) and the database when they are missing.
    static Result<ReviewQueue> open(const std::filesystem::path& data_dir, Now now);
    ReviewQueue(ReviewQueue&&) noexcept;
    ReviewQueue& operator=(ReviewQueue&&) noexcept;
    ~ReviewQueue();

    /// Gives the new item's id.
    Result<std::int64_t> add(const ReviewQuestion& question, const ReviewPackage& package);
    Result<ReviewItem> get(std::int64_t id);
    /// Newest first, at most `limit`, those in `state` or all.
    Result<std::vector<ReviewItem>> list(std::optional<ReviewState> state, std::size_t limit);

    /// What was spent or reserved today (UTC) in this currency.
    Result<Micros> spent_today(const std::string& currency);
    /// For a question to a remote model, which is no item: `most` of today's budget, or `denied`. settle() says what it
    /// cost; what is never settled stays spent.
    Result<std::int64_t> reserve(const std::string& who, Micros most, const Budget& budget);
    Status settle(std::int64_t reservation, Micros cost);
    /// queued → sent. `denied` when `most` would go beyond what is left of today's budget. `again`: also an item that
    /// was being sent when the program ended. Gives the number of the reservation.
    Result<std::int64_t> begin_sending(std::int64_t id, const std::string& reviewer, Micros most, const Budget& budget,
                                       bool again);
    /// sent → queued, for `reason`. `read`: the reviewer may have read it, and the reservation stays spent.
    Status sending_failed(std::int64_t id, std::int64_t reservation, const std::string& reason, bool read);
    /// Stays sent: the reviewer took it and will answer later.
    Status taken(std::int64_t id, std::int64_t reservation, const std::string& ticket);
    /// sent → queued when the answer is of no use, with what it cost.
    Status unusable(std::int64_t id, std::int64_t reservation, Micros cost, const std::string& reason);
    /// sent → answered. Without a reservation for an item whose cost is settled.
    Status answered(std::int64_t id, std::optional<std::int64_t> reservation, Micros cost, const std::string& answer,
                    const std::string& note);

    /// The person's own version of an answer.
    Status edit(std::int64_t id, const std::string& answer);
    Status judged(std::int64_t id, const ReviewVerdict& verdict);
    /// answered → accepted.
    Status accept(std::int64_t id);
    /// queued or answered → rejected; also a sent one, whose answer nobody will look for.
    Status reject(std::int64_t id);

private:
    struct State;
    explicit ReviewQueue(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

struct Sent {
    ReviewState state = ReviewState::queued;
    std::string note;  ///< why it still waits, or what the person should know of the answer
    std::string link;  ///< ReviewAnswer::link
    Micros spent = 0;
};

/// Sends a queued item, or asks for the answer to a sent one. Trouble with the reviewer is no error here: the item
/// waits with the reason in `note`. `denied` above the cap and for a remote reviewer whose price is unknown.
Result<Sent> send_review(ReviewQueue& queue, std::int64_t id, Reviewer& reviewer, const Budget& budget, bool again,
                         std::stop_token stop);

}  // namespace ec::agent
