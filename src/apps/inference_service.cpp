#include "inference_service.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <ec/model/host.hpp>
#include <ostream>

namespace ec::apps {

void add_inference(CLI::App& app, InferenceOptions& options) {
    CLI::App* inference = app.add_subcommand("inference", "Run a model for the program that started this one");
    inference->add_flag("--stdio", options.stdio, "Take requests from the socket that standard input is")->required();
    inference->footer("Started by edgecoder itself; one process runs one model and ends with its client.");
}

int run_inference(const InferenceOptions&, std::ostream& err) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
        err << "edgecoderd: standard input is no socket; this service is started by edgecoder itself\n";
        return 2;
    }
#ifdef EC_HAS_LLAMA
    // Held elsewhere than at 0, where a library may look for input.
    UniqueFd socket(::fcntl(0, F_DUPFD_CLOEXEC, 3));
    if (!socket.valid()) return 3;
    ::close(0);
    static_cast<void>(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return model::serve_embedded(std::move(socket));
#else
    err << "edgecoderd: built without llama.cpp (EC_LLAMA=off)\n";
    return 3;
#endif
}

}  // namespace ec::apps
