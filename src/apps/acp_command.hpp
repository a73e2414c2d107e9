// `edgecoder acp`: the agent of an editor, over the Agent Client Protocol on standard input and output.
#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <string>
#include <vector>

namespace ec::apps {

struct AcpOptions {
    std::string model;
    std::string test;
    std::string approach = "auto";
    std::vector<std::string> approved;
    bool edit_tests = false;
};

void add_acp(CLI::App& app, AcpOptions& options);

/// Serves until the editor closes the connection; standard output carries the protocol and nothing else. Exit status 0,
/// 2 for wrong options, 3 when the connection breaks, 130 when interrupted.
int run_acp(const AcpOptions& options, std::ostream& err);

}  // namespace ec::apps
