#include <ec/model/host.hpp>

#include "host.hpp"

namespace ec::model {

int serve_embedded(UniqueFd socket) {
    embedded::Host(embedded::HostLimits{}).serve(std::move(socket));
    return 0;
}

Status serve_shared(const SharedHostOptions& options, const std::function<void()>& ready, std::stop_token stop) {
    EC_ASSIGN(embedded::Listener listener, embedded::Listener::open(options.socket));
    embedded::HostLimits limits;
    limits.memory_bytes = options.memory_bytes > 0 ? options.memory_bytes : embedded::default_memory();
    limits.clients = options.clients;
    limits.owed = options.owed;
    limits.pause = options.longest_pause;
    limits.reminder = options.reminder;
    limits.drain = options.drain;
    limits.unused = options.unused;
    embedded::Host host(limits);
    ready();
    host.serve(std::move(listener), std::move(stop));
    return {};
}

}  // namespace ec::model
