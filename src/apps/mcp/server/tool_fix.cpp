// fix_failing_tests: what `edgecoder fix --json` does, for a client, with its progress.
#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ec/model/model_manifest.hpp>

#include "fix_job.hpp"
#include "task_report.hpp"
#include "tools.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::size_t kLongestCommand = 16U << 10;
constexpr std::size_t kLongestModelName = 200;
constexpr double kLongestBudget = 3600;
constexpr double kUsualBudget = 60;
constexpr std::chrono::milliseconds kBetweenProgress{200};

/// Progress is time: of the budget, so many seconds are gone. What is being done stands in the message.
class Teller final : public repair::RepairEvents, public agent::AgentEvents {
public:
    Teller(Call& call, double budget, const Clock& clock)
        : call_(call), budget_(budget), clock_(clock), start_(clock.now()) {}

    void stage(std::string_view name, std::string_view detail) override {
        stage_ = fmt::format("{}: {}", name, detail);
        call_.log(LogLevel::info, "fix_failing_tests", json::Value(to_valid_utf8(stage_)));
        tell(stage_);
    }
    void progress(const repair::SearchProgress& progress) override {
        if (due()) tell(fmt::format("{}; {} candidates tried", stage_, progress.tried));
    }
    void event(const agent::AgentEvent& event) override {
        if (const auto* what = std::get_if<agent::StageEvent>(&event)) return stage(what->name, what->detail);
        if (const auto* what = std::get_if<agent::WarningEvent>(&event))
            return call_.log(LogLevel::warning, "fix_failing_tests", json::Value(to_valid_utf8(what->text)));
        if (const auto* what = std::get_if<agent::ProgressEvent>(&event); what != nullptr && due())
            tell(fmt::format("{}; {}", stage_, what->detail));
    }

private:
    [[nodiscard]] bool due() const { return clock_.now() - last_ >= kBetweenProgress; }
    void tell(const std::string& message) {
        last_ = clock_.now();
        call_.progress(std::chrono::duration<double>(last_ - start_).count(), budget_, message);
    }

    Call& call_;
    double budget_;
    const Clock& clock_;
    std::chrono::nanoseconds start_;
    std::chrono::nanoseconds last_{};
    std::string stage_;
};

std::chrono::milliseconds since(std::chrono::nanoseconds start, const Clock& clock) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - start);
}

json::Object input_schema(const Roots& roots, bool allow_apply) {
    json::Object properties;
    properties["test_command"] = text_schema("The command that runs the failing tests, as typed in a shell");
    properties["budget_s"] = number_schema("Give up after so many seconds (default: 60)", 1, kLongestBudget);
    properties["model"] = text_schema(
        "none (default): search without a model; default: also the model that the person chose; or a name of "
        "the person's model library");
    if (allow_apply) properties["apply"] = flag_schema("Write the verified patch to the project (default: false)");
    roots.describe(properties);
    return object_schema(std::move(properties), {"test_command"});
}

json::Object output_schema() {
    const json::Object whole{{"type", "integer"}};
    const json::Object counts = [&] {
        json::Object schema = object_schema({{"passed", whole}, {"failed", whole}}, {"passed", "failed"});
        return schema;
    }();
    json::Object tests = object_schema({{"before", counts}, {"after", counts}}, {"before", "after"});
    tests["additionalProperties"] = true;
    json::Object properties{
        {"status", word_schema("How it ended", {"fixed", "unfixed", "already_passing", "answered", "error"})},
        {"patch", text_schema("A unified diff; empty unless fixed")},
        {"tests", std::move(tests)},
        {"applied", flag_schema("Whether the patch was written to the project")},
        {"reason", text_schema("Why it is not fixed")}};
    json::Object schema = object_schema(std::move(properties), {"status", "patch"});
    schema["additionalProperties"] = true;
    return schema;
}

/// A client may choose among the models that the person has; not send the project to an address of its own.
std::string model_words(Arguments& arguments) {
    const std::string name = arguments.text("model", kLongestModelName);
    if (name.empty() || name == "none") return "none";
    if (name == "default") return "";
    if (!model::is_model_name(name) || name.ends_with(".gguf"))
        arguments.reject("model must be none, default, or a name of the model library");
    return name;
}

ToolResult fix_without_model(const FixOptions& options, Teller& teller, const Clock& clock, Call& call) {
    const auto start = clock.now();
    FixSummary summary;
    auto outcome = fix(options, teller, clock, summary, call.stop());
    summary.wall = since(start, clock);
    if (!outcome) return structured_result(fix_error_json(outcome.error(), summary).as_object(), true);
    outcome->summary.wall = summary.wall;
    return structured_result(fix_json(outcome->result, outcome->summary).as_object());
}

std::expected<ToolResult, rpc::RpcError> run(const Roots& roots, bool allow_apply, const json::Object& given,
                                             Call& call) {
    Arguments arguments(given, {"test_command", "budget_s", "model", "apply", "root", "directory"});
    FixOptions options;
    options.test = arguments.required_text("test_command", kLongestCommand);
    options.budget_seconds = arguments.number("budget_s", 1, kLongestBudget).value_or(kUsualBudget);
    options.model = model_words(arguments);
    options.apply = arguments.flag("apply");
    options.directory = roots.folder(arguments).string();
    if (options.apply && !(allow_apply && call.allowed(kApplyScope)))
        arguments.reject("this server may not write to the project: a person starts it with --allow-apply for that");
    if (arguments.wrong()) return error_result(*arguments.wrong());
    const SystemClock clock;
    Teller teller(call, options.budget_seconds, clock);
    if (options.model == "none") return fix_without_model(options, teller, clock, call);
    const auto start = clock.now();
    const auto result = run_unattended(fix_task(options), teller, call.stop());
    return result ? structured_result(task_json(*result, since(start, clock)))
                  : structured_result(task_error_json(result.error(), since(start, clock)), true);
}

}  // namespace

Tool fix_failing_tests_tool(const Roots& roots, bool allow_apply) {
    Tool tool;
    tool.description = {
        .name = "fix_failing_tests",
        .title = "Fix failing tests",
        .description =
            "Searches for a patch that makes a failing test command pass, tries candidates in a sandbox, "
            "and gives the patch with the test report that proves it. Works without a model. Nothing is "
            "written to the project" +
            std::string(allow_apply ? " unless apply is true." : "."),
        .input_schema = input_schema(roots, allow_apply),
        .output_schema = output_schema(),
        .annotations = {
            .read_only = !allow_apply, .destructive = allow_apply, .idempotent = false, .open_world = false}};
    tool.run = [&roots, allow_apply](const json::Object& arguments, Call& call) {
        return run(roots, allow_apply, arguments, call);
    };
    tool.scope = [allow_apply](const json::Object& arguments) {
        const json::Value* apply = arguments.if_contains("apply");
        return std::string(allow_apply && apply != nullptr && *apply == true ? kApplyScope : kRunScope);
    };
    tool.slow = true;
    return tool;
}

}  // namespace ec::apps::mcp
