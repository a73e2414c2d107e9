#include <cstdlib>
#include <ec/model/host.hpp>

#include "host.hpp"

namespace ec::model {

namespace {

// Where it fails, ggml would call a debugger to print a stack that nobody reads, while a client waits for the process
// to end. Set before there are threads.
void keep_debuggers_out() { ::setenv("GGML_NO_BACKTRACE", "1", 1); }

}  // namespace

int serve_embedded(UniqueFd socket) {
    keep_debuggers_out();
    embedded::Host(embedded::HostLimits{}).serve(std::move(socket));
    return 0;
}

Status serve_shared(const SharedHostOptions& options, const std::function<void()>& ready, std::stop_token stop) {
    keep_debuggers_out();
    EC_ASSIGN(embedded::Listener listener, embedded::Listener::open(options.socket));
    embedded::HostLimits limits;
    limits.memory_bytes = options.memory_bytes > 0 ? options.memory_bytes : embedded::default_memory();
    limits.clients = options.clients;
    limits.waiting_bytes = options.waiting_bytes;
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
