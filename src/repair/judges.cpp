// Which judges serve which test command, best first.
#include <ec/repair/command_judge.hpp>
#include <ec/repair/repair.hpp>
#include <thread>

namespace ec::repair {

std::vector<JudgeFactory> default_judges(const executor::TestCommand& command, executor::Sandbox& sandbox, std::uint64_t) {
    std::vector<JudgeFactory> factories;
    factories.emplace_back([&sandbox, command] { return std::make_unique<CommandJudge>(sandbox, command, CommandJudgeOptions{}); });
    return factories;
}

}  // namespace ec::repair
