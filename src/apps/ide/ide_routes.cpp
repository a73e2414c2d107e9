#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <ec/core/token.hpp>

#include "../web.hpp"
#include "access.hpp"
#include "answer_work.hpp"
#include "ide.hpp"

namespace ec::apps::ide {
namespace {

using net::Route;
using net::ServerRequest;
using net::ServerResponse;

/// A label's value in Prometheus' text format.
std::string label(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

ServerResponse metrics(const Ide& ide) {
    std::string waiting =
        "# HELP edgecoder_ide_waiting Requests that wait for a model.\n"
        "# TYPE edgecoder_ide_waiting gauge\n";
    std::string requests =
        "# HELP edgecoder_ide_requests_total Requests by how they ended.\n"
        "# TYPE edgecoder_ide_requests_total counter\n";
    const auto add = [&](std::string_view purpose, std::string_view model, bool local, const LaneStatus& status) {
        const std::string labels =
            fmt::format("purpose=\"{}\",model=\"{}\",route=\"{}\"", purpose, label(model), local ? "local" : "remote");
        waiting += fmt::format("edgecoder_ide_waiting{{{}}} {}\n", labels, status.waiting);
        for (const auto& [how, count] : {std::pair{"answered", status.answered},
                                         {"failed", status.failed},
                                         {"cancelled", status.cancelled},
                                         {"refused", status.refused}})
            requests += fmt::format("edgecoder_ide_requests_total{{{},outcome=\"{}\"}} {}\n", labels, how, count);
    };
    for (Seat* seat : ide.models.seats())
        add(name(seat->purpose()), seat->where().id, seat->where().local, seat->lane().status());
    for (const AgentRooms::Report& room : ide.agents.report()) add("agent", room.workspace, true, room.status);
    return metrics_answer(waiting + requests);
}

// It serves without a model too; how many there are is what a person may want to know.
ServerResponse ready(const Ide& ide) {
    const std::size_t models = ide.models.list().size();
    return text_answer(fmt::format("ready, with {} model{}\n", models, models == 1 ? "" : "s"));
}

}  // namespace

Draw draw() {
    const auto token = random_token();
    Draw made{.id = token ? token->substr(0, 32) : std::string("0"), .seed = 1};
    if (token) std::from_chars(token->data() + 48, token->data() + 63, made.seed, 16);
    return made;
}

std::int64_t unix_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

ServerResponse too_many() { return error_response({429, "queue_full", "too many requests wait for this already", {}}); }

net::Route asking(std::string path, std::string summary,
                  std::function<void(net::ServerRequest, std::shared_ptr<net::Responder>)> take) {
    return {.method = "POST",
            .path = std::move(path),
            .summary = std::move(summary),
            .statuses = {200, 400, 403, 404, 409, 429, 503},
            .request_type = "application/json",
            .body_limit = kMostBody,
            .per_minute = kAsksPerMinute,
            .handle = nullptr,
            .take = std::move(take)};
}

std::vector<Route> ide_routes(Ide& ide, const std::string& token) {
    std::vector<Route> routes{
        get_route("/healthz", "Whether the service runs", [](const ServerRequest&) { return text_answer("ok\n"); }),
        get_route("/readyz", "Whether it can look for its models",
                  [&ide](const ServerRequest&) { return ready(ide); })};
    for (std::vector<Route> some : {chat_routes(ide), text_routes(ide), first_version_routes(ide)}) {
        for (Route& route : some) routes.push_back(guarded(std::move(route), token));
    }
    routes.push_back(guarded(
        get_route("/metrics", "Counts for Prometheus", [&ide](const ServerRequest&) { return metrics(ide); }), token));
    add_openapi(routes, "EdgeCoder in editors", [&](Route route) { return guarded(std::move(route), token); });
    return routes;
}

}  // namespace ec::apps::ide
