// The services, one subcommand each: this file only dispatches, every service has a file of its own.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ec/core/fs.hpp>
#include <iostream>
#include <string_view>

#include "all_command.hpp"
#include "cli_words.hpp"
#include "coordinator/service.hpp"
#include "few_arenas.hpp"
#include "ide/service.hpp"
#include "inference_http/service.hpp"
#include "interrupt.hpp"
#include "migrate_command.hpp"
#include "private_memory.hpp"
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

/// Goes on as the program that links llama.cpp; returns the exit status where there is none.
int become_inference(char** argv) {
    if (const auto folder = ec::executable_dir()) ::execv((*folder / "edgecoder-inference").c_str(), argv);
    std::cerr << "edgecoderd: there is no edgecoder-inference beside it: built without llama.cpp (EC_LLAMA=off)\n";
    return 3;
}

/// `inference --stdio` and `inference --at`: the host of models alone, for the program that started this one.
bool is_for_a_program(int argc, char** argv) {
    if (argc < 2 || std::string_view(argv[1]) != "inference") return false;
    return std::any_of(argv + 2, argv + argc, [](std::string_view word) {
        return word == "--stdio" || word == "--at" || word.starts_with("--at=");
    });
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int kUsage = 2;
    if (is_for_a_program(argc, argv)) return become_inference(argv);
    ec::apps::keep_memory_private();
    ec::apps::use_few_arenas();
    std::ios::sync_with_stdio(false);
    CLI::App app("EdgeCoder's services.", "edgecoderd");
    app.set_version_flag("--version", "edgecoderd " EC_VERSION);
    app.require_subcommand(1);
    app.footer("Run 'edgecoderd SERVICE --help' for a service's options.");
    ec::apps::ReviewServiceOptions review;
    ec::apps::InferenceHttpOptions inference;
    ec::apps::add_inference_http(app, inference);
    add_review(app, review);
    ec::apps::AllOptions all;
    ec::apps::add_all(app, all);
    ec::apps::coordinator::CoordinatorOptions coordinator;
    ec::apps::add_coordinator(app, coordinator);
    ec::apps::ide::IdeOptions ide;
    ec::apps::add_ide(app, ide);
    ec::apps::MigrateOptions migrate;
    ec::apps::add_migrate(app, migrate);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help and --version
        return app.exit(success, std::cout, std::cerr);
    } catch (const CLI::ParseError& error) {
        ec::apps::explain_words(app, error, std::cerr);
        return kUsage;
    }
    if (app.got_subcommand("migrate")) return ec::apps::run_migrate(migrate, std::cout, std::cerr);
    ec::apps::HangUp hang_up;
    const ec::apps::Interrupt interrupt([&hang_up] { return hang_up.happened(); });
    if (app.got_subcommand("all")) return ec::apps::run_all(all, std::cout, std::cerr, hang_up, interrupt.token());
    if (app.got_subcommand("coordinator"))
        return ec::apps::run_coordinator_service(coordinator, std::cout, std::cerr, hang_up, interrupt.token());
    if (app.got_subcommand("inference"))
        return ec::apps::run_inference_http(inference, std::cout, std::cerr, interrupt.token());
    if (app.got_subcommand("ide")) return ec::apps::run_ide_service(ide, std::cout, std::cerr, interrupt.token());
    return ec::apps::run_review_service(review, std::cout, std::cerr, interrupt.token());
}
