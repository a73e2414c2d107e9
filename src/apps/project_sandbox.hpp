// The sandbox over a project, under the policy in force and the person's consent: for reviews and agents alike.
#pragma once

#include <chrono>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <memory>

namespace ec::apps {

Result<std::unique_ptr<executor::Sandbox>> open_project_sandbox(const std::filesystem::path& workspace);

/// --timeout as a duration; `invalid_argument` for what is no time of at most a day.
Result<std::chrono::milliseconds> run_limit(double seconds);

}  // namespace ec::apps
