// What `edgecoder review` stands on in the real program.
#pragma once

#include "review_command.hpp"

namespace ec::apps {

/// Secrets are withheld as for any prompt, answers are read in every edit format, and reviewers are reached through the
/// egress ledger.
ReviewPorts review_ports();

}  // namespace ec::apps
