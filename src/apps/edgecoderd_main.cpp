// The services, one subcommand each: this file only dispatches, every service has a file of its own.
#include <CLI/CLI.hpp>
#include <iostream>

#include "ide/service.hpp"
#include "inference_service.hpp"
#include "interrupt.hpp"
#include "review_service/service.hpp"

namespace {

void add_review(CLI::App& app, ec::apps::ReviewServiceOptions& review) {
    CLI::App* command = app.add_subcommand("review", "Keeps a team's review questions and their answers");
    command->add_option("--listen", review.listen, "ADDR:PORT (default: 127.0.0.1:4305, or REVIEW_PORT)");
    command->add_option("--data-dir", review.data_dir, "Where it keeps its data");
    command->add_option("--config", review.config, "The configuration file");
    command->add_flag("--behind-proxy", review.behind_proxy,
                      "A proxy with TLS stands in front; needed beyond loopback");
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int kUsage = 2;
    std::ios::sync_with_stdio(false);
    CLI::App app("EdgeCoder's services.", "edgecoderd");
    app.set_version_flag("--version", "edgecoderd " EC_VERSION);
    app.require_subcommand(1);
    app.footer("Run 'edgecoderd SERVICE --help' for a service's options.");
    ec::apps::InferenceOptions inference;
    ec::apps::ReviewServiceOptions review;
    ec::apps::add_inference(app, inference);
    add_review(app, review);
    ec::apps::ide::IdeOptions ide;
    ec::apps::add_ide(app, ide);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help and --version
        return app.exit(success, std::cout, std::cerr);
    } catch (const CLI::ParseError& error) {
        app.exit(error, std::cout, std::cerr);
        return kUsage;
    }
    if (app.got_subcommand("inference")) return ec::apps::run_inference(inference, std::cout, std::cerr);
    const ec::apps::Interrupt interrupt;
    if (app.got_subcommand("ide")) return ec::apps::run_ide_service(ide, std::cout, std::cerr, interrupt.token());
    return ec::apps::run_review_service(review, std::cout, std::cerr, interrupt.token());
}
