// The interactive agent: a person's task in, a change out that the tests of the project agree with.
//
// Nothing is written but through AgentPorts::write, after the person approved the whole patch. A small model is led
// through a fixed pipeline (localise, sample, run the tests, select, repair at most twice); a capable one gets tools.
// Which of the two is decided by what was measured of the model, see ModelSkill; a setting overrides it.
//
// An agent is a conversation: run() may be called again and goes on where the last task ended. Threads: one caller at a
// time; the stop token may fire anywhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/agent/events.hpp>
#include <ec/agent/secret_files.hpp>
#include <ec/agent/source.hpp>
#include <ec/agent/tool_source.hpp>
#include <ec/core/clock.hpp>
#include <ec/executor/report.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/model/chat.hpp>
#include <ec/vcs/diff.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ec::agent {

/// How a model is led.
enum class Approach { automatic, pipeline, tools };
std::optional<Approach> approach_named(std::string_view text);
std::string_view name(Approach approach);

/// What is known of a model from having used it; the caller keeps it between runs.
struct ModelSkill {
    std::uint32_t tool_calls_good = 0;  ///< known tool, arguments that make sense
    std::uint32_t tool_calls_bad = 0;
    std::uint32_t edits_good = 0;  ///< applied as written
    std::uint32_t edits_bad = 0;
    std::uint32_t solved_with_tools = 0;
    std::uint32_t failed_with_tools = 0;
    bool operator==(const ModelSkill&) const = default;
};

/// The approach for a model: what it did with tools so far; a file whose parameters are known to be below four billion
/// starts in the pipeline, anything else with tools.
Approach choose_approach(const model::ModelFacts& facts, const ModelSkill& skill);

struct AgentSettings {
    std::string test;  ///< the test command; empty: found from the project, or none
    Approach approach = Approach::automatic;
    bool plan_first = false;  ///< ask for a plan alone, and for the person's word on it, before anything else
    /// The task is the failing tests: nothing is done when they pass, and mutations are tried before the model is
    /// asked.
    bool only_failing = false;
    bool edit_tests = false;  ///< changes of existing tests and configuration count
    unsigned samples = 4;
    unsigned repairs = 2;
    unsigned turns = 40;                            ///< of a tool loop
    std::chrono::milliseconds budget{15 * 60'000};  ///< for one task
    std::chrono::milliseconds test_limit{120'000};
    std::chrono::milliseconds mend_budget{8000};
    std::uint64_t seed = 1;
};

/// Opens a sandbox over a folder, under the policy in force.
using SandboxOpener = std::function<Result<std::unique_ptr<executor::Sandbox>>(const std::filesystem::path&)>;

struct AgentPorts {
    model::ChatModel* model = nullptr;  ///< null: no model; only failing tests can be worked on
    executor::Sandbox* sandbox = nullptr;
    const FileSource* workspace = nullptr;  ///< the files it may see
    /// Told of a file before its text matters: before a model is shown it or its change is taken. Whoever knows a newer
    /// text than the disk's has `workspace` give it from then on; may be empty.
    std::function<void(const std::string& path)> attend;
    /// Files of secrets, which commands of the model find empty, and values that are masked wherever they turn up;
    /// asked for when first needed, may be empty.
    std::function<const SecretFiles&()> secrets;
    /// Whether a change of this file may be proposed at all; empty: any.
    std::function<Status(const std::string& path)> may_write;
    const Clock* clock = nullptr;
    SandboxOpener open_sandbox;
    /// Has a model that runs here give up its threads for as long as the result lives; may be empty.
    std::function<std::shared_ptr<void>()> pause_model;
    /// Joules used since some point, where the machine tells; may be empty.
    std::function<std::optional<double>()> energy;
    /// Project instructions as a block for the system prompt; may be empty.
    std::function<std::string()> instructions;
    /// What of the project bears on a task, at most so many bytes; may be empty.
    std::function<std::string(const std::string& task, const std::vector<std::string>& files, std::size_t bytes)> map;
    /// Files that bear on a text, best first.
    std::function<std::vector<std::string>(const std::string& text, std::size_t most)> related;
    /// Regions that match a query, as text.
    std::function<std::string(const std::string& query, std::size_t bytes)> search;
    /// Tools of others, for the tool loop; null: none.
    ToolSource* other_tools = nullptr;
    /// Writes an approved change to the workspace; all files or none.
    std::function<Status(const std::vector<vcs::FileVersion>& files)> write;
    /// Keeps files and conversation as they are now; the label is a line for a person.
    std::function<void(const std::string& label, const std::vector<model::Message>& conversation)> checkpoint;
};

struct TaskResult {
    enum class Status { fixed, unfixed, already_passing, answered };
    Status status = Status::unfixed;
    std::string answer;  ///< the model's words to the person
    std::vector<vcs::FileVersion> files;
    std::string patch;  ///< unified diff
    executor::TestReport before;
    executor::TestReport after;
    bool tested = false;               ///< the test command ran over exactly this patch
    bool applied = false;              ///< written to the workspace
    std::optional<Error> write_error;  ///< an approved change that could not be written: the patch is all there is
    std::string test_command;          ///< that judged; empty: none
    std::size_t candidates = 0;
    std::string proposer;     ///< "model:NAME", "model:NAME+mutation", "mutation"
    std::string explanation;  ///< one line
    std::string reason;       ///< when unfixed
    /// When the task seems to be beyond what works here: `outside_sandbox`, `time`, `model_limit`.
    std::string review_reason;
    Approach approach = Approach::automatic;
    UsageEvent usage;
    std::string tier;
};

class InteractiveAgent {
public:
    InteractiveAgent(AgentPorts ports, AgentSettings settings, ModelSkill skill = {});
    ~InteractiveAgent();
    InteractiveAgent(const InteractiveAgent&) = delete;
    InteractiveAgent& operator=(const InteractiveAgent&) = delete;

    /// Fails with `cancelled` on stop, and with what the model or the machine says; a task that could not be done is a
    /// result with a reason.
    Result<TaskResult> run(const std::string& task, AgentEvents& events, Person& person, std::stop_token stop);

    [[nodiscard]] const std::vector<model::Message>& conversation() const;
    /// Goes on from an earlier conversation.
    void resume(std::vector<model::Message> conversation);
    [[nodiscard]] const ModelSkill& skill() const;
    [[nodiscard]] AgentSettings& settings();
    void use_model(model::ChatModel* model, ModelSkill skill);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ec::agent
