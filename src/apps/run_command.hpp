// `edgecoder run "TASK"`: plans and makes a change without a person at hand.
#pragma once

#include <iosfwd>

#include "run_job.hpp"

namespace ec::apps {

/// Runs the command. With `json` every event is a JSON line on `out`, the last one of type `result`; else the patch
/// goes to `out` and text for people to `err`. Exit status as `fix`.
int run_task(const RunCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
