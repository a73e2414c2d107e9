// A node is its key: its id is the JWK thumbprint (RFC 7638, RFC 8037) of its Ed25519 public key, so nobody can take
// the id of another. It was enrolled once, with a one-use join token, and a person approved it.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/signing.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ec::identity {

/// 43 characters of base64url.
class NodeId {
public:
    NodeId() = default;
    static NodeId of(const crypto::PublicKey& key);
    static Result<NodeId> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    auto operator<=>(const NodeId&) const = default;

private:
    std::string text_;
};

enum class NodeKind { client, worker, inference, coordinator };
std::string_view name(NodeKind kind);
Result<NodeKind> parse_node_kind(std::string_view text);

/// pending → approved ⇄ suspended, and from everywhere to revoked, which is the end.
enum class NodeState { pending, approved, suspended, revoked };
std::string_view name(NodeState state);
Result<NodeState> parse_node_state(std::string_view text);

struct Node {
    NodeId id;
    crypto::PublicKey key;
    NodeKind kind = NodeKind::client;
    NodeState state = NodeState::pending;
    std::string account;  ///< who answers for it: pays for what it submits, is paid for what it does
    std::string label;    ///< for people; says nothing about rights
    std::int64_t enrolled_ms = 0;
};

/// The node's own key in a file of mode 0600, made there when there is none.
Result<crypto::SecretKey> keep_node_key(const std::filesystem::path& file);

}  // namespace ec::identity
