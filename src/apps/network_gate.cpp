#include "network_gate.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ec::apps {
namespace {

class Pass final : public executor::NetworkPass {
public:
    explicit Pass(std::unique_ptr<net::ProxyPass> pass) : pass_(std::move(pass)) {}
    UniqueFd take_end() override { return pass_->take_end(); }

private:
    std::unique_ptr<net::ProxyPass> pass_;
};

}  // namespace

bool policy_lists(const executor::SandboxPolicy& policy, const std::string& host) {
    if (!policy.network) return true;
    const auto rule = executor::HostRule::parse(host);
    return rule && std::ranges::find(policy.network->allow, *rule) != policy.network->allow.end();
}

ProxyGate::ProxyGate(std::vector<net::AllowRule> rules, std::string command, net::FileEgressLedger ledger)
    : rules_(std::move(rules)), command_(std::move(command)), ledger_(std::move(ledger)) {}

Result<std::unique_ptr<ProxyGate>> ProxyGate::open(const std::vector<std::string>& hosts, std::string command,
                                                   const std::filesystem::path& data_dir) {
    std::vector<net::AllowRule> rules;
    for (const std::string& host : hosts) {
        EC_ASSIGN(net::AllowRule rule, net::AllowRule::parse(host));
        rules.push_back(std::move(rule));
    }
    if (data_dir.empty()) {
        return fail(ErrorCode::unavailable, "there is no place for the egress ledger, so there is no network",
                    "set EDGECODER_DATA_DIR or HOME");
    }
    EC_ASSIGN(net::FileEgressLedger ledger, net::FileEgressLedger::open(data_dir));
    std::unique_ptr<ProxyGate> gate(new ProxyGate(std::move(rules), std::move(command), std::move(ledger)));
    EC_ASSIGN(gate->proxy_, net::AllowListProxy::start({gate->resolver_, gate->dialer_, gate->ledger_}, {}));
    return gate;
}

Result<std::unique_ptr<executor::NetworkPass>> ProxyGate::admit(std::string who, std::string why) {
    net::Admission admission;
    admission.who = fmt::format("{} in {}", command_, who);
    admission.why = std::move(why);
    admission.id = fmt::format("{}.{}", ::getpid(), ++passes_);
    admission.rules = rules_;
    EC_ASSIGN(auto pass, proxy_->admit(std::move(admission)));
    return std::make_unique<Pass>(std::move(pass));
}

}  // namespace ec::apps
