// Which runs a waiting interpreter can take, and the request that tells it what to run.
//
// A waiting interpreter must behave as one that was started for the run: whatever would have changed its start
// (options, variables that interpreters or the loader read while starting) makes a run unfit, and it is then started
// cold.
#pragma once

#include <cstddef>
#include <ec/executor/sandbox.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::executor {

enum class Interpreter : std::size_t { python, node };
inline constexpr std::size_t kInterpreters = 2;

struct WarmProgram {
    Interpreter interpreter;
    std::string request;  ///< the frame without its size, see runner_support/ec_wait.py
};

/// Nothing when the run has to be started cold. `directory` is the working directory inside, absolute.
std::optional<WarmProgram> warm_program(const RunSpec& run, std::string_view directory);

/// The words that start a waiting interpreter, and the support files (see RunSpec) that it needs.
std::vector<std::string> waiting_command(Interpreter interpreter);
std::vector<std::pair<std::string, std::string>> waiting_support(Interpreter interpreter);

}  // namespace ec::executor
