// `edgecoderd all`: the services of one machine in one process. Each has its own port and speaks HTTP to the others, so
// spreading them over machines changes only where they are found.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <stop_token>

#include "service_start.hpp"

namespace CLI {
class App;
}

namespace ec::apps {

struct AllOptions {
    std::filesystem::path data_dir;  ///< empty: data_dir()
    std::filesystem::path config;    ///< empty: config.toml in config_dir(), which may be missing
};

void add_all(CLI::App& app, AllOptions& options);
/// Starts the services in order and prints `ready SERVICE URL` for each; at a stop it takes them down in the other.
/// When one cannot start, none runs. Those with a certificate read it again when `hang_up` happens. Sets
/// EDGECODER_DATA_DIR of this process, so that all parts agree. Exit status: 0, 1, 2 or 3.
int run_all(const AllOptions& options, std::ostream& out, std::ostream& err, HangUp& hang_up, std::stop_token stop);

}  // namespace ec::apps
