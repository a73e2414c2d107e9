// `edgecoderd inference`: runs a model for the program that started it.
#pragma once

#include <iosfwd>

namespace CLI {
class App;
}

namespace ec::apps {

struct InferenceOptions {
    bool stdio = false;
};

void add_inference(CLI::App& app, InferenceOptions& options);
/// Returns when the other side of the socket is gone. Exit status: 0, 2 wrong usage, 3 built without llama.cpp.
int run_inference(const InferenceOptions& options, std::ostream& err);

}  // namespace ec::apps
