#include "settings.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "../data_dir.hpp"
#include "../service_start.hpp"

namespace ec::apps::coordinator {
namespace {

namespace fs = std::filesystem;

/// The keys that this service has beside those of every service.
void read_table(toml::Table& table, CoordinatorSettings& settings) {
    constexpr std::int64_t kLongestLease = 3'600;
    constexpr std::int64_t kMostTasks = 100'000'000;
    constexpr std::int64_t kMostMegabytes = std::int64_t{1} << 30;
    constexpr std::int64_t kMostConnections = 200'000;
    settings.tls_cert = table.string("tls_cert").value_or("");
    settings.tls_key = table.string("tls_key").value_or("");
    settings.log_origin = table.string("log_origin").value_or(settings.log_origin);
    settings.logged = table.boolean("log").value_or(true);
    if (const auto seconds = table.integer("lease_s", 10, kLongestLease)) settings.queue.lease_ms = *seconds * 1000;
    if (const auto most = table.integer("account_queued", 1, kMostTasks)) settings.queue.account_queued = *most;
    if (const auto most = table.integer("queued", 1, kMostTasks)) settings.queue.queued = *most;
    if (const auto most = table.integer("account_blobs_mb", 1, kMostMegabytes))
        settings.blobs.account_bytes = *most << 20;
    if (const auto most = table.integer("connections", 16, kMostConnections))
        settings.connections = static_cast<unsigned>(*most);
}

bool this_machine_alone(const std::string& address) {
    return address.starts_with("127.") || address == "::1" || address == "localhost";
}

}  // namespace

Result<CoordinatorSettings> read_settings(const CoordinatorOptions& options) {
    CoordinatorSettings settings;
    settings.log_origin = "edgecoder.local/log";
    EC_ASSIGN(ServiceTable file, read_service_table(options.config, "coordinator",
                                                    [&](toml::Table& table) { read_table(table, settings); }));
    EC_ASSIGN(const ListenAddress listen,
              listen_address(options.listen, "COORDINATOR_PORT", file.listen, kCoordinatorPort));
    settings.hosts = std::move(file.hosts);
    settings.proxies = std::move(file.proxies);
    settings.address = listen.address;
    settings.port = listen.port;
    settings.behind_proxy = file.behind_proxy || options.behind_proxy;
    if (!options.tls_cert.empty()) settings.tls_cert = options.tls_cert;
    if (!options.tls_key.empty()) settings.tls_key = options.tls_key;
    if (settings.tls_cert.empty() != settings.tls_key.empty())
        return fail(ErrorCode::invalid_argument, "a certificate and its key go together",
                    "give both --tls-cert and --tls-key");
    if (!this_machine_alone(settings.address) && !settings.behind_proxy && settings.tls_cert.empty())
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} is not loopback, and there is no TLS here", settings.address),
                    "give --tls-cert and --tls-key, or put a proxy with TLS in front and say --behind-proxy");
    settings.data_dir = options.data_dir.empty() ? data_dir() : fs::absolute(options.data_dir);
    if (settings.data_dir.empty())
        return fail(ErrorCode::unavailable, "no data directory is known", "set EDGECODER_DATA_DIR, or say --data-dir");
    settings.place.file = settings.data_dir / "coordinator.db";
    if (const char* url = std::getenv("DATABASE_URL"); url != nullptr) settings.place.url = url;
    return settings;
}

}  // namespace ec::apps::coordinator
