// `edgecoder fix`: makes a failing test command pass.
#pragma once

#include <iosfwd>

#include "fix_job.hpp"

namespace ec::apps {

/// Runs the command. The result (patch, JSON document or JSON lines) goes to `out`, text for people to `err`.
int run_fix(const FixOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
