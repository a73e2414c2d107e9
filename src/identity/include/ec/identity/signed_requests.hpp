// Requests that say who sends them: RFC 9421 signatures by a node's key (ec/crypto/http_signature.hpp).
//
// Signed are method, path and query as they go over the wire, the Host header, the body and a time: a proxy in between
// must pass these on unchanged.
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
    std::size_t nonces = 2'000'000;  ///< remembered at most; beyond, requests are refused (`unavailable`)
};

class RequestVerifier {
public:
    /// `find` looks a node up (from a cache); it is asked before any cryptography is done.
    RequestVerifier(VerifierRules rules, std::function<Result<Node>(const NodeId&)> find,
                    std::function<std::int64_t()> now_s);
    ~RequestVerifier();
    /// Whether it is worth reading the body: the head names an approved node and a time that is near. Shows nothing
    /// yet, costs a look-up. For Route::turn_away.
    [[nodiscard]] Status admit(const net::ServerRequest& head) const;
    /// Who sent it: an approved node. `denied` without a difference for whatever is wrong with the signature, and with
    /// the reason for a node that is not approved; `conflict` for a clock that is off (the message tells by how much)
    /// and for a nonce that was used; what `find` says when it fails otherwise than with `not_found`.
    Result<Node> verify(const net::ServerRequest& request);
    /// For the request by which a node joins: whether the owner of the key that it brings signed it. Its nonce is not
    /// remembered, for anybody can make keys and fill that memory; joining twice changes nothing.
    [[nodiscard]] Status verify_joining(const crypto::PublicKey& key, const net::ServerRequest& request) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ec::identity
