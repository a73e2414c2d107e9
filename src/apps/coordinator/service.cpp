#include "service.hpp"

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ec/core/token.hpp>
#include <ec/core/waiter.hpp>
#include <ec/crypto/random.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/identity/node.hpp>
#include <ec/net/server_tls.hpp>
#include <ostream>
#include <thread>

#include "../service_start.hpp"
#include "admin.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;
using namespace coordinator;

constexpr std::chrono::milliseconds kFarewell{1'500};  // for reports and heartbeats, once nothing is handed out
constexpr unsigned kSweepMost = 1'000;
constexpr unsigned kIntegrateMost = 1'024;  // about a millisecond of the database's time

std::int64_t system_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::uint64_t random_number() {
    const std::string bytes = crypto::random_bytes(sizeof(std::uint64_t));
    std::uint64_t number = 0;
    for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
    return number;
}

Result<net::ServerOptions> server_options(const CoordinatorSettings& settings) {
    constexpr unsigned kPerPeer = 2'000;
    net::ServerOptions options;
    options.address = settings.address;
    options.port = settings.port;
    options.behind_proxy = settings.behind_proxy;
    options.hosts = settings.hosts;
    options.proxies = settings.proxies;
    options.refuse_pages = true;
    options.connections = settings.connections;
    // On loopback all workers of a machine, and a proxy's, have one address.
    const bool loopback = settings.address == "127.0.0.1" || settings.address == "::1";
    options.per_peer = loopback ? settings.connections : std::min(settings.connections, kPerPeer);
    options.threads = 2;
    options.waiting = 4'096;
    options.idle_timeout = std::chrono::seconds(75);
    if (!settings.tls_cert.empty()) {
        EC_ASSIGN(options.tls, net::load_server_tls({.certificate = settings.tls_cert, .key = settings.tls_key}));
    }
    return options;
}

/// A connection is a descriptor, and the usual limit is for a person's shell.
void allow_descriptors(unsigned wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, wanted);
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

class Service final : public RunningService {
public:
    Service(RunLock lock, std::unique_ptr<Store> store, std::string admin_token, std::string verifier_key,
            SealPlain seal_plain);
    ~Service() override { stop(); }

    Status listen(const CoordinatorSettings& settings);
    [[nodiscard]] std::string url() const override { return server_->url(); }
    void stop() override;

private:
    /// Whether a node that was let in may come in no more; a database that does not answer puts nobody out.
    bool is_out(const identity::NodeId& id) {
        const auto node = nodes_.find(id);
        return node ? node->state != identity::NodeState::approved : node.error().code == ErrorCode::not_found;
    }
    void drain();
    void beat(const std::stop_token& stop);
    void tick(std::uint64_t number);
    void hear(const std::stop_token& stop);
    void integrate(const std::stop_token& stop);
    std::uint64_t integrate_some();

    RunLock lock_;
    std::unique_ptr<Store> store_;
    std::atomic<bool> draining_ = false;
    std::atomic<bool> sweeping_ = false;
    Counters counters_;
    NodeCache nodes_;
    Gate gate_;
    Presence presence_;
    EventStreams streams_;
    Matchmaker matchmaker_;
    Heartbeats heartbeats_;
    KeyWaits keys_;
    Coordinator with_;
    std::unique_ptr<net::HttpServer> server_;
    std::unique_ptr<AdminSocket> admin_;
    std::jthread ears_;    ///< for what other coordinators tell
    std::jthread notary_;  ///< gives the log's leaves their places
    std::jthread heart_;   ///< last: it ends first
};

Service::Service(RunLock lock, std::unique_ptr<Store> store, std::string admin_token, std::string verifier_key,
                 SealPlain seal_plain)
    : lock_(std::move(lock)),
      store_(std::move(store)),
      nodes_(
          [this](const identity::NodeId& id) {
              return store_->read<identity::Node>([&](Desk& desk) { return desk.registry.find(id); });
          },
          system_ms),
      gate_(nodes_, system_ms),
      streams_(*store_, [this](const identity::NodeId& id) { return is_out(id); }),
      matchmaker_({.store = *store_,
                   .now_ms = system_ms,
                   .leased =
                       [this](const identity::NodeId& /*node*/, const std::vector<swarm::Lease>& leases) {
                           counters_.leased += leases.size();
                           for (const swarm::Lease& lease : leases) streams_.news(lease.job);
                       }}),
      heartbeats_({.store = *store_,
                   .now_ms = system_ms,
                   .draining = [this] { return draining_.load(); },
                   .told =
                       [this](const std::vector<swarm::TaskId>& tasks) {
                           for (const swarm::TaskId& task : tasks) streams_.news(task);
                       }}),
      keys_({.store = *store_,
             .now_ms = system_ms,
             .wanted = [this](const swarm::TaskId& task) { streams_.news(task); },
             .out = [this](const identity::NodeId& id) { return is_out(id); }}),
      with_{.store = *store_,
            .nodes = nodes_,
            .gate = gate_,
            .presence = presence_,
            .streams = streams_,
            .matchmaker = matchmaker_,
            .heartbeats = heartbeats_,
            .keys = keys_,
            .counters = counters_,
            .draining = draining_,
            .verifier_key = std::move(verifier_key),
            .admin_token = std::move(admin_token),
            .seal_plain = std::move(seal_plain)} {}

Status Service::listen(const CoordinatorSettings& settings) {
    EC_ASSIGN(net::ServerOptions options, server_options(settings));
    EC_ASSIGN(server_, net::start_http_server(coordinator_routes(with_), std::move(options)));
    EC_ASSIGN(admin_, AdminSocket::open(settings.data_dir / "run/admin.sock", [this](const rpc::Request& request) {
                  return admin_answer(with_, request, [this] { drain(); });
              }));
    heart_ = std::jthread([this](const std::stop_token& stop) { beat(stop); });
    if (settings.logged) notary_ = std::jthread([this](const std::stop_token& stop) { integrate(stop); });
    if (store_->place().shared()) ears_ = std::jthread([this](const std::stop_token& stop) { hear(stop); });
    return {};
}

void Service::beat(const std::stop_token& stop) {
    constexpr std::chrono::milliseconds kHalf{500};
    SystemWaiter waiter;
    for (std::uint64_t number = 0; waiter.wait(kHalf, stop); ++number) {
        heartbeats_.flush();
        if (number % 2 == 0) tick(number / 2);
    }
}

void Service::tick(std::uint64_t number) {
    constexpr std::uint64_t kKeepAlive = 15;
    constexpr std::uint64_t kBlobs = 60;
    matchmaker_.tick();
    heartbeats_.tick();
    keys_.tick(store_->place().shared());
    if (number % kKeepAlive == 0) streams_.keep_alive();
    if (store_->place().shared()) streams_.news_of_all();
    if (sweeping_.exchange(true)) return;  // the last one has not been written yet
    const auto swept = std::make_shared<std::size_t>(0);
    store_->change(
        [swept, blobs = number % kBlobs == 0](Desk& desk) -> Status {
            EC_ASSIGN(*swept, desk.queue.sweep(kSweepMost));
            if (blobs) EC_TRY(desk.blobs.sweep(kSweepMost, desk.now_ms()));
            return {};
        },
        [this, swept](const Status& status) {
            sweeping_ = false;
            if (!status || *swept == 0) return;
            counters_.swept += *swept;
            streams_.news_of_all();
            matchmaker_.wake_some();
        });
}

void Service::hear(const std::stop_token& stop) {
    SystemWaiter waiter;
    while (!stop.stop_requested()) {
        auto database = store_->place().connect();
        bool listens = database && database->listen(kWorkChannel);
        while (listens && !stop.stop_requested()) {
            const auto told = database->wait_notification(std::chrono::milliseconds(250));
            listens = told.has_value();
            if (!told || !*told) continue;
            matchmaker_.wake_some();
            streams_.news_of_all();
        }
        waiter.wait(std::chrono::seconds(1), stop);
    }
}

void Service::integrate(const std::stop_token& stop) {
    SystemWaiter waiter;
    do {
        while (integrate_some() == kIntegrateMost && !stop.stop_requested()) continue;
    } while (waiter.wait(std::chrono::seconds(1), stop));
}

/// How many leaves it placed.
std::uint64_t Service::integrate_some() {
    if (store_->place().shared())
        return store_->read<std::uint64_t>([](Desk& desk) { return desk.log.integrate(kIntegrateMost, desk.now_ms()); })
            .value_or(0);
    // As changes among others: a second writer and the first one would wait for each other by sleeping.
    std::uint64_t placed = 0;
    const Status written = store_->change_and_wait([&placed](Desk& desk) -> Status {
        EC_ASSIGN(placed, desk.log.place(kIntegrateMost));
        return {};
    });
    if (!written) return 0;
    if (placed < kIntegrateMost)
        static_cast<void>(store_->change_and_wait([](Desk& desk) { return desk.log.sign(desk.now_ms()); }));
    return placed;
}

void Service::drain() {
    if (draining_.exchange(true)) return;
    matchmaker_.drain();
    heartbeats_.drain();
    keys_.drain();
}

void Service::stop() {
    if (!server_) return;
    drain();
    // Whoever holds a lease may still hand in what it has, and hears with its heartbeat that it has to go elsewhere.
    if (presence_.count(system_ms()) > 0) SystemWaiter().wait(kFarewell, {});
    admin_.reset();
    heart_.request_stop();
    ears_.request_stop();
    notary_.request_stop();
    if (heart_.joinable()) heart_.join();
    if (notary_.joinable()) notary_.join();
    if (ears_.joinable()) ears_.join();
    heartbeats_.flush();
    server_->stop();
    server_.reset();
    store_->close();
}

}  // namespace

