#include "service.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <ec/core/token.hpp>
#include <ec/core/waiter.hpp>
#include <ostream>
#include <thread>

#include "../service_start.hpp"
#include "ide.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;
using namespace ide;

// The token itself is for a person's eyes, once: a log gets only the place where it lies.
Result<std::string> open_token(const fs::path& data, std::ostream& err) {
    const fs::path file = data / "secrets/ide-token";
    std::error_code error;
    const bool made = !fs::exists(file, error);
    EC_ASSIGN(std::string token, keep_token(file));
    err << "edgecoderd: the token is in " << file.string() << std::endl;
    if (made && ::isatty(STDERR_FILENO) == 1) err << "edgecoderd: give it to editors as the API key: " << token << '\n';
    return token;
}

net::ServerOptions server_options(const IdeSettings& settings) {
    net::ServerOptions options;
    options.address = settings.address;
    options.port = settings.port;
    options.behind_proxy = settings.behind_proxy;
    options.hosts = settings.hosts;
    options.proxies = settings.proxies;
    options.refuse_pages = true;
    // One person's editors and agents, with hundreds of streams that wait; they all come from one address.
    options.connections = 512;
    options.per_peer = 448;
    options.waiting = options.connections;
    // Responses repeats the tools and instructions of its request in three events, two of them in the first piece.
    options.stream_bytes = 4 * kMostBody;
    return options;
}

/// Built in this order, taken down in the other.
class Service final : public RunningService {
public:
    Service(const IdeSettings& settings, std::unique_ptr<Models> models)
        : models_(std::move(models)),
          agents_({.roots = settings.roots, .limits = {.waiting = 8}}, *models_),
          ide_{.models = *models_, .agents = agents_, .neighbours = neighbours_},
          heart_([this](const std::stop_token& end) { beat(end); }) {}
    ~Service() override { stop(); }

    Status listen(const IdeSettings& settings, const std::string& token) {
        EC_ASSIGN(server_, net::start_http_server(ide_routes(ide_, token), server_options(settings)));
        return {};
    }
    [[nodiscard]] std::vector<net::Route> routes() { return ide_routes(ide_, {}); }
    [[nodiscard]] std::string url() const override { return server_->url(); }
    void stop() override {
        if (server_) server_->stop();
    }

private:
    void beat(const std::stop_token& end) {
        SystemWaiter waiter;
        while (waiter.wait(std::chrono::seconds(1), end)) {
            for (Seat* seat : models_->seats()) seat->lane().beat();
            agents_.beat();
        }
    }

    std::unique_ptr<Models> models_;
    AgentRooms agents_;
    NeighbourRing neighbours_;
    Ide ide_;
    std::jthread heart_;
    std::unique_ptr<net::HttpServer> server_;
};

Result<std::unique_ptr<Service>> open_service(const IdeSettings& settings) {
    EC_TRY(make_data_dir(settings.data_dir));
    // Under `all` it is set already, and others may be reading it.
    const char* const set = std::getenv("EDGECODER_DATA_DIR");
    if (set == nullptr || settings.data_dir != set) ::setenv("EDGECODER_DATA_DIR", settings.data_dir.c_str(), 1);
    EC_ASSIGN(auto models,
              Models::open(
                  {.data_dir = settings.data_dir, .configured = settings.models, .fill = settings.fill, .limits = {}}));
    return std::make_unique<Service>(settings, std::move(models));
}

Status print_document(const IdeOptions& options, std::ostream& out) {
    EC_ASSIGN(const IdeSettings settings, read_settings(options));
    EC_ASSIGN(const auto service, open_service(settings));
    out << net::openapi_document("EdgeCoder in editors", EC_VERSION, service->routes()) << std::endl;
    return {};
}

}  // namespace

StartedService start_ide_service(const IdeOptions& options, std::ostream& err) {
    EC_ASSIGN(const IdeSettings settings, read_settings(options));
    EC_ASSIGN(std::unique_ptr<Service> service, open_service(settings));
    EC_ASSIGN(const std::string token, open_token(settings.data_dir, err));
    EC_TRY(service->listen(settings, token));
    return service;
}

void add_ide(CLI::App& app, IdeOptions& options) {
    CLI::App* command = app.add_subcommand("ide", "Serves editors and agents on this machine (OpenAI's API)");
    command->add_option("--listen", options.listen, "ADDR:PORT (default: 127.0.0.1:4304, or IDE_PORT)");
    command->add_option("--data-dir", options.data_dir, "Where it keeps its data");
    command->add_option("--config", options.config, "The configuration file");
    command->add_option("--root", options.roots, "A folder that the agent may work in; repeatable")
        ->type_name("DIR")
        ->allow_extra_args(false);
    command->add_flag("--behind-proxy", options.behind_proxy,
                      "A proxy with TLS stands in front; needed beyond loopback");
    command->add_flag("--openapi", options.openapi, "Print the OpenAPI document and end");
    command->footer(
        "Editors ask it at http://127.0.0.1:4304/v1 with the token in secrets/ide-token of the data directory as\n"
        "their API key. The model edgecoder-agent works in a folder of --root; all others just answer.\n"
        "docs/ide.md says more, docs/editors how each editor is set up.\n"
        "Example:\n  edgecoderd ide --root ~/src/project\n\n"
        "Exit status: 0 a signal came, 2 wrong usage, 3 this machine cannot do it.");
}

int run_ide_service(const IdeOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    if (options.openapi) return service_exit(print_document(options, out), err);
    return service_exit(serve_one("ide", start_ide_service(options, err), out, stop), err);
}

}  // namespace ec::apps
