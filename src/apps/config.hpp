// The person's settings: config.toml in config_dir(). A project has no say in it.
#pragma once

#include <ec/agent/reviewer.hpp>
#include <ec/core/result.hpp>
#include <optional>
#include <string>

namespace ec::apps {

struct Config {
    std::string model;  ///< `default` of [model], as after --model; empty: none is set
    /// `price_in` and `price_out` of [model]: of a remote model, for a million tokens.
    std::optional<agent::Price> price;
};

/// The defaults where there is no such file.
Result<Config> load_config();

}  // namespace ec::apps