StartedService start_coordinator_service(const CoordinatorOptions& options, SealPlain seal_plain) {
    EC_ASSIGN(const CoordinatorSettings settings, read_settings(options));
    static const swarm::FixedPricing kPricing;
    EC_TRY(make_data_dir(settings.data_dir));
    EC_TRY(make_data_dir(settings.data_dir / "run"));
    EC_TRY(make_data_dir(settings.data_dir / "secrets"));
    EC_ASSIGN(RunLock lock, RunLock::take(settings.data_dir / "run/coordinator.lock"));
    EC_ASSIGN(std::string admin_token, keep_token(settings.data_dir / "secrets/admin-token"));
    EC_ASSIGN(crypto::SecretKey log_key, identity::keep_node_key(settings.data_dir / "secrets/log-key"));
    allow_descriptors(settings.connections + 256);
    DeskRules rules{.pricing = kPricing,
                    .log_origin = settings.log_origin,
                    .log_key = std::move(log_key),
                    .now_ms = system_ms,
                    .random = random_number,
                    .queue = settings.queue,
                    .blobs = settings.blobs,
                    .logged = settings.logged};
    EC_ASSIGN(std::unique_ptr<Store> store, Store::open(settings.place, std::move(rules)));
    EC_ASSIGN(const std::string verifier_key, store->read<std::string>([&settings](Desk& desk) -> Result<std::string> {
        if (settings.logged) EC_TRY(desk.log.check_signer());
        return desk.log.verifier_key();
    }));
    auto service = std::make_unique<Service>(std::move(lock), std::move(store), std::move(admin_token), verifier_key,
                                             std::move(seal_plain));
    EC_TRY(service->listen(settings));
    return service;
}

