#include "inference_service.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <ec/model/host.hpp>
#include <ostream>

#include "data_dir.hpp"
#include "interrupt.hpp"

namespace ec::apps {
namespace {

constexpr std::int64_t kMostMegabytes = std::int64_t{1} << 30;

#ifdef EC_HAS_LLAMA

int serve_standard_input(std::ostream& err) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
        err << "edgecoderd: standard input is no socket; --stdio is for programs that start this one\n";
        return 2;
    }
    // Held elsewhere than at 0, where a library may look for input.
    UniqueFd socket(::fcntl(0, F_DUPFD_CLOEXEC, 3));
    if (!socket.valid()) return 3;
    ::close(0);
    static_cast<void>(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return model::serve_embedded(std::move(socket));
}

Status serve_all(const InferenceOptions& options, std::ostream& out) {
    model::SharedHostOptions shared;
    EC_ASSIGN(shared.socket, inference_socket(options.data_dir));
    shared.memory_bytes = options.memory_mb << 20;
    const Interrupt interrupt;
    return model::serve_shared(
        shared, [&] { out << "ready inference unix:" << shared.socket.string() << std::endl; }, interrupt.token());
}

#endif

}  // namespace

void add_inference(CLI::App& app, InferenceOptions& options) {
    CLI::App* inference = app.add_subcommand("inference", "Runs models for this user's programs");
    inference->add_flag("--stdio", options.stdio,
                        "Run one model for the program that standard input is a socket to, and end with it");
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
#ifdef EC_HAS_LLAMA
    if (options.stdio) return serve_standard_input(err);
    const Status status = serve_all(options, out);
    if (status) return 0;
    err << "edgecoderd: " << status.error().message << "\n";
    if (!status.error().remedy.empty()) err << "            " << status.error().remedy << "\n";
    return 3;
#else
    static_cast<void>(options);
    static_cast<void>(out);
    err << "edgecoderd: built without llama.cpp (EC_LLAMA=off)\n";
    return 3;
#endif
}

}  // namespace ec::apps
