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
#include "service_start.hpp"

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

Status serve(const AllOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    std::vector<std::unique_ptr<RunningService>> running;
    const auto take_down = [&] {
        for (const auto& service : running | std::views::reverse) service->stop();
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
        out << "ready " << part.name << ' ' << (*service)->url() << std::endl;
        running.push_back(*std::move(service));
    }
    wait_for(stop);
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
        "them without any configuration.\n\n"
        "Exit status: 0 a signal came, 1 another coordinator runs on the data directory, 2 wrong usage, 3 this "
        "machine\n"
        "cannot do it.");
}

int run_all(const AllOptions& given, std::ostream& out, std::ostream& err, std::stop_token stop) {
    AllOptions options = given;
    options.data_dir = given.data_dir.empty() ? data_dir() : fs::absolute(given.data_dir);
    if (!options.data_dir.empty()) ::setenv("EDGECODER_DATA_DIR", options.data_dir.c_str(), 1);
    return service_exit(serve(options, out, err, stop), err);
}

}  // namespace ec::apps
