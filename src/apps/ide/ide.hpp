// What the routes of `edgecoderd ide` share. Built once by the service, in order; the routes hold references.
#pragma once

#include <ec/net/http_server.hpp>
#include <string>
#include <vector>

#include "agent_rooms.hpp"
#include "autocomplete.hpp"
#include "models.hpp"

namespace ec::apps::ide {

struct Ide {
    Models& models;
    AgentRooms& agents;
    NeighbourRing& neighbours;
    std::chrono::milliseconds keep_alive{15'000};
};

/// /v1/models, /v1/chat/completions, /v1/responses, /v1/router/status.
std::vector<net::Route> chat_routes(Ide& ide);
/// /v1/completions, /infill, /v1/embeddings.
std::vector<net::Route> text_routes(Ide& ide);
/// POST /run and GET /models, as the first version had them.
std::vector<net::Route> first_version_routes(Ide& ide);
/// All of them behind the token, and /healthz, /readyz, /metrics and /openapi.json before it.
std::vector<net::Route> ide_routes(Ide& ide, const std::string& token);

inline constexpr std::uint64_t kMostBody = 16 << 20;
inline constexpr unsigned kAsksPerMinute = 1200;

/// A fresh id for an answer, and a seed for a request that names none.
struct Draw {
    std::string id;
    std::uint64_t seed = 0;
};
Draw draw();
std::int64_t unix_seconds();
/// Refuses with 429: the queue is full.
net::ServerResponse too_many();
/// A route for JSON that a model answers, at its time.
net::Route asking(std::string path, std::string summary,
                  std::function<void(net::ServerRequest, std::shared_ptr<net::Responder>)> take);

}  // namespace ec::apps::ide
