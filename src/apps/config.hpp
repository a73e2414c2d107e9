// The person's settings: config.toml in config_dir(). A project has no say in it.
#pragma once

#include <ec/core/result.hpp>
#include <string>

namespace ec::apps {

struct Config {
    std::string model;  ///< `default` of [model], as after --model; empty: none is set
};

/// The defaults where there is no such file.
Result<Config> load_config();

}  // namespace ec::apps
