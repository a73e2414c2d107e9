// Who may come in: every route but the open ones asks for a request that an approved node signed, of the kinds it is
// for. Thread-safe.
#pragma once

#include <ec/identity/signed_requests.hpp>
#include <ec/net/http_server.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node_cache.hpp"

namespace ec::apps::coordinator {

using Kinds = std::vector<identity::NodeKind>;

class Gate {
public:
    Gate(NodeCache& nodes, std::function<std::int64_t()> now_ms);

    using Handle = std::function<net::ServerResponse(const identity::Node&, const net::ServerRequest&)>;
    using Take = std::function<void(const identity::Node&, const net::ServerRequest&, std::shared_ptr<net::Responder>)>;
    /// The route with who may call it, and with what it does for them.
    net::Route handled(net::Route route, Kinds kinds, Handle handle);
    net::Route taken(net::Route route, Kinds kinds, Take take);

    /// `denied`: not signed by a node that is let in; `conflict`: at a wrong time, or twice.
    Result<identity::Node> who(const net::ServerRequest& request) { return verifier_.verify(request); }
    [[nodiscard]] Status joins(const crypto::PublicKey& key, const net::ServerRequest& request) const {
        return verifier_.verify_joining(key, request);
    }
    [[nodiscard]] std::int64_t now_ms() const { return now_ms_(); }

private:
    std::optional<net::ServerResponse> turn_away(const net::ServerRequest& head, const Kinds& kinds);
    void guard(net::Route& route, const Kinds& kinds);

    NodeCache& nodes_;
    std::function<std::int64_t()> now_ms_;
    identity::RequestVerifier verifier_;
};

}  // namespace ec::apps::coordinator
