// What `edgecoderd coordinator` is told: options over environment variables over [service.coordinator] of config.toml.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/swarm/queue.hpp>
#include <ec/swarm/store.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "store.hpp"

namespace ec::apps::coordinator {

inline constexpr std::uint16_t kCoordinatorPort = 4301;

struct CoordinatorOptions {
    std::filesystem::path data_dir;  ///< empty: data_dir()
    std::filesystem::path config;    ///< empty: config.toml in config_dir(), which may be missing
    std::string listen;              ///< ADDR:PORT; empty: as configured, else 127.0.0.1:4301
    bool behind_proxy = false;
    std::filesystem::path tls_cert;  ///< PEM, with tls_key
    std::filesystem::path tls_key;
};

struct CoordinatorSettings {
    std::filesystem::path data_dir;
    std::string address = "127.0.0.1";
    std::uint16_t port = kCoordinatorPort;
    bool behind_proxy = false;
    std::vector<std::string> hosts;
    std::vector<std::string> proxies;
    std::filesystem::path tls_cert;
    std::filesystem::path tls_key;
    std::string log_origin;  ///< the first line of the log's checkpoints
    bool logged = true;      ///< false: nothing can be shown to anybody afterwards; for measuring what the log costs
    StorePlace place;
    swarm::QueueRules queue;
    swarm::BlobRules blobs;
    unsigned connections = 12'000;
};

/// `invalid_argument` for what is no address or number; `not_found` for a configuration that was named.
Result<CoordinatorSettings> read_settings(const CoordinatorOptions& options);

}  // namespace ec::apps::coordinator
