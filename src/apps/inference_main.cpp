// The program behind `edgecoderd inference`, and the only one that links llama.cpp: what its libraries cost in memory
// and at the start is paid by nobody else. edgecoderd becomes it, with the words it was given.
#include <CLI/CLI.hpp>
#include <iostream>

#include "inference_service.hpp"

int main(int argc, char** argv) {
    constexpr int kUsage = 2;
    std::ios::sync_with_stdio(false);
    CLI::App app("EdgeCoder's services.", "edgecoderd");
    app.require_subcommand(1);
    ec::apps::InferenceOptions inference;
    ec::apps::add_inference(app, inference);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help
        return app.exit(success, std::cout, std::cerr);
    } catch (const CLI::ParseError& error) {
        app.exit(error, std::cout, std::cerr);
        return kUsage;
    }
    return ec::apps::run_inference(inference, std::cout, std::cerr);
}
