// A forward proxy for programs in sandboxes: CONNECT tunnels and plain http:// requests, to hosts on an allow-list.
//
// It resolves names itself, judges every address that comes back, and dials one of those it judged: a name that points
// into this machine or its networks is refused, however it is spelled and whenever its answer changes. Every decision
// is in the ledger before it takes effect, and what cannot be written there does not happen.
//
// One admission is one run. Its ProxyPass holds a unix socket for the sandbox, over which one listening TCP socket of
// the sandbox's own network namespace comes back; the proxy accepts there. The run's connections end, and their totals
// are in the ledger, when the other end of that socket is closed or when the pass is destroyed, which waits for it.
//
// Threads: one for all connections, a few for the resolver; both end with the proxy. admit() and the destruction of
// passes may happen on any thread. The ports must outlive the proxy, and the proxy its passes. Destroying the proxy
// waits for look-ups under way, so for as long as the resolver takes at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <ec/net/allow_rule.hpp>
#include <ec/net/dial.hpp>
#include <ec/net/egress_ledger.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ec::net {

struct ProxyLimits {
    std::chrono::milliseconds head{10'000};    ///< until a request's head is there
    std::chrono::milliseconds lookup{15'000};  ///< until its name is resolved
    std::chrono::milliseconds dial{10'000};    ///< until an address answers, each
    std::chrono::milliseconds idle{60'000};    ///< without a byte in either direction
    std::uint32_t head_bytes = 16 << 10;
    unsigned addresses = 4;  ///< of one name that are tried
    unsigned passes = 64;    ///< at a time
    // Of one pass:
    unsigned connections = 32;         ///< at a time; further ones wait
    std::uint64_t bytes = 1ULL << 30;  ///< both directions together
    // A flood of entries must not push others out of the ledger:
    unsigned openings = 10'000;
    unsigned refusals = 1000;  ///< then the pass is closed
};

struct ProxyPorts {
    Resolver& resolver;
    Dialer& dialer;
    EgressSink& sink;
    std::function<std::chrono::system_clock::time_point()> now = [] { return std::chrono::system_clock::now(); };
};

/// Who may reach what, and what the ledger says about it.
struct Admission {
    std::string who;
    std::string why;
    std::string id;  ///< begins the names of its connections in the ledger
    std::vector<AllowRule> rules;
};

class ProxyPass {
public:
    virtual ~ProxyPass() = default;
    /// The end for the sandbox, once; whoever gets it must leave no other copy open.
    virtual UniqueFd take_end() = 0;
};

class AllowListProxy {
public:
    static Result<std::unique_ptr<AllowListProxy>> start(ProxyPorts ports, ProxyLimits limits);
    ~AllowListProxy();
    AllowListProxy(const AllowListProxy&) = delete;
    AllowListProxy& operator=(const AllowListProxy&) = delete;

    /// `unavailable` when too many passes are out.
    Result<std::unique_ptr<ProxyPass>> admit(Admission admission);

private:
    class Core;
    explicit AllowListProxy(std::shared_ptr<Core> core);
    std::shared_ptr<Core> core_;
};

}  // namespace ec::net
