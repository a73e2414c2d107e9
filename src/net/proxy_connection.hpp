// One connection of a program in a sandbox through the proxy: read what it wants, judge, dial, relay, account.
//
// Lives on the proxy's one thread. Kept alive by its pending operations; its run forgets it when it closes.
#pragma once

#include <ec/net/allow_list_proxy.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace ec::net {

class ProxyConnection;

/// What a connection needs of the run it belongs to.
class RunContext {
public:
    virtual ~RunContext() = default;
    [[nodiscard]] virtual const ProxyLimits& limits() const = 0;
    [[nodiscard]] virtual Dialer& dialer() const = 0;
    [[nodiscard]] virtual bool allows(const Authority& target) const = 0;
    /// Counts bytes of either direction; false when the run has used up what it may move.
    virtual bool spend(std::uint64_t bytes) = 0;
    /// What the run has used up, in words; empty while it may go on.
    [[nodiscard]] virtual std::string_view exhausted() const = 0;
    /// Fills in when, who and why.
    virtual Status record(EgressEntry entry) = 0;
    /// `then` is called later, on this thread.
    virtual void look_up(const std::string& name, std::function<void(Result<std::vector<Address>>)> then) = 0;
    virtual void forget(const std::shared_ptr<ProxyConnection>& connection) = 0;
};

class ProxyConnection {
public:
    /// Takes the descriptor of an accepted connection. `owner` keeps `run` alive.
    static std::shared_ptr<ProxyConnection> make(boost::asio::io_context& io, RunContext& run,
                                                 std::shared_ptr<void> owner, int client, std::string name);
    virtual ~ProxyConnection() = default;
    virtual void start() = 0;
    /// Ends it now, with its totals in the ledger when it was open.
    virtual void close(std::string_view reason) = 0;
};

}  // namespace ec::net
