// The services, one subcommand each.
#include <CLI/CLI.hpp>
#include <iostream>

#include "interrupt.hpp"
#include "review_service/service.hpp"

int main(int argc, char** argv) {
    constexpr int kUsage = 2;
    std::ios::sync_with_stdio(false);
    CLI::App app("EdgeCoder's services.", "edgecoderd");
    app.set_version_flag("--version", "edgecoderd " EC_VERSION);
    app.require_subcommand(1);
    ec::apps::ReviewServiceOptions review;
    CLI::App* command = app.add_subcommand("review", "Keeps a team's review questions and their answers");
    command->add_option("--listen", review.listen, "ADDR:PORT (default: 127.0.0.1:4305, or REVIEW_PORT)");
    command->add_option("--data-dir", review.data_dir, "Where it keeps its data");
    command->add_option("--config", review.config, "The configuration file");
    command->add_flag("--behind-proxy", review.behind_proxy,
                      "A proxy with TLS stands in front; needed beyond loopback");
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {
        return app.exit(success, std::cout, std::cerr);
    } catch (const CLI::ParseError& error) {
        app.exit(error, std::cout, std::cerr);
        return kUsage;
    }
    const ec::apps::Interrupt interrupt;
    return ec::apps::run_review_service(review, std::cout, std::cerr, interrupt.token());
}
