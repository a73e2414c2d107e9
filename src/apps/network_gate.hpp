// The network of sandboxed runs, put together: allow-list proxy, this machine's resolver, the egress ledger.
#pragma once

#include <atomic>
#include <ec/executor/network.hpp>
#include <ec/executor/policy.hpp>
#include <ec/net/allow_list_proxy.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace ec::apps {

/// Whether a policy that lists hosts lists this one, which is an AllowRule text. One that says nothing of hosts leaves
/// them to whoever asks.
bool policy_lists(const executor::SandboxPolicy& policy, const std::string& host);

/// Must outlive the sandboxes that use it.
class ProxyGate final : public executor::NetworkGate {
public:
    /// `hosts` are AllowRule texts; `command` begins what the ledger calls "who". Fails when a rule makes no sense or
    /// the ledger cannot be written: then there is no network.
    static Result<std::unique_ptr<ProxyGate>> open(const std::vector<std::string>& hosts, std::string command,
                                                   const std::filesystem::path& data_dir);
    Result<std::unique_ptr<executor::NetworkPass>> admit(std::string who, std::string why) override;

private:
    ProxyGate(std::vector<net::AllowRule> rules, std::string command, net::FileEgressLedger ledger);

    std::vector<net::AllowRule> rules_;
    std::string command_;
    net::FileEgressLedger ledger_;
    net::SystemResolver resolver_;
    net::SystemDialer dialer_;
    std::atomic<unsigned> passes_{0};
    std::unique_ptr<net::AllowListProxy> proxy_;  // last: it uses what is above
};

}  // namespace ec::apps
