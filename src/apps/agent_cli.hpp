// The words of `edgecoder run` and of `edgecoder` alone; knows CLI11, as cli.cpp does.
#pragma once

namespace CLI {
class App;
}

namespace ec::apps {

struct RunCommandOptions;
struct SessionCommandOptions;

/// Both belong to the caller.
void add_run(CLI::App& app, RunCommandOptions& options);
void add_session(CLI::App& app, SessionCommandOptions& options);

}  // namespace ec::apps
