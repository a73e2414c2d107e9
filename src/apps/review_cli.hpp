// The words of `edgecoder review`; knows CLI11, as cli.cpp does.
#pragma once

#include <iosfwd>
#include <memory>

namespace CLI {
class App;
}

namespace ec::apps {

struct ReviewOptions;

/// Adds the command and its subcommands to `app`. The options belong to the caller.
void add_review(CLI::App& app, ReviewOptions& options);

/// Runs the subcommand of `review` that was parsed; gives the exit status.
int run_review(const CLI::App& review, const ReviewOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
