// What the command line takes for jobs, nodes, groups and the coordinator of this machine.
#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <optional>

#include "group_command.hpp"
#include "jobs_command.hpp"
#include "node_command.hpp"
#include "submit_command.hpp"

namespace ec::apps {

struct SwarmCommands {
    SubmitOptions submit;
    JobsOptions jobs;
    NodeOptions node;
    AdminOptions admin;
    GroupOptions group;
};

/// `submit`, `jobs`, `node`, `admin` and `group`.
void add_swarm(CLI::App& app, SwarmCommands& options);
/// The exit status of the one that was given; nothing when it was none of them.
std::optional<int> run_swarm(const CLI::App& app, SwarmCommands& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
