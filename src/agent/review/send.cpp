#include <fmt/format.h>

#include <ec/agent/review_queue.hpp>
#include <ec/core/text.hpp>

namespace ec::agent {
namespace {

constexpr std::size_t kMostNote = 1000;

std::string note_of(const Error& error) {
    const std::string text = error.remedy.empty() ? error.message : fmt::format("{}; {}", error.message, error.remedy);
    return ellipsize(to_valid_utf8(text), kMostNote);
}

// Errors that say for certain that nobody read the question.
bool unread(ErrorCode code) {
    return code == ErrorCode::unavailable || code == ErrorCode::denied || code == ErrorCode::invalid_argument;
}

/// What it really cost; the most it could where the reviewer does not count.
Micros paid(const ReviewAnswer& answer, const ReviewerFacts& facts, Micros most) {
    if (!facts.price) return 0;
    if (!answer.prompt_tokens || !answer.answer_tokens) return most;
    return cost(*facts.price, *answer.prompt_tokens, *answer.answer_tokens);
}

std::string use_of(const ReviewAnswer& answer) {
    if (answer.cut) return "the answer was cut off at its limit; raise max_tokens and send it again";
    if (trim(answer.text).empty()) return "the answer was empty";
    if (answer.text.size() > kMostAnswer) return "the answer was longer than an answer may be";
    return {};
}

Result<Sent> look_again(ReviewQueue& queue, const ReviewItem& item, Reviewer& reviewer, std::stop_token stop) {
    Sent sent{.state = ReviewState::sent, .note = {}, .link = {}, .spent = item.spent};
    const auto answer = reviewer.look(item.ticket, std::move(stop));
    if (!answer) {
        if (answer.error().code == ErrorCode::cancelled) return fail(answer.error());
        sent.note = note_of(answer.error());
        return sent;
    }
    if (answer->waiting) {
        sent.note = "there is no answer yet";
        return sent;
    }
    if (const std::string trouble = use_of(*answer); !trouble.empty()) {
        sent.note = trouble;
        return sent;
    }
    sent.note = join(answer->warnings, "; ");
    EC_TRY(queue.answered(item.id, std::nullopt, 0, answer->text, sent.note));
    sent.state = ReviewState::answered;
    return sent;
}

}  // namespace

Result<Sent> send_review(ReviewQueue& queue, std::int64_t id, Reviewer& reviewer, const Budget& budget, bool again,
                         std::stop_token stop) {
    EC_ASSIGN(const ReviewItem item, queue.get(id));
    const ReviewerFacts& facts = reviewer.facts();
    if (item.state == ReviewState::sent && !item.ticket.empty()) {
        if (item.reviewer != facts.name)
            return fail(ErrorCode::invalid_argument, fmt::format("review {} waits for {}", id, item.reviewer));
        return look_again(queue, item, reviewer, std::move(stop));
    }
    EC_ASSIGN(const Micros most, most_cost(item.package, facts));
    EC_ASSIGN(const std::int64_t reservation, queue.begin_sending(id, facts.name, most, budget, again));
    auto answer = reviewer.ask(item.package, std::move(stop));
    if (!answer) {
        const std::string reason = note_of(answer.error());
        EC_TRY(queue.sending_failed(id, reservation, reason, !unread(answer.error().code)));
        if (answer.error().code == ErrorCode::cancelled) return fail(answer.error());
        return Sent{.state = ReviewState::queued, .note = reason, .link = {}, .spent = 0};
    }
    if (answer->waiting) {
        EC_TRY(queue.taken(id, reservation, answer->ticket));
        return Sent{.state = ReviewState::sent, .note = {}, .link = answer->link, .spent = most};
    }
    const Micros spent = paid(*answer, facts, most);
    if (const std::string trouble = use_of(*answer); !trouble.empty()) {
        EC_TRY(queue.unusable(id, reservation, spent, trouble));
        return Sent{.state = ReviewState::queued, .note = trouble, .link = {}, .spent = spent};
    }
    const std::string note = ellipsize(join(answer->warnings, "; "), kMostNote);
    EC_TRY(queue.answered(id, reservation, spent, answer->text, note));
    return Sent{.state = ReviewState::answered, .note = note, .link = {}, .spent = spent};
}

}  // namespace ec::agent
