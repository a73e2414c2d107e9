// What an agent tells while it works, and what it asks a person. `apps` makes terminal text, JSON lines or an editor's
// protocol of it; the agents know none of them.
//
// Threads: event() and the questions come from the thread that runs the agent, one at a time. redirection() is asked
// between two steps and must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/executor/report.hpp>
#include <ec/vcs/diff.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ec::agent {

struct PlanStep {
    enum class State { pending, doing, done, failed };
    std::string text;
    State state = State::pending;
    bool operator==(const PlanStep&) const = default;
};

struct Plan {
    std::vector<PlanStep> steps;
    std::vector<std::string> files;  ///< that it expects to touch
    bool operator==(const Plan&) const = default;
};

struct StageEvent {
    std::string name;    ///< "context", "plan", "sample", "edit", "test", "repair", "search", "verify"
    std::string detail;  ///< one line for a person
};
struct PlanEvent {
    Plan plan;
};
/// A piece of what the model writes, as it comes.
struct TextEvent {
    std::string text;
    bool thinking = false;
};
struct ToolEvent {
    enum class Phase { started, finished };
    Phase phase = Phase::started;
    std::string name;     ///< "read", "search", "test", …
    std::string summary;  ///< one line: "src/app.py lines 10-40", "3 failed, 12 passed"
    bool ok = true;
    std::string arguments = {};  ///< started: the call's, as JSON
    std::string output = {};     ///< finished: what the model gets to see of it
};
/// A file as the agent would change it; nothing is written yet.
struct EditEvent {
    std::string path;
    std::string patch;  ///< unified diff of this one file
};
struct TestsEvent {
    executor::TestReport report;
    std::chrono::milliseconds wall{0};
};
struct ProgressEvent {
    std::string what;    ///< "prompt", "samples", "candidates"
    double share = -1;   ///< 0 to 1; negative when there is no end in sight
    std::string detail;  ///< "3 of 8", "412 candidates, 530 a second"
};
/// Totals of the task so far.
struct UsageEvent {
    std::int64_t prompt_tokens = 0;
    std::int64_t cached_tokens = 0;
    std::int64_t completion_tokens = 0;
    int calls = 0;
    double seconds = 0;            ///< of work, without what is in `waited`
    std::optional<double> joules;  ///< where the machine tells
    double waited = 0;             ///< seconds that the person took to answer
};
struct WarningEvent {
    std::string text;
};
/// What was kept out of the prompt, and why: "config/.env: a file of secrets".
struct WithheldEvent {
    std::string what;
    std::string why;
};
/// A place to come back to: files and conversation as they were.
struct CheckpointEvent {
    std::string id;
    std::string label;
};

using AgentEvent = std::variant<StageEvent, PlanEvent, TextEvent, ToolEvent, EditEvent, TestsEvent, ProgressEvent,
                                UsageEvent, WarningEvent, WithheldEvent, CheckpointEvent>;

class AgentEvents {
public:
    virtual ~AgentEvents() = default;
    virtual void event(const AgentEvent& event) = 0;
};

struct Answer {
    enum class Kind { approve, reject, edit, redirect };
    Kind kind = Kind::approve;
    std::string text;  ///< edit: the new text of what was shown; redirect: what to do instead
};

/// A call of a tool that another program serves.
struct ToolUse {
    std::string server;
    std::string tool;
    std::string arguments;  ///< as JSON, exactly what would be sent
    std::string why;        ///< why a person is asked; may hold words of the server's
    /// Of the tool as its server describes it now, for who lets it be called again without asking; empty: ask each
    /// time.
    std::string fingerprint = {};
};

/// The person, or what stands for one.
class Person {
public:
    virtual ~Person() = default;
    virtual Answer approve_plan(const Plan& plan) = 0;
    /// Told before approve_patch(): the files of that change, whole.
    virtual void proposed(const std::vector<vcs::FileVersion>& /*files*/) {}
    /// All files of one change together, as one patch with the verdict of its tests.
    virtual Answer approve_patch(const std::string& patch, const executor::TestReport* report) = 0;
    /// A command that the agent wants to run in the sandbox, or a question of the model's.
    virtual Answer approve_command(const std::string& command, const std::string& why) = 0;
    /// A tool of another program, which does who knows what: rejected unless somebody says otherwise. `edit` carries
    /// other arguments.
    virtual Answer approve_tool(const ToolUse& /*use*/) { return {Answer::Kind::reject, "nobody is there to ask"}; }
    /// What was typed while the agent worked, once.
    virtual std::optional<std::string> redirection() = 0;
};

}  // namespace ec::agent
