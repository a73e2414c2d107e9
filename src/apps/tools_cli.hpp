// The words of `edgecoder tools`.
#pragma once

#include <iosfwd>

namespace CLI {
class App;
}

namespace ec::apps {

struct ToolsOptions;

void add_tools(CLI::App& app, ToolsOptions& options);
int run_tools(const CLI::App& tools, const ToolsOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
