#include "program_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

namespace ec::apps::ide {
namespace {

using model::Message;
using model::Role;

constexpr std::size_t kMostError = 4096;

Message say(Role role, std::string text) { return {.role = role, .text = std::move(text), .calls = {}, .call_id = {}}; }

executor::RunSpec spec_of(const ProgramTask& task, const std::string& code) {
    executor::RunSpec spec;
    const bool python = task.language == "python";
    spec.argv =
        python ? std::vector<std::string>{"python3", "program.py"} : std::vector<std::string>{"node", "program.js"};
    spec.edits.push_back({.path = spec.argv.back(), .content = code});
    spec.collect_changes = false;
    return spec;
}

std::string queue_reason(executor::RunStatus status) {
    using Status = executor::RunStatus;
    if (status == Status::ok || status == Status::failed || status == Status::signal) return {};
    return status == Status::timeout || status == Status::cpu ? "timeout" : "outside_subset";
}

ProgramRun run_of(const ProgramTask& task, executor::RunResult result) {
    return {.language = task.language,
            .ok = result.ok(),
            .out = std::move(result.out),
            .err = std::move(result.err),
            .exit_code = result.exit_code,
            .duration = result.wall,
            .queue_reason = queue_reason(result.status)};
}

std::string complaint(const ProgramRun& run) {
    const std::string_view err = run.err;
    return fmt::format(
        "The program ended with exit status {}{}. The end of what it wrote to standard error:\n{}\n\nWrite the whole "
        "program again, with this mended, in one fenced block.",
        run.exit_code, run.queue_reason == "timeout" ? " because it took too long" : "",
        to_valid_utf8(err.substr(err.size() - std::min(err.size(), kMostError))));
}

json::Object run_object(const ProgramRun& run) {
    json::Object object{{"language", run.language},
                        {"ok", run.ok},
                        {"stdout", run.out},
                        {"stderr", run.err},
                        {"exitCode", run.exit_code},
                        {"durationMs", run.duration.count()},
                        {"queueForCloud", !run.queue_reason.empty()}};
    if (!run.queue_reason.empty()) object["queueReason"] = run.queue_reason;
    return object;
}

}  // namespace

std::string program_in(std::string_view answer) {
    const std::size_t open = answer.starts_with("```") ? 0 : answer.find("\n```");
    if (open == std::string_view::npos) return std::string(trim(answer)) + "\n";
    const std::size_t begin = answer.find('\n', open + 1);
    if (begin == std::string_view::npos) return {};
    const std::string_view body = answer.substr(begin + 1);
    if (body.starts_with("```")) return {};
    const std::size_t end = body.find("\n```");
    return std::string(body.substr(0, end)) + "\n";
}

Result<ProgramResult> write_program(const ProgramTask& task, model::ChatModel& model, const RunProgram& run,
                                    std::stop_token stop) {
    model::ChatRequest request;
    request.messages = {
        say(Role::system, fmt::format("You write small {} programs that run alone, with the standard library only, and "
                                      "print their result.",
                                      task.language == "python" ? "Python 3" : "Node.js")),
        say(Role::user, fmt::format("Task: {}\n\nPlan it first: at most five short lines, no code.", task.task))};
    EC_ASSIGN(model::ChatReply plan, model.complete(request, {}, stop));
    ProgramResult result{.plan = plan.text, .history = {}};
    request.messages.push_back(say(Role::assistant, std::move(plan.text)));
    request.messages.push_back(say(Role::user, "Now write the whole program in one fenced block, and nothing else."));
    while (result.history.size() < kMostIterations) {
        EC_ASSIGN(const model::ChatReply reply, model.complete(request, {}, stop));
        ProgramIteration iteration{.code = program_in(reply.text), .run = {}};
        EC_ASSIGN(executor::RunResult ran, run(spec_of(task, iteration.code), stop));
        if (ran.status == executor::RunStatus::sandbox_error)
            return fail(ran.cannot_isolate ? *ran.cannot_isolate : Error{ErrorCode::unavailable, ran.reason, {}});
        iteration.run = run_of(task, std::move(ran));
        result.history.push_back(std::move(iteration));
        if (result.history.back().run.ok) return result;
        request.messages.push_back(say(Role::assistant, reply.text));
        request.messages.push_back(say(Role::user, complaint(result.history.back().run)));
    }
    std::string& reason = result.history.back().run.queue_reason;
    if (reason.empty()) reason = "model_limit";
    return result;
}

json::Object program_object(const ProgramResult& result) {
    json::Array history;
    for (std::size_t i = 0; i < result.history.size(); ++i) {
        history.emplace_back(json::Object{{"iteration", i + 1},
                                          {"generatedCode", result.history[i].code},
                                          {"runResult", run_object(result.history[i].run)}});
    }
    return {{"plan", result.plan},
            {"generatedCode", result.history.back().code},
            {"runResult", run_object(result.history.back().run)},
            {"iterations", result.history.size()},
            {"history", std::move(history)}};
}

}  // namespace ec::apps::ide
