// The words of `edgecoder model`; knows CLI11, as cli.cpp does.
#pragma once

#include <iosfwd>

namespace CLI {
class App;
}

namespace ec::apps {

struct ModelOptions;

/// Adds the command and its subcommands to `app`. The options belong to the caller.
void add_model(CLI::App& app, ModelOptions& options);

/// Runs the subcommand of `model` that was parsed; gives the exit status.
int run_model(const CLI::App& model, const ModelOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
