#include "turn.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>

namespace ec::apps::acp {
namespace {

constexpr std::chrono::milliseconds kProgressPause{250};
constexpr std::size_t kLongestTitle = 200;

json::Object parsed(const std::string& text) {
    const auto value = json::parse(text);
    return value && value->is_object() ? value->get_object() : json::Object();
}

}  // namespace

void TurnEvents::event(const agent::AgentEvent& event) {
    std::visit([this](const auto& one) { take(one); }, event);
}

void TurnEvents::open(std::string_view kind, std::string title) {
    close("completed");
    ToolCall call;
    call.id = stage_ = client_.next_call();
    call.kind = kind;
    call.title = ellipsize(title, kLongestTitle);
    call.status = "in_progress";
    client_.update(tool_call(call));
}

void TurnEvents::close(std::string_view status, std::optional<json::Array> content) {
    if (stage_.empty()) return;
    ToolCall call;
    call.id = std::exchange(stage_, {});
    call.status = status;
    call.content = std::move(content);
    client_.update(tool_call_update(call));
}

void TurnEvents::take(const agent::StageEvent& event) {
    if (event.name == "test") return open("execute", "Run " + event.detail);
    open("think", event.detail.empty() ? event.name : event.detail);
}

void TurnEvents::take(const agent::PlanEvent& event) {
    plan_ = event.plan;
    client_.update(plan_update(event.plan));
}

void TurnEvents::take(const agent::TextEvent& event) {
    close("completed");
    spoke_ = spoke_ || !event.thinking;
    client_.update(chunk(event.thinking ? "agent_thought_chunk" : "agent_message_chunk", event.text));
}

void TurnEvents::take(const agent::ToolEvent& event) {
    close("completed");
    if (event.phase == agent::ToolEvent::Phase::started) {
        ToolCall call = described(event.name, parsed(event.arguments), root_);
        call.id = tool_ = client_.next_call();
        call.status = "in_progress";
        return client_.update(tool_call(call));
    }
    ToolCall call;
    call.id = std::exchange(tool_, {});
    call.status = event.ok ? "completed" : "failed";
    if (!event.output.empty()) call.content = json::Array{fenced_content(event.output)};
    if (!call.id.empty()) client_.update(tool_call_update(call));
}

void TurnEvents::take(const agent::TestsEvent& event) {
    if (stage_.empty()) open("execute", "Run the tests");
    const bool passed = event.report.verdict == executor::TestReport::Verdict::passed;
    close(passed ? "completed" : "failed", json::Array{fenced_content(tests_text(event.report))});
}

void TurnEvents::take(const agent::ProgressEvent& event) {
    if (stage_.empty() || event.what == "prompt" || clock_.now() - told_ < kProgressPause) return;
    told_ = clock_.now();
    ToolCall call;
    call.id = stage_;
    call.title = ellipsize(event.detail, kLongestTitle);
    client_.update(tool_call_update(call));
}

// The agent tells totals; what is in the model's context is what the last call added to them.
void TurnEvents::take(const agent::UsageEvent& event) {
    const std::int64_t used =
        event.prompt_tokens - usage_.prompt_tokens + event.completion_tokens - usage_.completion_tokens;
    usage_ = event;
    if (context_ > 0 && used > 0) client_.update(usage_update(used, context_));
}

void TurnEvents::take(const agent::WarningEvent& event) { client_.tell("warning", event.text); }

void TurnEvents::take(const agent::WithheldEvent& event) {
    client_.update(
        chunk("agent_thought_chunk", fmt::format("\nKept from the model: {} ({})\n", event.what, event.why)));
}

void TurnEvents::settle(bool done) {
    close(done ? "completed" : "failed");
    if (!tool_.empty()) {
        ToolCall call;
        call.id = std::exchange(tool_, {});
        call.status = "failed";
        client_.update(tool_call_update(call));
    }
    if (!plan_ || !done) return;
    for (agent::PlanStep& step : plan_->steps) step.state = agent::PlanStep::State::done;
    client_.update(plan_update(*plan_));
}

agent::Answer TurnPerson::ask(const ToolCall& call, std::string_view always, bool& all) {
    client_.update(tool_call(call));
    const auto option = client_.permission(call, always, stop_.get_token());
    // An answer that is none of those offered is no approval either.
    if (!option) stop_.request_stop();
    const bool approved = option == "allow_once" || (option == "allow_always" && !always.empty());
    all = all || option == "allow_always";
    ToolCall after;
    after.id = call.id;
    after.status = approved ? "in_progress" : "failed";
    client_.update(tool_call_update(after));
    if (approved) approved_ = call.id;
    return {approved ? agent::Answer::Kind::approve : agent::Answer::Kind::reject, ""};
}

void TurnPerson::settle(bool written) {
    if (approved_.empty()) return;
    ToolCall call;
    call.id = std::exchange(approved_, {});
    call.status = written ? "completed" : "failed";
    client_.update(tool_call_update(call));
}

agent::Answer TurnPerson::approve_plan(const agent::Plan& plan) {
    if (standing_.all_plans) return {};
    ToolCall call;
    call.id = client_.next_call();
    call.kind = "think";
    call.title = "Go on with this plan?";
    call.status = "pending";
    std::string text;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) text += fmt::format("{}. {}\n", i + 1, plan.steps[i].text);
    call.content = json::Array{text_content(text)};
    const agent::Answer answer = ask(call, "Allow every plan in this session", standing_.all_plans);
    settle(answer.kind == agent::Answer::Kind::approve);
    return answer;
}

