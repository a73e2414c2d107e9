// Requests that say who sends them: RFC 9421 signatures by a node's key (ec/crypto/http_signature.hpp).
//
// A request counts once: its nonce is remembered for as long as its time is near enough. That memory is this process's
// own and bounded; a request that is sent again to another coordinator meets idempotency keys and fences instead.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/http_signature.hpp>
#include <ec/identity/node.hpp>
#include <ec/net/http_client.hpp>
#include <ec/net/http_server.hpp>
#include <functional>
#include <memory>

namespace ec::identity {

/// Adds Content-Digest, Signature-Input and Signature to a request.
class RequestSigner {
public:
    /// `now_s`: seconds since the epoch, the server's where they differ (see ServerTime in swarm).
    RequestSigner(crypto::SecretKey key, std::function<std::int64_t()> now_s);
    Status sign(net::HttpRequest& request) const;
    [[nodiscard]] const NodeId& id() const { return id_; }

private:
    crypto::SecretKey key_;
    NodeId id_;
    std::function<std::int64_t()> now_s_;
};

struct VerifierRules {
    std::chrono::seconds skew{120};  ///< a request's time may differ from ours by so much
    std::size_t nonces = 1'000'000;  ///< remembered at most; beyond, requests are refused (`unavailable`)
};

class RequestVerifier {
public:
    /// `find` looks a node up (from a cache); it is asked before any cryptography is done.
    RequestVerifier(VerifierRules rules, std::function<Result<Node>(const NodeId&)> find,
                    std::function<std::int64_t()> now_s);
    ~RequestVerifier();
    /// Who sent it: an approved node. `denied` without a difference for whatever is wrong with the signature, but
    /// `conflict` for a clock that is off (the message tells by how much) and for a nonce that was used.
    Result<Node> verify(const net::ServerRequest& request);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ec::identity
