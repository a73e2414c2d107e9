// Where policies lie on this machine, and the one that is in force.
//
// The machine's policy is the ceiling, the person's own narrows it. None is ever taken from a project: what runs in the
// sandbox could have written it.
#pragma once

#include <ec/core/result.hpp>
#include <ec/executor/policy.hpp>
#include <filesystem>

namespace ec::apps {

struct PolicyFiles {
    std::filesystem::path machine;   ///< /etc/edgecoder/policy.toml
    std::filesystem::path personal;  ///< $XDG_CONFIG_HOME/edgecoder/policy.toml, else in ~/.config; may be empty
};
PolicyFiles policy_files();

/// This person's home and the folders where EdgeCoder keeps its own data and settings.
executor::PolicyPlaces policy_places();

/// The machine's policy with the person's over it; the built-in one where there is no file. Any file that cannot be
/// trusted or understood is an error, and so is one that lies in `workspace`.
Result<executor::SandboxPolicy> effective_policy(const std::filesystem::path& workspace = {});

}  // namespace ec::apps
