// A task of the agent as the answer of a model: its steps are the thinking, its words and the patch the text.
#pragma once

#include <ec/model/embedded.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "answer_work.hpp"

namespace ec::apps::ide {

struct AgentTask {
    std::filesystem::path workspace;
    std::string task;
    std::string model;                         ///< as after --model
    std::string test;                          ///< the test command; empty: found from the project
    bool write = false;                        ///< a patch is written to the workspace
    std::shared_ptr<model::PrivateHost> host;  ///< where the model runs, if it is one that runs here
};

Ask agent_answer(AgentTask task);

}  // namespace ec::apps::ide
