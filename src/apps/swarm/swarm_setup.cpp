#include "swarm_setup.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/identity/refusals.hpp>
#include <iostream>

#include "../config.hpp"
#include "../data_dir.hpp"
#include "admin_client.hpp"
#include "swarm_places.hpp"

namespace ec::apps {
namespace {

constexpr std::size_t kMostToken = 1024;
constexpr std::size_t kMostCoordinators = 16;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> out;
    for (const std::string_view word : split(text, ','))
        if (!trim(word).empty()) out.emplace_back(trim(word));
    return out;
}

std::string own_coordinator() {
    const std::string port = variable("COORDINATOR_PORT");
    return fmt::format("http://127.0.0.1:{}", port.empty() ? "4301" : port);
}

Status check_url(const std::string& text) {
    EC_ASSIGN(const net::Url url, net::Url::parse(text));
    if (url.scheme == "https" || url.loopback()) return {};
    return fail(ErrorCode::denied, fmt::format("{} is not encrypted", text),
                "name the coordinator with https://; plain HTTP is for this machine alone");
}

Result<std::string> read_token(const std::string& file) {
    if (file == "-") {
        std::string line;
        std::getline(std::cin, line);
        return line;
    }
    return read_file(file, kMostToken);
}

/// Whether the coordinator lets the node in, by a call that its kind makes anyway.
Status knock(swarm::CoordinatorClient& client, identity::NodeKind kind, const std::stop_token& stop) {
    if (kind == identity::NodeKind::client) {
        EC_TRY(client.jobs({}, 1, stop));
    } else {
        EC_TRY(client.heartbeat({}, stop));
    }
    return {};
}

}  // namespace

Result<swarm::CoordinatorAddress> coordinator_address(const SwarmOptions& options) {
    EC_ASSIGN(const Config config, load_config());
    swarm::CoordinatorAddress address;
    address.urls = options.coordinators;
    if (address.urls.empty()) address.urls = words(variable("EDGECODER_COORDINATOR"));
    if (address.urls.empty()) address.urls = config.swarm.coordinators;
    if (address.urls.empty()) address.urls = {own_coordinator()};
    address.ca_file = options.ca_file.empty() ? config.swarm.ca : options.ca_file;
    if (address.urls.size() > kMostCoordinators) {
        return fail(ErrorCode::invalid_argument, fmt::format("at most {} coordinators", kMostCoordinators));
    }
    for (const std::string& url : address.urls) EC_TRY(check_url(url));
    return address;
}

Result<std::string> group_name(const std::string& named) {
    if (!named.empty()) return named;
    EC_ASSIGN(const Config config, load_config());
    return config.swarm.group.empty() ? std::string(kLocalGroup) : config.swarm.group;
}

std::string node_label() {
    std::string label = variable("AGENT_ID");
    if (label.empty()) {
        std::array<char, 256> name{};
        if (::gethostname(name.data(), name.size() - 1) == 0) label = name.data();
    }
    return ellipsize(to_valid_utf8(label), 60);
}

std::int64_t unix_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

Result<SwarmLink> SwarmLink::open(identity::NodeKind kind, const SwarmOptions& options) {
    EC_ASSIGN(swarm::CoordinatorAddress address, coordinator_address(options));
    EC_ASSIGN(crypto::SecretKey key, own_node_key(kind));
    EC_ASSIGN(net::FileEgressLedger ledger, net::FileEgressLedger::open(data_dir()));
    return SwarmLink(kind, options, std::move(address), std::move(key), std::move(ledger));
}

std::unique_ptr<swarm::CoordinatorClient> SwarmLink::connect() const {
    return swarm::make_coordinator_client(address_, key_, *ledger_, unix_seconds);
}

Result<Secret> SwarmLink::find_token(const Error& refused, const std::stop_token& stop) const {
    std::string text = variable("AGENT_REGISTRATION_TOKEN");
    if (!options_.token_file.empty()) {
        EC_ASSIGN(text, read_token(options_.token_file));
    }
    if (!trim(text).empty()) return Secret(std::string(trim(text)));
    EC_ASSIGN(const net::Url url, net::Url::parse(address_.urls.front()));
    const Error without = not_let_in(refused);
    if (!url.loopback()) return fail(without);
    const auto answer = ask_admin(
        "token.create",
        {{"kind", identity::name(kind_)}, {"account", "local"}, {"uses", 1}, {"life_s", 60}, {"approved", true}}, stop);
    if (!answer) return fail(without);
    json::Reader reader(*answer, "answer");
    std::string token = reader.require("token").string("token");
    EC_TRY(reader.status());
    return Secret(std::move(token));
}

Error SwarmLink::not_let_in(const Error& refused) const {
    if (refused.message.starts_with(identity::kPendingNode)) return waits_for_approval(identity::NodeState::pending);
    if (!refused.message.starts_with(identity::kUnknownNode)) {
        return {ErrorCode::denied,
                fmt::format("{} does not let this machine in: {}", address_.urls.front(), refused.message),
                {}};
    }
    return {ErrorCode::denied, fmt::format("{} does not know this machine", address_.urls.front()),
            "a new machine needs a token of its operator (edgecoder admin token create), in AGENT_REGISTRATION_TOKEN "
            "or with --token-file"};
}

Error SwarmLink::waits_for_approval(identity::NodeState state) const {
    if (state == identity::NodeState::pending) {
        return {ErrorCode::denied, fmt::format("node {} has joined and waits for approval", id().text()),
                fmt::format("on the coordinator's machine: edgecoder node approve {}", id().text())};
    }
    return {ErrorCode::denied, fmt::format("node {} is {}", id().text(), identity::name(state)),
            "ask the coordinator's operator"};
}

Status SwarmLink::let_in(const std::stop_token& stop) const { return knock(*connect(), kind_, stop); }

Status SwarmLink::ensure_enrolled(std::stop_token stop) {
    const auto client = connect();
    const Status known = knock(*client, kind_, stop);
    if (!known && known.error().code == ErrorCode::unavailable && !known.error().remedy.empty()) {
        return fail(ErrorCode::unavailable, known.error().message, std::string(kNoCoordinator));
    }
    if (known || known.error().code != ErrorCode::denied) return known;
    EC_ASSIGN(const Secret token, find_token(known.error(), stop));
    EC_ASSIGN(const identity::Node node, client->join(token, kind_, node_label(), stop));
    if (node.state != identity::NodeState::approved) return fail(waits_for_approval(node.state));
    return {};
}

}  // namespace ec::apps
