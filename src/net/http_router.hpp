// Which route a request belongs to, and how often one address may ask for it. Private to the HTTP server.
#pragma once

#include <cstdint>
#include <ec/net/http_server.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::net {

/// Refuses (`invalid_argument`) a route without a handler or with two, with a path that is none, or one that is there
/// twice.
Status check_routes(const std::vector<Route>& routes);

struct Match {
    const Route* route = nullptr;               ///< null: no route has the path, or none of them the method
    std::vector<std::string> methods;           ///< of the routes with the path, where none is found
    std::map<std::string, std::string> params;  ///< of the route
};

class RouteTable {
public:
    explicit RouteTable(std::vector<Route> routes);
    /// `path` as it came, still encoded. The first that fits is taken.
    [[nodiscard]] Match match(std::string_view method, std::string_view path) const;

private:
    struct Segment {
        std::string text;  // or the parameter's name
        bool param = false;
    };
    struct Entry {
        Route route;
        std::vector<Segment> segments;
    };
    std::vector<Entry> entries_;
};

/// "localhost", "127.0.0.1:80", "[::1]:80" or one of `hosts`; case does not matter.
bool is_our_host(std::string_view host, const std::vector<std::string>& hosts);

/// Whether a browser says that it asks for a page that is not of `origins`. Names in lower case; a browser's own
/// "null" is an origin like any other.
bool is_foreign_page(const Headers& headers, const std::vector<std::string>& origins);

/// Counts requests of one address to one route in windows of a minute, where the route has a limit. Holds at most 4,096
/// counts; when there are more addresses than that, the unknown ones share one. One thread.
class RateLimiter {
public:
    /// False when this is one more than `most` in this minute.
    bool admit(std::string_view peer, const Route& route, std::chrono::nanoseconds now);

private:
    std::map<std::pair<std::string, const Route*>, unsigned> counts_;
    std::int64_t minute_ = -1;
};

}  // namespace ec::net