void add_coordinator(CLI::App& app, CoordinatorOptions& options) {
    CLI::App* command = app.add_subcommand("coordinator", "Takes jobs in and hands them out to workers");
    command->add_option("--listen", options.listen, "ADDR:PORT (default: 127.0.0.1:4301, or COORDINATOR_PORT)");
    command->add_option("--data-dir", options.data_dir, "Where it keeps its data");
    command->add_option("--config", options.config, "The configuration file");
    command->add_flag("--behind-proxy", options.behind_proxy,
                      "A proxy with TLS stands in front; needed beyond loopback without a certificate");
    command->add_option("--tls-cert", options.tls_cert, "Certificate chain (PEM)");
    command->add_option("--tls-key", options.tls_key, "Its private key (PEM)");
    command->footer(
        "DATABASE_URL names a PostgreSQL that several coordinators share; without it everything is in coordinator.db\n"
        "of the data directory. edgecoder node and edgecoder admin on the same machine let nodes in and give credit.\n"
        "docs/coordinator.md says more.\n\n"
        "Exit status: 0 a signal came, 2 wrong usage, 3 this machine cannot do it.");
}

int run_coordinator_service(const CoordinatorOptions& options, std::ostream& out, std::ostream& err,
                            std::stop_token stop) {
    return service_exit(serve_one("coordinator", start_coordinator_service(options), out, stop), err);
}

}  // namespace ec::apps
