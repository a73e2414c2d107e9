// The policy reader, fed with arbitrary bytes. What it accepts must keep its promises: it is written as a file that
// reads back to the same policy, merging it with anything widens nothing, and its limits are limits. Linked with
// libFuzzer as policy_fuzz, and run over seeds and mutations of them by the default suite.
#include <cstdint>
#include <cstdlib>
#include <ec/core/text.hpp>
#include <ec/executor/policy.hpp>
#include <ec/executor/sandbox.hpp>
#include <string_view>

namespace {

using namespace ec::executor;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_reads_back(const SandboxPolicy& policy, const PolicyPlaces& places) {
    for (const bool origins : {false, true}) {
        const auto again = parse_policy(to_toml(policy, origins), "again", places);
        require(again.has_value() && *again == policy);
    }
}

void check_hosts(const NetworkPolicy& network) {
    require(network.mode == NetworkPolicy::Mode::allow_list || network.allow.empty());
    for (const HostRule& rule : network.allow) {
        require(rule.port != 0 && rule.host.find('.') != std::string::npos);
        require(HostRule::parse(rule.text()) == rule);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const PolicyPlaces places = {"/home/me", {"/home/me/.local/share/edgecoder"}};
    const auto policy = parse_policy(text, "p.toml", places);
    if (!policy) {
        require(!policy.error().message.empty() && ec::is_valid_utf8(policy.error().message));
        require(policy.error().message.starts_with("p.toml"));
        return 0;
    }
    for (const std::string& path : policy->read_only.value_or(std::vector<std::string>{})) {
        require(path.starts_with('/') && path.size() > 1 && !path.starts_with("/proc") && path != "/home/me");
    }
    if (policy->network) check_hosts(*policy->network);
    require(clamp(*policy, standard_limits(*policy)) == standard_limits(*policy));
    check_reads_back(*policy, places);
    check_reads_back(resolve(*policy), places);
    require(merge(*policy, *policy) == *policy);
    require(merge(*policy, {}) == *policy && merge({}, *policy) == *policy);
    return 0;
}
