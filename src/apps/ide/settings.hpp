// What `edgecoderd ide` is told: options over environment variables over [service.ide] of config.toml.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace ec::apps::ide {

inline constexpr std::uint16_t kIdePort = 4304;

struct IdeOptions {
    std::filesystem::path data_dir;            ///< empty: data_dir()
    std::filesystem::path config;              ///< empty: config.toml in config_dir(), which may be missing
    std::string listen;                        ///< ADDR:PORT; empty: as configured, else 127.0.0.1:4304
    std::vector<std::filesystem::path> roots;  ///< beside those of the file
    bool behind_proxy = false;
    bool openapi = false;  ///< print the OpenAPI document and end
};

struct IdeSettings {
    std::filesystem::path data_dir;
    std::string address = "127.0.0.1";
    std::uint16_t port = kIdePort;
    bool behind_proxy = false;
    std::vector<std::string> hosts;
    std::vector<std::string> proxies;
    std::vector<std::filesystem::path> roots;  ///< canonical folders
    std::vector<std::string> models;           ///< further models by BASE_URL#MODEL, as the person chose them
    std::string fill;  ///< the model for gaps, as after --model; empty: the default one, if it runs on this machine
};

/// `invalid_argument` for what is no address, no folder or no model; `not_found` for a configuration that was named.
Result<IdeSettings> read_settings(const IdeOptions& options);

}  // namespace ec::apps::ide
