#include <fmt/format.h>

#include "../web.hpp"
#include "answers.hpp"
#include "coordinator.hpp"
#include "document.hpp"

namespace ec::apps::coordinator {
namespace {

using net::Route;
using net::ServerRequest;
using net::ServerResponse;

ServerResponse ready(const Coordinator& with) {
    if (with.draining) return net::problem(503, "draining", "this coordinator goes down");
    const auto answers = with.store.read<bool>([](Desk& desk) -> Result<bool> {
        EC_TRY(desk.database.run("SELECT 1"));
        return true;
    });
    return answers ? text_answer("ready\n") : net::problem(503, "not_ready", "the database does not answer");
}

std::string metric(std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
    return fmt::format("# HELP edgecoder_{0} {1}\n# TYPE edgecoder_{0} {2}\nedgecoder_{0} {3}\n", name, help, type,
                       value);
}

ServerResponse metrics(const Coordinator& with) {
    const Counters& count = with.counters;
    std::string text;
    const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        text += metric(name, "counter", help, value);
    };
    const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
        text += metric(name, "gauge", help, value);
    };
    counter("jobs_submitted_total", "Jobs taken in.", count.submitted);
    counter("leases_total", "Leases handed out.", count.leased);
    counter("reports_total", "Reports taken in.", count.completed);
    counter("reports_refused_total", "Reports that were out of turn.", count.refused_reports);
    counter("heartbeats_total", "Heartbeats.", count.heartbeats);
    counter("swept_total", "Leases and jobs that the clock ended.", count.swept);
    const auto queued = with.store.read<std::int64_t>([](Desk& desk) { return desk.queue.queued({}); });
    if (queued) gauge("tasks_queued", "Tasks that wait for a worker.", static_cast<std::uint64_t>(*queued));
    gauge("workers_present", "Workers that were heard of lately.", with.presence.count(with.gate.now_ms()));
    gauge("claims_waiting", "Claims that wait for work.", with.matchmaker.waiting());
    gauge("streams", "Followers of jobs.", with.streams.count());
    return metrics_answer(std::move(text));
}

}  // namespace

std::vector<Route> coordinator_routes(Coordinator& with) {
    std::vector<Route> routes{
        get_route("/healthz", "Whether the service runs", [](const ServerRequest&) { return text_answer("ok\n"); }),
        get_route("/readyz", "Whether it takes work", [&with](const ServerRequest&) { return ready(with); }),
        get_route("/metrics", "Counts for Prometheus", [&with](const ServerRequest&) { return metrics(with); })};
    routes[1].statuses.push_back(503);
    for (std::vector<Route> some : {node_routes(with), job_routes(with), work_routes(with), blob_routes(with),
                                    log_routes(with), first_version_routes(with)}) {
        for (Route& route : some) routes.push_back(std::move(route));
    }
    add_openapi(routes, coordinator_document);
    return routes;
}

}  // namespace ec::apps::coordinator
