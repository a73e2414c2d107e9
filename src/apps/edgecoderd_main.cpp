// The services, one subcommand each: this file only dispatches, every service has a file of its own.
#include <CLI/CLI.hpp>
#include <iostream>

#include "inference_service.hpp"

int main(int argc, char** argv) {
    CLI::App app("EdgeCoder's services.", "edgecoderd");
    app.set_version_flag("--version", "edgecoderd " EC_VERSION);
    app.require_subcommand(1);
    app.footer("Run 'edgecoderd SERVICE --help' for a service's options.");
    ec::apps::InferenceOptions inference;
    ec::apps::add_inference(app, inference);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help and --version
        return app.exit(success, std::cout, std::cerr);
    } catch (const CLI::ParseError& error) {
        app.exit(error, std::cout, std::cerr);
        return 2;
    }
    return ec::apps::run_inference(inference, std::cerr);
}
