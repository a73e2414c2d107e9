// `edgecoder tools`: the tools of other programs, as a person looks at them, tries them and allows them by name. Knows
// nothing of the command line's parser.
#pragma once

#include <iosfwd>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::apps {

struct ToolsOptions {
    std::string directory = ".";
    std::string server;              ///< empty: all
    std::string tool;                ///< by the server's own name
    std::vector<std::string> tools;  ///< of allow
    std::string arguments = "{}";    ///< of call, as JSON
    bool answer_defaults = false;    ///< a server's question is answered with its own defaults
    bool json = false;
};

/// Each returns the exit status: 0 done, 1 a server or a tool failed, 2 wrong usage, 3 not possible here.
int run_tools_list(const ToolsOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);
int run_tools_show(const ToolsOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);
int run_tools_call(const ToolsOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);
int run_tools_allow(const ToolsOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);
int run_tools_forget(const ToolsOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
