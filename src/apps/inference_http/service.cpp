#include "service.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <ec/core/token.hpp>
#include <ec/core/waiter.hpp>
#include <mutex>
#include <ostream>
#include <thread>

#include "data_dir.hpp"
#include "leasing.hpp"
#include "model_choice.hpp"
#include "model_host.hpp"
#include "routes.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;
using namespace inference_http;

struct Settings {
    fs::path data_dir;
    ServiceTable file;
    ListenAddress listen;
    std::string model;
};

Result<Settings> read_settings(const InferenceHttpOptions& options) {
    Settings settings;
    EC_ASSIGN(settings.file, read_service_table(options.config, "inference"));
    EC_ASSIGN(settings.listen, listen_address(options.listen, "INFERENCE_PORT", settings.file.listen, kInferencePort));
    settings.file.behind_proxy = settings.file.behind_proxy || options.behind_proxy;
    settings.data_dir = options.data_dir.empty() ? data_dir() : fs::absolute(options.data_dir);
    if (settings.data_dir.empty())
        return fail(ErrorCode::unavailable, "no data directory is known", "set EDGECODER_DATA_DIR, or say --data-dir");
    settings.model = options.model;
    if (settings.model.empty()) {
        EC_ASSIGN(settings.model, default_model());
    }
    return settings;
}

net::ServerOptions server_options(const Settings& settings) {
    net::ServerOptions options;
    options.address = settings.listen.address;
    options.port = settings.listen.port;
    options.behind_proxy = settings.file.behind_proxy;
    options.hosts = settings.file.hosts;
    options.proxies = settings.file.proxies;
    options.refuse_pages = true;
    options.threads = 2;
    return options;
}

class InferenceService final : public RunningService {
public:
    static StartedService start(const InferenceHttpOptions& options, std::ostream& err) {
        EC_ASSIGN(const Settings settings, read_settings(options));
        EC_TRY(make_data_dir(settings.data_dir));
        ::setenv("EDGECODER_DATA_DIR", settings.data_dir.c_str(), 1);
        auto service = std::make_unique<InferenceService>();
        EC_ASSIGN(service->models_,
                  ide::Models::open({.data_dir = settings.data_dir, .configured = {}, .fill = {}, .limits = {}}));
        EC_ASSIGN(const std::string token, keep_token(settings.data_dir / "secrets/inference-token"));
        service->http_ = std::make_unique<InferenceHttp>(
            InferenceHttp{*service->models_, [&leasing = service->leasing_] { return leasing->state(); }});
        EC_ASSIGN(service->leasing_,
                  start_leasing({.swarm = options.swarm,
                                 .model = settings.model,
                                 .says = [&err, mutex = std::make_shared<std::mutex>()](const std::string& line) {
                                     const std::scoped_lock lock(*mutex);
                                     err << fmt::format("inference: {}\n", line) << std::flush;
                                 }}));
        EC_ASSIGN(service->server_,
                  net::start_http_server(inference_routes(*service->http_, token), server_options(settings)));
        service->heart_ = std::jthread([models = service->models_.get()](const std::stop_token& end) {
            SystemWaiter waiter;
            while (waiter.wait(std::chrono::seconds(1), end)) {
                for (ide::Seat* seat : models->seats()) seat->lane().beat();
            }
        });
        return service;
    }
    [[nodiscard]] std::string url() const override { return server_->url(); }
    void stop() override {
        server_->stop();
        leasing_.reset();
    }

private:
    std::unique_ptr<ide::Models> models_;
    std::unique_ptr<InferenceHttp> http_;
    std::unique_ptr<Leasing> leasing_;
    std::unique_ptr<net::HttpServer> server_;
    std::jthread heart_;
};

Status serve(const InferenceHttpOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    EC_ASSIGN(const fs::path socket, inference_socket(options.data_dir));
    EC_ASSIGN(const auto host, ModelHostChild::start(socket, options.memory_mb));
    if (host) err << "inference: models of this user's programs run at " << socket.string() << std::endl;
    return serve_one("inference", start_inference_http(options, err), out, stop);
}

}  // namespace

void add_inference_http(CLI::App& app, InferenceHttpOptions& options) {
    constexpr std::int64_t kMostMegabytes = std::int64_t{1} << 30;
    CLI::App* command = app.add_subcommand(
        "inference", "Runs models for this user's programs; takes jobs apart and puts them together");
    command->add_option("--listen", options.listen, "ADDR:PORT (default: 127.0.0.1:4302, or INFERENCE_PORT)");
    command->add_option("--data-dir", options.data_dir, "Where it keeps its data");
    command->add_option("--config", options.config, "The configuration file");
    command->add_flag("--behind-proxy", options.behind_proxy,
                      "A proxy with TLS stands in front; needed beyond loopback");
    command
        ->add_option("--memory", options.memory_mb,
                     "MB that all loaded models may take together (default: seven tenths of what is available)")
        ->check(CLI::Range(std::int64_t{0}, kMostMegabytes));
    command->add_option("--model", options.model, "Model for plans and escalations (default: the configured one)");
    command
        ->add_option("--coordinator", options.swarm.coordinators,
                     "Lease work from this coordinator; repeatable (default: this machine's)")
        ->type_name("URL")
        ->allow_extra_args(false);
    command->add_option("--ca", options.swarm.ca_file, "Trust this certificate authority (default: the system's)");
    command->add_option("--token-file", options.swarm.token_file, "Join with the token in this file; - for stdin");
    command->footer(
        "Models run at $XDG_RUNTIME_DIR/edgecoder/inference.sock, else at run/inference.sock in the data directory, "
        "for\n"
        "programs of the same user only; EDGECODER_SHARED_INFERENCE=off makes them start their own. /decompose and\n"
        "/escalate answer to the token in secrets/inference-token. The coordinator's decompositions, merges and\n"
        "escalations are leased for all trust groups of this machine. docs/inference.md says more.\n"
        "Exit status: 0 a signal came, 2 wrong usage, 3 one is running already, or this machine cannot do it.");
}

StartedService start_inference_http(const InferenceHttpOptions& options, std::ostream& err) {
    return InferenceService::start(options, err);
}

int run_inference_http(const InferenceHttpOptions& given, std::ostream& out, std::ostream& err, std::stop_token stop) {
    InferenceHttpOptions options = given;
    if (!given.data_dir.empty()) {
        options.data_dir = fs::absolute(given.data_dir);
        ::setenv("EDGECODER_DATA_DIR", options.data_dir.c_str(), 1);
    }
    return service_exit(serve(options, out, err, stop), err);
}

}  // namespace ec::apps
