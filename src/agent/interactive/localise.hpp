// Which files a task is about, for a model that cannot look around by itself.
#pragma once

#include <string>
#include <vector>

#include "prompt.hpp"
#include "task.hpp"

namespace ec::agent {

/// Paths, most likely first: named in the task, in the stack of a failing test, imported by a failing test, defining a
/// name that the task or a failure mentions. Tests come last: they say what is wanted and are rarely what is wrong.
std::vector<std::string> likely_files(const Task& task);

/// The first of `paths` as they stand, secrets taken out, until `bytes` are used up; at least one that fits alone.
std::vector<TaskContext::File> show_files(Task& task, const std::vector<std::string>& paths, std::size_t bytes);

}  // namespace ec::agent
