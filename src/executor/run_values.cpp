// The parts of sandbox.hpp that are values: the same on every system.
#include <fmt/format.h>

#include <array>
#include <ec/executor/sandbox.hpp>
#include <random>

namespace ec::executor {

std::string_view name(RunStatus status) {
    constexpr std::array<std::string_view, 10> kNames = {"ok",   "failed", "timeout", "cpu",    "memory",
                                                         "pids", "output", "disk",    "signal", "sandbox_error"};
    return kNames[static_cast<std::size_t>(status)];
}

std::string artifact_dir() {
    std::random_device random;
    std::string text = "/run/edgecoder/";
    for (int i = 0; i < 4; ++i) text += fmt::format("{:08x}", random());
    return text;
}

}  // namespace ec::executor
