// Between the thread that runs the agent and the one that owns the terminal.
//
// The agent's side posts events and asks questions; the terminal's side drains, answers and redirects. Both queues are
// bounded: post() waits while kMostEvents are unread, a redirection replaces nothing but is refused when kMostRedirects
// wait. wake_descriptor() becomes readable when there is something to drain. Every wait ends when the stop token says
// so or close() was called. One mutex guards everything.
#pragma once

#include <condition_variable>
#include <deque>
#include <ec/agent/events.hpp>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace ec::apps::session {

struct PlanQuestion {
    agent::Plan plan;
};
struct PatchQuestion {
    std::string patch;
    std::optional<executor::TestReport> report;
};
struct CommandQuestion {
    std::string command;
    std::string why;
    std::string asks;  ///< instead of "Run this in the sandbox?", for something that is only approved or rejected
};
using Question = std::variant<PlanQuestion, PatchQuestion, CommandQuestion>;

class Exchange {
public:
    static constexpr std::size_t kMostEvents = 512;
    static constexpr std::size_t kMostRedirects = 32;

    /// `unavailable` when the system has no descriptors left.
    static Result<std::unique_ptr<Exchange>> create();

    // --- the agent's side
    void post(const agent::AgentEvent& event);
    /// Waits for the person. Stopped or closed: a rejection that says so.
    agent::Answer ask(Question question, const std::stop_token& stop);
    std::optional<std::string> take_redirect();

    // --- the terminal's side
    struct Drained {
        std::vector<agent::AgentEvent> events;
        std::optional<Question> question;  ///< each question comes out once
    };
    Drained drain();
    void answer(agent::Answer answer);
    /// False when too many wait already.
    bool redirect(std::string text);
    /// Redirections that nobody took; they are gone here.
    std::vector<std::string> take_redirects();
    /// The terminal is going away: nothing waits any more, events are dropped.
    void close();
    /// Wakes the terminal's side without a message.
    void wake();

    [[nodiscard]] int wake_descriptor() const { return read_end_.get(); }

private:
    Exchange(UniqueFd read_end, UniqueFd write_end)
        : read_end_(std::move(read_end)), write_end_(std::move(write_end)) {}

    UniqueFd read_end_;
    UniqueFd write_end_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<agent::AgentEvent> events_;
    std::optional<Question> question_;
    std::optional<agent::Answer> answer_;
    std::deque<std::string> redirects_;
    bool closed_ = false;
};

}  // namespace ec::apps::session
