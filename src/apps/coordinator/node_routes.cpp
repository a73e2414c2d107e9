#include <algorithm>
#include <ec/swarm/protocol.hpp>

#include "../web.hpp"
#include "answers.hpp"
#include "coordinator.hpp"

namespace ec::apps::coordinator {
namespace {

using net::Responder;
using net::Route;
using net::ServerRequest;
using net::ServerResponse;

ServerResponse hello(const Coordinator& with, const ServerRequest& request) {
    const auto read = swarm::read_hello_request(request.body);
    if (!read) return refused(read.error());
    std::optional<swarm::ProtocolVersion> best;
    for (const std::string& text : read->versions) {
        if (const auto version = swarm::parse_protocol(text)) best = std::max(best.value_or(*version), *version);
    }
    if (!best) return net::problem(400, "no_common_protocol", "this coordinator speaks 1.0 and 1.1", {"versions"});
    return json_answer(swarm::write(swarm::Hello{.version = *best,
                                                 .now_ms = with.gate.now_ms(),
                                                 .lease_ms = with.store.rules().queue.lease_ms,
                                                 .server = with.verifier_key}));
}

}  // namespace

void enrol(Coordinator& with, const swarm::JoinRequest& join, std::shared_ptr<Responder> responder,
           std::function<ServerResponse(const identity::Node&)> answer) {
    const auto node = std::make_shared<identity::Node>();
    with.store.change(
        [join, node](Desk& desk) -> Status {
            EC_ASSIGN(*node, desk.registry.enrol(
                                 {.token = join.token, .key = join.key, .kind = join.kind, .label = join.label},
                                 desk.now_ms()));
            return open_account(desk, node->account);
        },
        [&with, node, responder = std::move(responder), answer = std::move(answer)](const Status& status) {
            with.nodes.forget(node->id);
            responder->answer(status ? answer(*node) : not_let_in(status.error(), with.gate.now_ms()));
        });
}

Status open_account(Desk& desk, const std::string& account) {
    // The machine's own people pay nothing to themselves.
    std::optional<ledger::Credits> floor = ledger::Credits::milli(0);
    if (account == kLocalAccount) floor.reset();
    return desk.books.open_account(account, ledger::AccountKind::user, floor);
}

std::vector<Route> node_routes(Coordinator& with) {
    Route join{.method = "POST",
               .path = "/v1/nodes",
               .summary = "Join with a token; signed by the key that joins",
               .statuses = {201, 400, 401, 409, 503},
               .secured = true,
               .request_type = "application/json",
               .body_limit = 4096,
               .per_minute = 1200,
               .handle = nullptr};
    join.take = [&with](const ServerRequest& request, std::shared_ptr<Responder> responder) {
        const auto read = swarm::read_join(request.body);
        if (!read) return responder->answer(refused(read.error()));
        if (const Status joins = with.gate.joins(read->key, request); !joins)
            return responder->answer(not_let_in(joins.error(), with.gate.now_ms()));
        enrol(with, *read, std::move(responder),
              [](const identity::Node& node) { return json_answer(swarm::write(node), 201); });
    };
    return {{.method = "POST",
             .path = "/v1/hello",
             .summary = "Which version both speak, and what time it is",
             .statuses = {200, 400},
             .request_type = "application/json",
             .body_limit = 4096,
             .per_minute = 60'000,
             .handle = [&with](const ServerRequest& request) { return hello(with, request); }},
            std::move(join)};
}

}  // namespace ec::apps::coordinator