agent::Answer TurnPerson::approve_patch(const std::string& patch, const executor::TestReport* report) {
    settle(true);
    const bool passed = report != nullptr && report->verdict == executor::TestReport::Verdict::passed;
    ToolCall call;
    call.id = client_.next_call();
    call.kind = "edit";
    std::vector<std::string> names;
    json::Array content;
    for (const vcs::FileVersion& file : files_) {
        names.push_back(file.path);
        if (file.removed)
            content.emplace_back(text_content(fmt::format("{} is removed", file.path)));
        else
            content.emplace_back(diff_content(root_, file));
        call.locations.emplace_back(location(root_ / file.path));
    }
    if (content.empty()) content.emplace_back(whole_content(patch));
    content.emplace_back(text_content(report == nullptr ? "No tests ran over this change" : tests_text(*report)));
    call.content = std::move(content);
    call.title = ellipsize("Write " + join(names, ", "), kLongestTitle);
    call.status = "pending";
    if (standing_.all_changes || (standing_.mode == Mode::automatic && passed)) {
        call.status = "in_progress";
        client_.update(tool_call(call));
        approved_ = call.id;
        return {};
    }
    return ask(call, "Allow every change in this session", standing_.all_changes);
}

agent::Answer TurnPerson::approve_command(const std::string& command, const std::string& why) {
    // What leaves the machine is asked about every time, whatever else was allowed.
    const bool leaves = commands_ == Commands::that_send_text_away;
    if (!leaves && (standing_.all_commands || standing_.mode == Mode::automatic)) return {};
    ToolCall call;
    call.id = client_.next_call();
    call.kind = "execute";
    call.title = ellipsize(command, kLongestTitle);
    call.status = "pending";
    call.content = json::Array{whole_content(command), text_content(why)};
    bool once = false;
    const agent::Answer answer = ask(call, leaves ? "" : "Allow every command in the sandbox in this session",
                                     leaves ? once : standing_.all_commands);
    settle(answer.kind == agent::Answer::Kind::approve);
    return answer;
}

agent::Answer TurnPerson::approve_tool(const agent::ToolUse& use) {
    const std::pair tool(use.server, use.fingerprint);
    const bool nameless = use.fingerprint.empty();
    if (!nameless && standing_.tools.contains(tool)) return {};
    ToolCall call;
    call.id = client_.next_call();
    call.kind = "other";
    call.title = ellipsize(fmt::format("Send this to {}, for its {}?", use.server, use.tool), kLongestTitle);
    call.status = "pending";
    // Both in fences: the server has a part in either, and an editor would follow what it writes of links and images.
    call.content = json::Array{whole_content(use.arguments), whole_content(use.why)};
    bool always = false;
    const std::string words = fmt::format("Allow {} of {} in this session", use.tool, use.server);
    const agent::Answer answer = ask(call, nameless ? "" : words, always);
    const bool approved = answer.kind == agent::Answer::Kind::approve;
    if (approved && always) standing_.tools.insert(tool);
    settle(approved);
    return answer;
}

}  // namespace ec::apps::acp
