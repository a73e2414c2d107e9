// The command line: words in, one command called. The only place that sees CLI11.
#pragma once

#include <iosfwd>

namespace ec::apps {

/// Parses the words and runs the command they name; returns the exit status (DESIGN: 0 done, 1 the job failed, 2 wrong
/// usage, 3 the environment cannot do it).
int run_cli(int argc, char** argv, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
