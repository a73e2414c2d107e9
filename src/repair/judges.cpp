// Which judges serve which test command, best first.
#include <algorithm>
#include <ec/repair/command_judge.hpp>
#include <ec/repair/driver_judge.hpp>
#include <ec/repair/repair.hpp>
#include <thread>

namespace ec::repair {
namespace {

std::size_t lane_count() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8); }

}  // namespace

std::vector<JudgeFactory> default_judges(const executor::TestCommand& command, executor::Sandbox& sandbox,
                                         std::uint64_t seed) {
    std::vector<JudgeFactory> factories;
    auto driver = python_driver(command, sandbox.workspace());
    if (!driver) driver = node_driver(command, sandbox.workspace());
    if (driver) {
        factories.emplace_back(
            [&sandbox, spec = *driver, seed](const std::stop_token& stop) -> Result<std::unique_ptr<Judge>> {
                return DriverJudge::start(sandbox, spec, lane_count(), seed, stop);
            });
    }
    factories.emplace_back([&sandbox, command](const std::stop_token&) -> Result<std::unique_ptr<Judge>> {
        CommandJudgeOptions options;
        options.lanes = lane_count();
        return std::make_unique<CommandJudge>(sandbox, command, options);
    });
    return factories;
}

}  // namespace ec::repair
