// The port through which the session in the terminal reaches the agent, the models, the sandbox and the journal.
//
// Threads: the session calls every method from one thread of its own, one call at a time, and never two at once; an
// implementation needs no locks against the session. A method that takes a stop token returns soon (100 ms is a good
// promise) after a stop was requested, with `cancelled`; the others should take no longer than a person waits for a
// prompt. AgentEvents and Person may be used only until the method returns, from the calling thread.
//
// Texts that come back are for a person. They may hold bytes of a model, a repository or a program: the session makes
// them safe for the terminal.
#pragma once

#include <cstdint>
#include <ec/agent/events.hpp>
#include <ec/core/result.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::session {

/// Where the model runs.
enum class Place { none, local, local_server, remote };

/// What the status line and /cost show.
struct SessionStatus {
    Place place = Place::none;
    std::string endpoint;  ///< local_server: "127.0.0.1:11434"; remote: the host that text is sent to
    std::string model;
    std::string sandbox_tier;         ///< "A", "B" or "C"; empty when there is none
    std::string test_command;         ///< empty when none is known
    agent::UsageEvent usage;          ///< all tasks of this session
    std::string spending;             ///< one line, "0.12 of 2.00 EUR today"; empty when nothing costs money
    std::vector<std::string> models;  ///< names known without asking anybody, for completion
};

struct ModelChoice {
    std::string name;
    std::string note;  ///< "4.7 GB, 21 tokens a second here", "remote"
    bool current = false;
};

struct TaskRequest {
    std::string text;
    bool plan_first = true;  ///< show a plan and ask before the first edit
};

class SessionHost {
public:
    virtual ~SessionHost() = default;

    /// Works on a task to its end; the result is one closing sentence.
    virtual Result<std::string> run_task(const TaskRequest& task, agent::AgentEvents& events, agent::Person& person,
                                         std::stop_token stop) = 0;
    /// Runs a command line in the sandbox: its output and, in the last line, how it ended.
    virtual Result<std::string> run_command(const std::string& line, std::stop_token stop) = 0;
    /// Runs the tests, telling a TestsEvent; a command given is the test command from now on.
    virtual Result<std::string> run_tests(const std::optional<std::string>& command, agent::AgentEvents& events,
                                          std::stop_token stop) = 0;
    /// What this session changed, as a unified diff; empty when nothing.
    virtual Result<std::string> diff() = 0;
    /// One checkpoint back or forth, files and conversation: a sentence that says what it was.
    virtual Result<std::string> undo() = 0;
    virtual Result<std::string> redo() = 0;
    virtual Result<std::vector<ModelChoice>> models(std::stop_token stop) = 0;
    /// Uses this model from the next task on.
    virtual Result<std::string> set_model(const std::string& name, std::stop_token stop) = 0;
    /// /review WORDS: queue, list, show, send, accept, reject, edit. What would be sent is shown and asked for through
    /// `person`.
    virtual Result<std::string> review(const std::string& words, agent::Person& person, std::stop_token stop) = 0;
    /// Goes on where the last session in this repository stopped.
    virtual Result<std::string> resume(std::stop_token stop) = 0;
    /// Forgets the conversation; files stay as they are.
    virtual Result<std::string> clear() = 0;
    virtual SessionStatus status() = 0;
};

}  // namespace ec::apps::session
