#include "person.hpp"

#include <fmt/format.h>

#include "exchange.hpp"

namespace ec::apps::session {

using agent::Answer;

Answer SessionPerson::approve_plan(const agent::Plan& plan) { return exchange_.ask(PlanQuestion{plan}, stop_); }

Answer SessionPerson::approve_patch(const std::string& patch, const executor::TestReport* report) {
    PatchQuestion question{patch, std::nullopt};
    if (report != nullptr) question.report = *report;
    return exchange_.ask(std::move(question), stop_);
}

Answer SessionPerson::approve_command(const std::string& command, const std::string& why) {
    return exchange_.ask(CommandQuestion{command, why, asks_}, stop_);
}

Answer SessionPerson::approve_tool(const agent::ToolUse& use) {
    const std::string what = fmt::format("This would be sent to {}, for its {}. {}", use.server, use.tool, use.why);
    return exchange_.ask(CommandQuestion{use.arguments, what, "Call this tool of another program?"}, stop_);
}

std::optional<std::string> SessionPerson::redirection() { return exchange_.take_redirect(); }

Answer UnattendedPerson::decide(std::string_view what) {
    if (yes_) return {Answer::Kind::approve, {}};
    const std::string sentence =
        fmt::format("{} needs a person's approval and nobody is at a terminal; --yes approves", what);
    if (say_) say_(sentence);
    return {Answer::Kind::reject, sentence};
}

Answer UnattendedPerson::approve_plan(const agent::Plan&) { return decide("the plan"); }
Answer UnattendedPerson::approve_patch(const std::string&, const executor::TestReport*) { return decide("the change"); }
Answer UnattendedPerson::approve_command(const std::string&, const std::string&) { return decide("the command"); }

Answer UnattendedPerson::approve_tool(const agent::ToolUse& use) {
    const std::string sentence = fmt::format(
        "the tool {} of {} needs a person's approval and nobody is at a terminal; edgecoder tools allow {} {} allows "
        "it",
        use.tool, use.server, use.server, use.tool);
    if (say_) say_(sentence);
    return {Answer::Kind::reject, sentence};
}

}  // namespace ec::apps::session
