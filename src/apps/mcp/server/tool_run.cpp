// run_in_sandbox: what `edgecoder exec --json` does, for a client.
#include <ec/core/text.hpp>
#include <sstream>

#include "exec_command.hpp"
#include "tools.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::size_t kLongestCommand = 64U << 10;
constexpr std::size_t kLongestCode = 1U << 20;
constexpr double kLongestRun = 600;
constexpr std::int64_t kMostMemoryMb = 4096;      // sixteen calls may run at once
constexpr std::uint64_t kKeptOutput = 64U << 10;  // a model reads it

json::Object input_schema(const Roots& roots) {
    json::Object properties;
    properties["command"] = text_schema("A shell command, instead of code");
    properties["code"] = text_schema("The text of a program, with language");
    properties["language"] = word_schema("The language of code", {"python", "javascript"});
    properties["timeout_s"] = number_schema("Wall-clock limit in seconds (default: 10)", 0.1, kLongestRun);
    properties["memory_mb"] = integer_schema("Memory limit in MB (default: 512)", 16, kMostMemoryMb);
    roots.describe(properties);
    return object_schema(std::move(properties), {});
}

json::Object output_schema() {
    const auto text = [](std::string_view description) { return text_schema(description); };
    const auto count = [](std::string_view description) {
        return json::Object{{"type", "integer"}, {"description", description}};
    };
    const json::Object strings{{"type", "array"}, {"items", json::Object{{"type", "string"}}}};
    json::Object properties{{"status", word_schema("How it ended", {"ok", "failed", "timeout", "cpu", "memory", "pids",
                                                                    "output", "disk", "signal", "sandbox_error"})},
                            {"exit_code", count("-1 when it did not end by itself")},
                            {"signal", count("That ended it, or 0")},
                            {"stdout", text("Head and tail where it was long")},
                            {"stderr", text("Likewise")},
                            {"stdout_bytes", count("All that was written")},
                            {"stderr_bytes", count("Likewise")},
                            {"truncated", flag_schema("Whether some output was left out")},
                            {"wall_ms", count("Time on the clock")},
                            {"cpu_ms", count("Time of the processor")},
                            {"peak_memory_bytes", count("At its most")},
                            {"tier", text("How strong the isolation was")},
                            {"isolation", text("full, reduced or none")},
                            {"changes", strings}};
    json::Object schema = object_schema(std::move(properties), {"status", "exit_code", "stdout", "stderr", "changes"});
    schema["additionalProperties"] = true;
    return schema;
}

std::expected<ToolResult, rpc::RpcError> run(const Roots& roots, const json::Object& given, Call& call) {
    Arguments arguments(given, {"command", "code", "language", "timeout_s", "memory_mb", "root", "directory"});
    ExecOptions options;
    const std::string command = arguments.text("command", kLongestCommand);
    const std::string code = arguments.text("code", kLongestCode);
    options.language = arguments.has("language") ? arguments.word("language", {"python", "javascript"}) : "";
    options.timeout_seconds = arguments.number("timeout_s", 0.1, kLongestRun);
    if (const auto memory = arguments.integer("memory_mb", 16, kMostMemoryMb))
        options.memory_mb = static_cast<std::uint64_t>(*memory);
    options.directory = roots.root(arguments);
    options.below = Roots::directory(arguments);
    static_cast<void>(roots.folder(arguments));  // refuses what a link leads out of the root, the root itself too
    if (trim(command).empty() == trim(code).empty()) arguments.reject("give either command or code");
    if (!code.empty() && options.language.empty()) arguments.reject("code needs its language: python or javascript");
    if (!command.empty() && !options.language.empty()) arguments.reject("language goes with code, not with command");
    if (arguments.wrong()) return error_result(*arguments.wrong());
    if (code.empty())
        options.words = {"sh", "-c", command};
    else
        options.program = code;
    options.kept_output_bytes = kKeptOutput;
    options.offline = true;
    options.json = true;
    std::ostringstream out;
    std::ostringstream err;
    const int status = run_exec(options, out, err, call.stop());
    const auto document = json::parse(out.str());
    if (!document || !document->is_object()) return error_result(to_valid_utf8(err.str()));
    const json::Object& result = document->get_object();
    const json::Value* ended = result.if_contains("status");
    // A program that failed is an answer; one that never ran is none.
    return structured_result(result, status != 0 && ended != nullptr && *ended == "sandbox_error");
}

}  // namespace

Tool run_in_sandbox_tool(const Roots& roots) {
    Tool tool;
    tool.description = {
        .name = "run_in_sandbox",
        .title = "Run in the sandbox",
        .description =
            "Runs a shell command, or a Python or JavaScript program, on a copy of the project: no network, "
            "no secrets, limits on time and memory. Files it writes are named in the result and thrown away.",
        .input_schema = input_schema(roots),
        .output_schema = output_schema(),
        .annotations = {.read_only = true, .destructive = false, .idempotent = false, .open_world = false}};
    tool.run = [&roots](const json::Object& arguments, Call& call) { return run(roots, arguments, call); };
    tool.scope = [](const json::Object&) { return std::string(kRunScope); };
    tool.slow = true;
    return tool;
}

}  // namespace ec::apps::mcp
