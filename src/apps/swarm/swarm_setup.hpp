// How a program of this machine gets to its coordinator: where that is, with which key, and enrolled.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/core/secret.hpp>
#include <ec/crypto/signing.hpp>
#include <ec/identity/node.hpp>
#include <ec/net/egress_ledger.hpp>
#include <ec/swarm/coordinator_client.hpp>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::apps {

/// What the command line says; what it leaves out comes from the environment and the configuration file.
struct SwarmOptions {
    std::vector<std::string> coordinators;  ///< --coordinator
    std::string ca_file;                    ///< --ca
    std::string token_file;                 ///< --token-file; "-" is standard input
};

/// --coordinator over EDGECODER_COORDINATOR (comma separated) over [swarm] in config.toml, else this machine's own.
/// `invalid_argument` for what is no URL, `denied` for plain HTTP to another machine.
Result<swarm::CoordinatorAddress> coordinator_address(const SwarmOptions& options);

/// What helps where none answers.
inline constexpr std::string_view kNoCoordinator =
    "start one on this machine with edgecoderd all, or name another with --coordinator URL, EDGECODER_COORDINATOR or "
    "[swarm] in config.toml";

/// The name of the trust group that work is for: `named`, else [swarm] group, else kLocalGroup.
Result<std::string> group_name(const std::string& named);

/// AGENT_ID, else this machine's name: a label for people.
std::string node_label();

/// Seconds since the epoch, by this machine's clock.
std::int64_t unix_seconds();

/// A node of this machine and its coordinators. Does not talk to them before it is asked to.
class SwarmLink {
public:
    static Result<SwarmLink> open(identity::NodeKind kind, const SwarmOptions& options);

    /// Has the coordinator know this node, and let it in. Where it does not: joins with the token of
    /// AGENT_REGISTRATION_TOKEN or --token-file, else with one that this user's own coordinator on this machine gives.
    /// `denied` without a token, and while a person has yet to approve the node; the remedy says how.
    Status ensure_enrolled(std::stop_token stop);

    /// Whether the coordinator lets the node in, as it is: nothing is joined.
    Status let_in(const std::stop_token& stop) const;
    /// A client of its own for each thread; the link outlives them.
    [[nodiscard]] std::unique_ptr<swarm::CoordinatorClient> connect() const;
    [[nodiscard]] const crypto::SecretKey& key() const { return key_; }
    [[nodiscard]] identity::NodeId id() const { return identity::NodeId::of(key_.public_key()); }
    [[nodiscard]] const swarm::CoordinatorAddress& address() const { return address_; }

private:
    SwarmLink(identity::NodeKind kind, SwarmOptions options, swarm::CoordinatorAddress address, crypto::SecretKey key,
              net::FileEgressLedger ledger)
        : kind_(kind),
          options_(std::move(options)),
          address_(std::move(address)),
          key_(std::move(key)),
          ledger_(std::make_unique<net::FileEgressLedger>(std::move(ledger))) {}
    Result<Secret> find_token(const Error& refused, const std::stop_token& stop) const;
    [[nodiscard]] Error not_let_in(const Error& refused) const;
    [[nodiscard]] Error waits_for_approval(identity::NodeState state) const;

    identity::NodeKind kind_;
    SwarmOptions options_;
    swarm::CoordinatorAddress address_;
    crypto::SecretKey key_;
    std::unique_ptr<net::FileEgressLedger> ledger_;
};

}  // namespace ec::apps
