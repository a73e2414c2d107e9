#include <fmt/format.h>

#include "../web.hpp"
#include "answers.hpp"
#include "coordinator.hpp"

namespace ec::apps::coordinator {
namespace {

using net::Route;
using net::ServerRequest;
using net::ServerResponse;

// "tile/0/x001/x234/067.p/15", and "tile/entries/…" of the same form: so many segments behind "tile/".
constexpr unsigned kFewest = 2;
constexpr unsigned kMost = 8;

ServerResponse checkpoint(Coordinator& with) {
    const auto note = with.store.read<std::string>([](Desk& desk) { return desk.log.checkpoint(); });
    return note ? text_answer(*note) : refused(note.error());
}

ServerResponse tile(Coordinator& with, const ServerRequest& request) {
    const std::string path = request.path.substr(std::string_view("/log/").size());
    auto bytes = with.store.read<std::string>([&](Desk& desk) { return desk.log.tile(path); });
    if (!bytes) return refused(bytes.error());
    return {.type = "application/octet-stream", .body = *std::move(bytes), .headers = {}};
}

}  // namespace

std::vector<Route> log_routes(Coordinator& with) {
    const auto open = [](std::string path, std::string summary, auto handle) {
        return Route{.method = "GET",
                     .path = std::move(path),
                     .summary = std::move(summary),
                     .statuses = {200, 400, 404},
                     .request_type = "",
                     .per_minute = 6000,
                     .handle = std::move(handle)};
    };
    std::vector<Route> routes{open("/log/checkpoint", "The newest signed checkpoint of the log",
                                   [&with](const ServerRequest&) { return checkpoint(with); })};
    std::string path = "/log/tile/{s1}";
    for (unsigned segment = kFewest; segment <= kMost; ++segment) {
        path += fmt::format("/{{s{}}}", segment);
        routes.push_back(open(path, "A tile of the log's tree (C2SP tlog-tiles)",
                              [&with](const ServerRequest& request) { return tile(with, request); }));
    }
    return routes;
}

}  // namespace ec::apps::coordinator
