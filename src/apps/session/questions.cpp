#include "questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

namespace ec::apps::session {
namespace {

using agent::Answer;

constexpr std::string_view kChoices = "[a]pprove, [e]dit, [r]eject, re[d]irect";

std::string plan_text(const agent::Plan& plan) {
    std::string out;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) out += fmt::format("{}. {}\n", i + 1, plan.steps[i].text);
    if (!plan.files.empty()) out += "files: " + join(plan.files, ", ") + "\n";
    return out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

}  // namespace

std::string question_text(const Question& question) {
    if (std::holds_alternative<PlanQuestion>(question)) return fmt::format("Go on with this plan? {}", kChoices);
    if (std::holds_alternative<PatchQuestion>(question)) return fmt::format("Write this change? {}", kChoices);
    const std::string& asks = std::get<CommandQuestion>(question).asks;
    if (!asks.empty()) return fmt::format("{} [a]pprove, [r]eject", asks);
    return fmt::format("Run this in the sandbox? {}", kChoices);
}

std::string editable_text(const Question& question) {
    if (const auto* plan = std::get_if<PlanQuestion>(&question)) return plan_text(plan->plan);
    if (const auto* patch = std::get_if<PatchQuestion>(&question)) return patch->patch;
    return std::get<CommandQuestion>(question).command;
}

std::string editable_name(const Question& question) {
    if (std::holds_alternative<PlanQuestion>(question)) return "plan.md";
    return std::holds_alternative<PatchQuestion>(question) ? "change.diff" : "command.sh";
}

std::optional<Answer> read_answer(std::string_view words) {
    words = trim(words);
    const std::size_t blank = words.find_first_of(" \t\n");
    const std::string first = lower(words.substr(0, blank));
    const std::string rest(blank == std::string_view::npos ? std::string_view() : trim(words.substr(blank)));
    if (first == "d" || first == "redirect") return Answer{Answer::Kind::redirect, rest};
    if (!rest.empty()) return std::nullopt;
    if (first == "a" || first == "approve" || first == "y" || first == "yes") return Answer{Answer::Kind::approve, {}};
    if (first == "r" || first == "reject" || first == "n" || first == "no")
        return Answer{Answer::Kind::reject, "the person rejected it"};
    if (first == "e" || first == "edit") return Answer{Answer::Kind::edit, {}};
    return std::nullopt;
}

}  // namespace ec::apps::session
