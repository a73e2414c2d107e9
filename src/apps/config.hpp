// The person's settings: config.toml in config_dir(). A project has no say in it.
#pragma once

#include <ec/agent/reviewer.hpp>
#include <ec/core/result.hpp>
#include <optional>
#include <string>
#include <vector>

#include "worker_config.hpp"

namespace ec::apps {

/// [swarm]: where work is borrowed and lent.
struct SwarmConfig {
    std::vector<std::string> coordinators;  ///< their URLs, in the order in which they are tried
    std::string ca;                         ///< a file of certificates that they are checked against
    std::string group;                      ///< the trust group that work is for
};

struct Config {
    std::string model;  ///< `default` of [model], as after --model; empty: none is set
    /// `embeddings` of [model]: a name from the library or a GGUF file that turns texts into vectors; empty: none.
    std::string embeddings;
    /// `price_in` and `price_out` of [model]: of a remote model, for a million tokens.
    std::optional<agent::Price> price;
    SwarmConfig swarm;
    WorkerConfig worker;  ///< [worker]
};

/// The defaults where there is no such file.
Result<Config> load_config();

/// What [model] can name.
enum class ModelRole { chat, embeddings };  ///< the keys `default` and `embeddings`

/// Makes `words` the model of a role and leaves every other line as it is. `invalid_argument` for a file in which
/// that cannot be done for certain, such as one with `model = {…}`: it stays as it is.
Status save_model(ModelRole role, const std::string& words);

/// Takes the model of a role out, in the same way.
Status clear_model(ModelRole role);

}  // namespace ec::apps
