// `edgecoderd inference`: runs models for this user's programs, or one for the program that started it (--stdio).
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>

namespace CLI {
class App;
}

namespace ec::apps {

struct InferenceOptions {
    bool stdio = false;
    std::filesystem::path at;  ///< a socket, for the program that started this one
    std::filesystem::path data_dir;
    std::int64_t memory_mb = 0;
};

void add_inference(CLI::App& app, InferenceOptions& options);
/// With --stdio and --at it returns when the other side of the socket is gone, else at SIGTERM when everything that was
/// asked is answered. Exit status: 0, 2 wrong usage, 3 a host is running already or there is no place for the
/// socket. In main's thread, before any other starts.
int run_inference(const InferenceOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
