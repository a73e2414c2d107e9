// `edgecoderd inference`: plans and escalations over HTTP (4302), the leased work of its kind, and beside it the host
// that this user's programs share for embedded models.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <stop_token>
#include <string>

#include "service_start.hpp"
#include "swarm/swarm_setup.hpp"

namespace CLI {
class App;
}

namespace ec::apps {

inline constexpr std::uint16_t kInferencePort = 4302;

struct InferenceHttpOptions {
    std::filesystem::path data_dir;  ///< empty: data_dir()
    std::filesystem::path config;    ///< empty: config.toml in config_dir(), which may be missing
    std::string listen;              ///< ADDR:PORT; empty: as configured, else 127.0.0.1:4302
    bool behind_proxy = false;
    std::int64_t memory_mb = 0;  ///< of all models in the host together; 0: its own rule
    std::string model;           ///< for plans and escalations; empty: the default one
    SwarmOptions swarm;
};

void add_inference_http(CLI::App& app, InferenceHttpOptions& options);
/// Without the host for models. Ready to serve when it returns; what its leases come to is told on `err`.
StartedService start_inference_http(const InferenceHttpOptions& options, std::ostream& err);
/// Prints `ready inference unix:PATH` for the host, where this build has one, and `ready inference URL`; serves until a
/// stop is requested. Exit status: 0, 1, 2 or 3. Sets EDGECODER_DATA_DIR of this process where --data-dir names
/// another.
int run_inference_http(const InferenceHttpOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop);

}  // namespace ec::apps
