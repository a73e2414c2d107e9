#include <ec/swarm/protocol.hpp>

#include "../web.hpp"
#include "answers.hpp"
#include "coordinator.hpp"

namespace ec::apps::coordinator {
namespace {

using identity::Node;
using net::Responder;
using net::Route;
using net::ServerRequest;
using net::ServerResponse;

constexpr std::size_t kMostAtOnce = 16;  // blobs that are sent or fetched in one request
constexpr std::uint64_t kMostBlobBody = kMostAtOnce * (swarm::kBlobBytes + 128);

void put(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    auto blobs = swarm::read_frames(request.body);
    if (!blobs) return responder->answer(refused(blobs.error()));
    const auto shared = std::make_shared<const std::vector<swarm::SealedBlob>>(*std::move(blobs));
    with.store.change(
        [account = node.account, shared](Desk& desk) { return desk.blobs.put(account, *shared, desk.now_ms()); },
        [responder = std::move(responder)](const Status& status) {
            responder->answer(status ? json_answer("{}") : refused(status.error()));
        });
}

void missing(Coordinator& with, const Node& node, const ServerRequest& request, std::shared_ptr<Responder> responder) {
    const auto ids = swarm::read_ids(request.body);
    if (!ids) return responder->answer(refused(ids.error()));
    const auto lacking = std::make_shared<std::vector<swarm::BlobId>>();
    with.store.change(
        [account = node.account, ids = *ids, lacking](Desk& desk) -> Status {
            EC_ASSIGN(*lacking, desk.blobs.missing(account, ids, desk.now_ms()));
            return {};
        },
        [lacking, responder = std::move(responder)](const Status& status) {
            responder->answer(status ? json_answer(swarm::write(*lacking)) : refused(status.error()));
        });
}

ServerResponse fetch(Coordinator& with, const Node& node, const ServerRequest& request) {
    const auto ids = swarm::read_ids(request.body);
    if (!ids) return refused(ids.error());
    if (ids->size() > kMostAtOnce)
        return refused({ErrorCode::too_large, "at most 16 blobs are fetched at once", "ask for fewer"});
    const auto blobs =
        with.store.read<std::vector<swarm::SealedBlob>>([&](Desk& desk) { return desk.blobs.fetch(node, *ids); });
    if (!blobs) return refused(blobs.error());
    return {.status = 200, .type = "application/octet-stream", .body = swarm::write_frames(*blobs), .headers = {}};
}

}  // namespace

std::vector<Route> blob_routes(Coordinator& with) {
    const Kinds all{identity::NodeKind::client, identity::NodeKind::worker, identity::NodeKind::inference};
    const auto bind = [&with](auto function) {
        return [&with, function](const auto&... arguments) { return function(with, arguments...); };
    };
    const auto route = [](std::string path, std::string summary, std::string type, std::uint64_t limit) {
        return Route{.method = "POST",
                     .path = std::move(path),
                     .summary = std::move(summary),
                     .statuses = {200, 400, 413},
                     .request_type = std::move(type),
                     .body_limit = limit,
                     .per_minute = kSignedPerMinute,
                     .handle = nullptr};
    };
    constexpr std::uint64_t kIdsBody = 128U << 10;
    return {with.gate.taken(
                route("/v1/blobs", "Store sealed blobs of the account", "application/octet-stream", kMostBlobBody), all,
                bind(put)),
            with.gate.taken(route("/v1/blobs/missing", "Which of these the account has still to store",
                                  "application/json", kIdsBody),
                            all, bind(missing)),
            with.gate.handled(route("/v1/blobs/fetch", "Blobs of the account, or of jobs that the node works for",
                                    "application/json", kIdsBody),
                              all, bind(fetch))};
}

}  // namespace ec::apps::coordinator
