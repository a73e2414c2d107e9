// An agent over one project, with all that it stands on: built in order, taken down in reverse. What `run`, `fix` with
// a model and the session in the terminal have in common.
#pragma once

#include <ec/agent/interactive_agent.hpp>
#include <ec/core/clock.hpp>
#include <ec/core/energy.hpp>
#include <ec/executor/sandbox.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "editor.hpp"
#include "model_choice.hpp"
#include "open_buffers.hpp"
#include "project_view.hpp"
#include "session_keeper.hpp"

namespace ec::apps {

namespace mcp {
class ToolBelt;
}

struct AgentOptions {
    std::string directory = ".";
    std::string model;  ///< as after --model; empty: the configured one
    agent::AgentSettings settings;
    bool write = false;                 ///< whether approved changes are written to the project
    std::vector<std::string> approved;  ///< guarded places that may be written
    std::string who = "run";            ///< for the egress ledger
    Editor* editor = nullptr;           ///< that has the project open; outlives the setup
    std::string session;                ///< the id of a new session; empty: made up
    bool other_tools = true;            ///< whether the model gets those of [mcp.servers]
    /// Where its embedded models run, beside others of this program; null: in a process of their own.
    std::shared_ptr<model::PrivateHost> private_host = {};
};

class AgentSetup {
public:
    static Result<std::unique_ptr<AgentSetup>> open(AgentOptions options);
    ~AgentSetup();

    [[nodiscard]] agent::InteractiveAgent& agent() { return *agent_; }
    [[nodiscard]] executor::Sandbox& sandbox() { return *sandbox_; }
    [[nodiscard]] ProjectView& project() { return project_; }
    [[nodiscard]] SessionKeeper& keeper() { return keeper_; }
    [[nodiscard]] OpenBuffers& buffers() { return buffers_; }
    /// A task as the next step of the session; the project is looked at anew.
    Result<agent::TaskResult> run(const std::string& task, agent::AgentEvents& events, agent::Person& person,
                                  std::stop_token stop);
    /// Null: no model.
    [[nodiscard]] model::ChatModel* model() { return model_.get(); }
    /// Neither --model nor the environment nor the configuration names one, not even "none".
    [[nodiscard]] bool no_model_chosen() const { return no_model_chosen_; }
    /// The words that chose it.
    [[nodiscard]] const std::string& model_words() const { return options_.model; }
    Status use_model(const std::string& words);
    /// Keeps what was learnt of the model for the next time.
    void remember_skill();
    [[nodiscard]] Result<std::unique_ptr<executor::Sandbox>> open_sandbox(const std::filesystem::path& folder) const;
    [[nodiscard]] ModelPorts& model_ports() { return *ports_; }

private:
    AgentSetup(AgentOptions options, ProjectView project);
    Status build();
    Status open_model();
    Status open_tools();
    agent::AgentPorts agent_ports();

    AgentOptions options_;
    SystemClock clock_;
    EnergyMeter energy_;
    ProjectView project_;
    SessionKeeper keeper_;
    OpenBuffers buffers_;
    agent::AgentEvents* events_ = nullptr;  ///< of the task under way
    bool no_model_chosen_ = false;
    bool seen_ = false;  ///< the project is as open() saw it
    std::unique_ptr<executor::Sandbox> sandbox_;
    std::unique_ptr<ModelPorts> ports_;
    std::unique_ptr<model::ChatModel> model_;
    std::unique_ptr<mcp::ToolBelt> belt_;  ///< null: no servers are configured
    std::unique_ptr<agent::InteractiveAgent> agent_;
};

}  // namespace ec::apps
