#include "inference_service.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <ec/model/host.hpp>
#include <ostream>
#include <thread>

#include "data_dir.hpp"
#include "interrupt.hpp"

namespace ec::apps {
namespace {

constexpr int kTick = 200;  // milliseconds
constexpr std::int64_t kMostMegabytes = std::int64_t{1} << 30;

bool is_socket(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

// Held elsewhere than at 0, where a library may look for input.
UniqueFd take_standard_input() {
    UniqueFd socket(::fcntl(0, F_DUPFD_CLOEXEC, 3));
    ::close(0);
    static_cast<void>(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return socket;
}

// The socket at which this program was started says with a byte that others can come, and with its end that this one is
// over: nobody of whom it is heard is left then.
Status serve_at(const InferenceOptions& options, const UniqueFd& owner) {
    model::SharedHostOptions shared;
    shared.socket = options.at;
    shared.memory_bytes = options.memory_mb << 20;
    shared.drain = std::chrono::milliseconds(0);
    std::stop_source over;
    std::jthread watches([&](const std::stop_token& stop) {
        pollfd waits{owner.get(), POLLIN, 0};
        char byte = 0;
        while (!stop.stop_requested()) {
            if (::poll(&waits, 1, kTick) > 0 && ::recv(owner.get(), &byte, 1, MSG_DONTWAIT) == 0) break;
        }
        over.request_stop();
    });
    return model::serve_shared(
        shared, [&] { static_cast<void>(!::send(owner.get(), "", 1, MSG_NOSIGNAL)); }, over.get_token());
}

Status serve_all(const InferenceOptions& options, std::ostream& out) {
    model::SharedHostOptions shared;
    EC_ASSIGN(shared.socket, inference_socket(options.data_dir));
    shared.memory_bytes = options.memory_mb << 20;
    const Interrupt interrupt;
    return model::serve_shared(
        shared, [&] { out << "ready inference unix:" << shared.socket.string() << std::endl; }, interrupt.token());
}

}  // namespace

void add_inference(CLI::App& app, InferenceOptions& options) {
    CLI::App* inference = app.add_subcommand("inference", "Runs models for this user's programs");
    inference->add_flag("--stdio", options.stdio,
                        "Run one model for the program that standard input is a socket to, and end with it");
    inference
        ->add_option("--at", options.at,
                     "Serve at this socket for the program that standard input is a socket to, and end with it")
        ->excludes("--stdio");
    inference->add_option("--data-dir", options.data_dir, "Where the socket goes when XDG_RUNTIME_DIR is not set");
    inference
        ->add_option("--memory", options.memory_mb,
                     "MB that all loaded models may take together (default: seven tenths of what is available)")
        ->check(CLI::Range(std::int64_t{0}, kMostMegabytes));
    inference->footer(
        "Listens at $XDG_RUNTIME_DIR/edgecoder/inference.sock, else at run/inference.sock in the data directory, and\n"
        "serves programs of the same user only. edgecoder uses it when it runs, and otherwise starts a process of its\n"
        "own for each model; EDGECODER_SHARED_INFERENCE=off makes it do so always.");
}

int run_inference(const InferenceOptions& options, std::ostream& out, std::ostream& err) {
    const bool owned = options.stdio || !options.at.empty();
    if (owned && !is_socket(0)) {
        err << "edgecoderd: standard input is no socket; --stdio and --at are for programs that start this one\n";
        return 2;
    }
    UniqueFd owner = owned ? take_standard_input() : UniqueFd();
    if (owned && !owner.valid()) return 3;
    if (options.stdio) return model::serve_embedded(std::move(owner));
    const Status status = owned ? serve_at(options, owner) : serve_all(options, out);
    if (status) return 0;
    err << "edgecoderd: " << status.error().message << "\n";
    if (!status.error().remedy.empty()) err << "            " << status.error().remedy << "\n";
    return 3;
}

}  // namespace ec::apps
