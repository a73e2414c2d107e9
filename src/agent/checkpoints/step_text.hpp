// What a step keeps beside its files, as JSON and back. Read as untrusted.
#pragma once

#include <ec/agent/checkpoints.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

std::string write_message(const model::Message& message);
Result<model::Message> read_message(std::string_view text);

std::string write_applied(const std::vector<AppliedFiles>& applied);
Result<std::vector<AppliedFiles>> read_applied(std::string_view text);

}  // namespace ec::agent
