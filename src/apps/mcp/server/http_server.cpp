#include "http_server.hpp"

#include <ec/core/clock.hpp>
#include <ec/core/waiter.hpp>

#include "http_routes.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::chrono::seconds kBeat{15};  // what stands between gives up on silence after a minute or so

}  // namespace

Status serve_http(const Registry& registry, Gate& gate, std::vector<net::Route> further, const ListenAddress& listen,
                  const std::stop_token& stop, const std::function<void(const std::string& url)>& ready) {
    const SystemClock clock;
    CallThreads threads(kMostCalls);
    HttpSessions sessions(clock);
    std::vector<net::Route> routes = mcp_routes(registry, threads, sessions, gate);
    for (net::Route& route : further) routes.push_back(std::move(route));
    net::ServerOptions options;
    options.address = listen.address;
    options.port = listen.port;
    auto started = net::start_http_server(std::move(routes), options);
    if (!started && started.error().code == ErrorCode::invalid_argument)
        started.error().remedy = "it serves this machine only: 127.0.0.1 or [::1]";
    EC_ASSIGN(const auto server, std::move(started));
    ready(server->url() + "/mcp");
    SystemWaiter waiter;
    while (waiter.wait(kBeat, stop)) sessions.tick();
    // Streams end first, or the server would wait for them; then whatever came meanwhile.
    sessions.end_all();
    server->stop();
    sessions.end_all();
    return {};
}

}  // namespace ec::apps::mcp
