// `edgecoder mcp`: serves what EdgeCoder can do to other agents, over the Model Context Protocol.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ec::apps {

struct McpOptions {
    std::vector<std::string> roots;  ///< the projects; none: the current directory
    std::string listen;              ///< ADDR:PORT for HTTP; empty: standard input and output
    bool allow_apply = false;        ///< clients may write verified fixes to the projects
};

void add_mcp(CLI::App& app, McpOptions& options);

/// Serves until the client closes (standard input) or a signal comes. With `listen`, prints `ready mcp URL` on `out`.
int run_mcp(const McpOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
