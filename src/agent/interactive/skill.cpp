#include <ec/agent/interactive_agent.hpp>

namespace ec::agent {
namespace {

constexpr std::int64_t kLargeEnoughForTools = 4'000'000'000;
constexpr std::uint32_t kEvidence = 4;  // fewer calls or tasks than this say nothing

}  // namespace

std::optional<Approach> approach_named(std::string_view text) {
    for (const Approach approach : {Approach::automatic, Approach::pipeline, Approach::tools}) {
        if (text == name(approach)) return approach;
    }
    return std::nullopt;
}

std::string_view name(Approach approach) {
    switch (approach) {
        case Approach::automatic:
            return "auto";
        case Approach::pipeline:
            return "pipeline";
        case Approach::tools:
            break;
    }
    return "tools";
}

Approach choose_approach(const model::ModelFacts& facts, const ModelSkill& skill) {
    if (skill.solved_with_tools + skill.failed_with_tools >= kEvidence) {
        return skill.solved_with_tools * 4 >= skill.failed_with_tools ? Approach::tools : Approach::pipeline;
    }
    const std::uint32_t calls = skill.tool_calls_good + skill.tool_calls_bad;
    if (calls >= kEvidence && skill.tool_calls_bad > 2 * skill.tool_calls_good) return Approach::pipeline;
    if (facts.parameters > 0 && facts.parameters < kLargeEnoughForTools && skill.tool_calls_good < kEvidence) {
        return Approach::pipeline;
    }
    return Approach::tools;
}

}  // namespace ec::agent
