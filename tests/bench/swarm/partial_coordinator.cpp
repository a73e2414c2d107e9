// The coordinator with a part of its work left out, for figures beside the whole: EC_BENCH_OFF=signatures,log. It is a
// program of its own, linked so that two functions are called through the ones below, and the product has no such
// switch.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <ec/crypto/http_signature.hpp>
#include <ec/ledger/log.hpp>
#include <iostream>
#include <string_view>

#include "coordinator/service.hpp"
#include "interrupt.hpp"
#include "service_start.hpp"

namespace {

bool off(std::string_view part) {
    const char* const parts = std::getenv("EC_BENCH_OFF");
    return parts != nullptr && std::string_view(parts).find(part) != std::string_view::npos;
}
const bool no_signatures = off("signatures");
const bool no_log = off("log");

}  // namespace

ec::Status checked(const ec::crypto::PublicKey& key, const ec::crypto::SignedParts& parts, std::string_view body,
                   const ec::crypto::SignatureHeaders& headers) asm("__real_" EC_CHECK_SIGNATURE);
ec::Status maybe_checked(const ec::crypto::PublicKey& key, const ec::crypto::SignedParts& parts, std::string_view body,
                         const ec::crypto::SignatureHeaders& headers) asm("__wrap_" EC_CHECK_SIGNATURE);
ec::Status maybe_checked(const ec::crypto::PublicKey& key, const ec::crypto::SignedParts& parts, std::string_view body,
                         const ec::crypto::SignatureHeaders& headers) {
    return no_signatures ? ec::Status() : checked(key, parts, body, headers);
}

ec::Status appended(ec::ledger::Log* log, std::string_view leaf, std::int64_t now_ms) asm("__real_" EC_LOG_APPEND);
ec::Status maybe_appended(ec::ledger::Log* log, std::string_view leaf,
                          std::int64_t now_ms) asm("__wrap_" EC_LOG_APPEND);
ec::Status maybe_appended(ec::ledger::Log* log, std::string_view leaf, std::int64_t now_ms) {
    return no_log ? ec::Status() : appended(log, leaf, now_ms);
}

int main(int argc, char** argv) {
    CLI::App app("The coordinator with a part of its work left out.", "swarm_partial_coordinator");
    app.require_subcommand(1);
    ec::apps::coordinator::CoordinatorOptions options;
    ec::apps::add_coordinator(app, options);
    CLI11_PARSE(app, argc, argv);
    ec::apps::HangUp hang_up;
    const ec::apps::Interrupt interrupt;
    return ec::apps::run_coordinator_service(options, std::cout, std::cerr, hang_up, interrupt.token());
}
