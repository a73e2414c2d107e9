#include "gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/crypto/http_signature.hpp>

#include "answers.hpp"

namespace ec::apps::coordinator {
namespace {

net::ServerResponse wrong_kind(identity::NodeKind kind) {
    return net::problem(403, "wrong_kind", fmt::format("this is not for a node of the kind {}", identity::name(kind)));
}

bool among(identity::NodeKind kind, const Kinds& kinds) { return std::ranges::find(kinds, kind) != kinds.end(); }

/// Whom the head names, shown by nothing yet.
Result<identity::NodeId> named_by(const net::ServerRequest& head) {
    EC_ASSIGN(const crypto::SignatureClaim claim, crypto::read_claim({.content_digest = head.header("content-digest"),
                                                                      .signature_input = head.header("signature-input"),
                                                                      .signature = head.header("signature")}));
    return identity::NodeId::parse(claim.key_id);
}

}  // namespace

Gate::Gate(NodeCache& nodes, std::function<std::int64_t()> now_ms)
    : nodes_(nodes),
      now_ms_(std::move(now_ms)),
      verifier_(
          {}, [this](const identity::NodeId& id) { return nodes_.find(id); }, [this] { return now_ms_() / 1000; }) {}

std::optional<net::ServerResponse> Gate::turn_away(const net::ServerRequest& head, const Kinds& kinds) {
    const auto id = named_by(head);
    // Whoever has not asked lately is looked up on a handler's thread, where the rate of an address counts.
    if (id && !nodes_.knows(*id)) return {};
    if (const Status admitted = verifier_.admit(head); !admitted) return not_let_in(admitted.error(), now_ms_());
    const auto node = nodes_.find(*id);
    if (node && !among(node->kind, kinds)) return wrong_kind(node->kind);
    return {};
}

void Gate::guard(net::Route& route, const Kinds& kinds) {
    route.secured = true;
    for (const int status : {401, 403, 409, 503}) {
        if (std::ranges::find(route.statuses, status) == route.statuses.end()) route.statuses.push_back(status);
    }
    route.turn_away = [this, kinds](const net::ServerRequest& head) { return turn_away(head, kinds); };
}

net::Route Gate::handled(net::Route route, Kinds kinds, Handle handle) {
    guard(route, kinds);
    route.handle = [this, kinds = std::move(kinds), handle = std::move(handle)](const net::ServerRequest& request) {
        const auto node = who(request);
        if (!node) return not_let_in(node.error(), now_ms_());
        return among(node->kind, kinds) ? handle(*node, request) : wrong_kind(node->kind);
    };
    return route;
}

net::Route Gate::taken(net::Route route, Kinds kinds, Take take) {
    guard(route, kinds);
    route.take = [this, kinds = std::move(kinds), take = std::move(take)](net::ServerRequest request,
                                                                          std::shared_ptr<net::Responder> responder) {
        const auto node = who(request);
        if (!node) return responder->answer(not_let_in(node.error(), now_ms_()));
        if (!among(node->kind, kinds)) return responder->answer(wrong_kind(node->kind));
        take(*node, request, std::move(responder));
    };
    return route;
}

}  // namespace ec::apps::coordinator
