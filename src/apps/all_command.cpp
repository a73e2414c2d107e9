#include "all_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>
#include <ostream>
#include <ranges>
#include <string_view>
#include <vector>

#include "coordinator/service.hpp"
#include "data_dir.hpp"
#include "ide/service.hpp"
#include "inference_http/service.hpp"
#include "plain_tasks.hpp"
#include "review_service/service.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;

struct Part {
    std::string_view name;
    std::function<StartedService()> start;
};

/// What is known of those that run already.
struct Known {
    std::string coordinator;  ///< its URL
};

/// Works for this machine's coordinator. Over TLS that has a name, which the configuration must give.
StartedService start_inference(const AllOptions& options, const Known& known, std::ostream& err) {
    InferenceHttpOptions inference{.data_dir = options.data_dir, .config = options.config};
    if (known.coordinator.starts_with("http://")) inference.swarm.coordinators = {known.coordinator};
    return start_inference_http(inference, err);
}

/// The services that exist, each after those that it asks.
std::vector<Part> parts_of(const AllOptions& options, Known& known, std::ostream& err) {
    return {{"coordinator",
             [&]() -> StartedService {
                 auto service = start_coordinator_service({.data_dir = options.data_dir, .config = options.config},
                                                          seal_plain_task);
                 if (service) known.coordinator = (*service)->url();
                 return service;
             }},
            {"inference", [&] { return start_inference(options, known, err); }},
            {"ide", [&] { return start_ide_service({.data_dir = options.data_dir, .config = options.config}, err); }},
            {"review",
             [&] { return start_review_service({.data_dir = options.data_dir, .config = options.config}, err); }}};
}

/// A service that runs, and what it is called.
struct Running {
    std::string_view name;
    std::unique_ptr<RunningService> service;
};

bool reload_certificates(const std::vector<Running>& all, std::ostream& err) {
    bool some = false;
    for (const Running& each : all) some = reload_certificate(each.name, *each.service, err) || some;
    return some;
}

Status serve(const AllOptions& options, std::ostream& out, std::ostream& err, HangUp& hang_up,
             const std::stop_token& stop) {
    std::vector<Running> running;
    const auto take_down = [&] {
        for (const Running& each : running | std::views::reverse) each.service->stop();
        while (!running.empty()) running.pop_back();
    };
    Known known;
    for (const Part& part : parts_of(options, known, err)) {
        StartedService service = part.start();
        if (!service) {
            take_down();
            Error error = std::move(service).error();
            error.message = std::string(part.name) + ": " + error.message;
            return fail(std::move(error));
        }
        say_ready(part.name, **service, out);
        running.push_back({part.name, *std::move(service)});
    }
    hang_up.then([&] { return reload_certificates(running, err); });
    wait_for(stop);
    hang_up.then({});
    take_down();
    return {};
}

}  // namespace

void add_all(CLI::App& app, AllOptions& options) {
    CLI::App* command = app.add_subcommand("all", "All services of one machine, with a store of their own");
    command->add_option("--data-dir", options.data_dir, "Where they keep their data");
    command->add_option("--config", options.config, "The configuration file");
    command->footer(
        "Starts coordinator (4301), inference (4302), ide (4304) and review (4305) in one process, on loopback;\n"
        "COORDINATOR_PORT, INFERENCE_PORT, IDE_PORT and REVIEW_PORT choose other ports. edgecoder worker and edgecoder "
        "submit on the same machine find\n"
        "them without any configuration. At SIGHUP the coordinator reads its certificate again, where it has one.\n\n"
        "Exit status: 0 a signal came, 1 another coordinator runs on the data directory, 2 wrong usage, 3 this "
        "machine\n"
        "cannot do it.");
}

int run_all(const AllOptions& given, std::ostream& out, std::ostream& err, HangUp& hang_up, std::stop_token stop) {
    AllOptions options = given;
    options.data_dir = given.data_dir.empty() ? data_dir() : fs::absolute(given.data_dir);
    if (!options.data_dir.empty()) ::setenv("EDGECODER_DATA_DIR", options.data_dir.c_str(), 1);
    return service_exit(serve(options, out, err, hang_up, stop), err);
}

}  // namespace ec::apps
