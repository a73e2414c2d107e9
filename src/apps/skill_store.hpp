// What was learnt of each model by using it, kept between runs: DATA_DIR/models/skill/<hash of its name>.json.
#pragma once

#include <ec/agent/interactive_agent.hpp>
#include <filesystem>
#include <string>

namespace ec::apps {

/// Nothing known is the default value, and so is a file that cannot be read.
agent::ModelSkill load_skill(const std::filesystem::path& data_dir, const std::string& model);
void save_skill(const std::filesystem::path& data_dir, const std::string& model, const agent::ModelSkill& skill);

}  // namespace ec::apps
