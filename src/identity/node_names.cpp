#include <ec/identity/node.hpp>

namespace ec::identity {

std::string_view name(NodeKind kind) {
    switch (kind) {
        case NodeKind::client:
            return "client";
        case NodeKind::worker:
            return "worker";
        case NodeKind::inference:
            return "inference";
        case NodeKind::coordinator:
            return "coordinator";
    }
    return "unknown";
}

Result<NodeKind> parse_node_kind(std::string_view text) {
    for (const NodeKind kind : {NodeKind::client, NodeKind::worker, NodeKind::inference, NodeKind::coordinator})
        if (name(kind) == text) return kind;
    return fail(ErrorCode::invalid_argument, "a node is a client, worker, inference or coordinator");
}

std::string_view name(NodeState state) {
    switch (state) {
        case NodeState::pending:
            return "pending";
        case NodeState::approved:
            return "approved";
        case NodeState::suspended:
            return "suspended";
        case NodeState::revoked:
            return "revoked";
    }
    return "unknown";
}

Result<NodeState> parse_node_state(std::string_view text) {
    for (const NodeState state : {NodeState::pending, NodeState::approved, NodeState::suspended, NodeState::revoked})
        if (name(state) == text) return state;
    return fail(ErrorCode::invalid_argument, "a node is pending, approved, suspended or revoked");
}

}  // namespace ec::identity
