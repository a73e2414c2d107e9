// The nodes that a coordinator knows, and the join tokens it gave out. Lives in tables of the coordinator's database
// (schema in identity_migrations()); every method works inside the transaction that the caller has open, and every
// change leaves a row in the audit table.
//
// A token is `ecn_<id: 8>_<secret: 43>`: the id is public, of the secret only a hash is kept, shown once. It is good
// for `uses` nodes until it expires.
//
// After an error the caller rolls back. Threads: as the Database it is given. Errors: `denied` for a token that is
// unknown, used up, expired or for another kind, without a difference to the outside; `conflict`, `not_found`.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/core/secret.hpp>
#include <ec/identity/node.hpp>
#include <ec/sql/sql.hpp>
#include <span>
#include <string>
#include <vector>

namespace ec::identity {

/// The set "identity".
std::span<const sql::Migration> identity_migrations();

/// What the name of an account may be: 1 to 64 characters of a-z, 0-9, '.', '_', ':' and '-'.
bool is_account(std::string_view text);

struct TokenWish {
    NodeKind kind = NodeKind::worker;
    std::string account;
    unsigned uses = 1;
    std::chrono::seconds life{3600};  ///< at most a day
    bool approved = false;            ///< its nodes need no further approval
};

struct EnrolRequest {
    Secret token;
    crypto::PublicKey key;
    NodeKind kind = NodeKind::worker;
    std::string label;
};

/// What was done to a node, or to a token (its `subject` is the public id).
struct AuditEntry {
    std::int64_t at_ms = 0;
    std::string actor;
    std::string subject;
    std::string action;  ///< "token.create", "node.enrol", "node.state"
    std::string was;
    std::string became;
    std::string reason;
};

class Registry {
public:
    explicit Registry(sql::Database& database) : database_(database) {}

    /// The token's text, which nobody can be told again.
    Result<Secret> create_token(const TokenWish& wish, std::int64_t now_ms, std::string_view by);
    /// The same key with the same token again gives the same node and uses nothing up. A key that is enrolled already
    /// keeps its account: `conflict` with another token, `denied` for one that was revoked.
    Result<Node> enrol(const EnrolRequest& request, std::int64_t now_ms);
    /// What enrol() would refuse, without changing anything.
    Status admits(const EnrolRequest& request, std::int64_t now_ms);
    Result<Node> find(const NodeId& id);
    Result<std::vector<Node>> list();
    /// `conflict` for a step that the states do not allow; the state that it has already is no step.
    Status set_state(const NodeId& id, NodeState state, std::int64_t now_ms, std::string_view by,
                     std::string_view reason);
    /// What was done to it, from the first to the last.
    Result<std::vector<AuditEntry>> history(std::string_view subject);

private:
    sql::Database& database_;
};

}  // namespace ec::identity
