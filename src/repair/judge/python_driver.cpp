#include <algorithm>
#include <array>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/repair/driver_judge.hpp>
#include <ec_embedded/ec_repair.hpp>
#include <fstream>
#include <optional>

namespace ec::repair {
namespace {

namespace fs = std::filesystem;
using executor::Framework;

bool is_python(std::string_view word) {
    const std::string_view program = program_name(word);
    return program.starts_with("python") && program.find_first_not_of("0123456789.dt", 6) == std::string_view::npos;
}

std::vector<std::pair<std::string, std::string>> support_files() {
    using namespace embedded;
    const std::pair<const char*, std::string_view> files[] = {
        {"driver.py", driver_py},         {"ec_baseline.py", ec_baseline_py},
        {"ec_burst.py", ec_burst_py},     {"ec_channel.py", ec_channel_py},
        {"ec_child.py", ec_child_py},     {"ec_context.py", ec_context_py},
        {"ec_doctest.py", ec_doctest_py}, {"ec_fragment.py", ec_fragment_py},
        {"ec_inputs.py", ec_inputs_py},   {"ec_literals.py", ec_literals_py},
        {"ec_observe.py", ec_observe_py}, {"ec_pytest.py", ec_pytest_py},
        {"ec_runner.py", ec_runner_py},   {"ec_script.py", ec_script_py},
        {"ec_source.py", ec_source_py},   {"ec_supervisor.py", ec_supervisor_py},
        {"ec_trace.py", ec_trace_py},     {"ec_unittest.py", ec_unittest_py},
        {"ec_zygote.py", ec_zygote_py},
    };
    std::vector<std::pair<std::string, std::string>> result;
    for (const auto& [name, content] : files) result.emplace_back(name, std::string(content));
    return result;
}

fs::path find_program(const std::string& word, const fs::path& directory) {
    if (word.contains('/')) return directory / word;
    const char* path = std::getenv("PATH");
    for (const std::string_view folder : split(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path, ':')) {
        std::error_code ignored;
        const fs::path candidate = fs::path(folder) / word;
        if (!folder.empty() && fs::is_regular_file(candidate, ignored)) return candidate;
    }
    return {};
}

/// The interpreter that a console script names in its first line (or, when that line would be too long, in its second:
/// `'''exec' "/long/path/python" …`).
std::string interpreter_of_script(const fs::path& script) {
    std::ifstream file(script, std::ios::binary);
    std::array<std::string, 2> lines;
    for (std::string& line : lines) std::getline(file, line);
    for (const std::string& line : lines) {
        std::string words = line;
        std::ranges::replace_if(
            words, [](char c) { return c == '"' || c == '\'' || c == '!' || c == '#' || c == '\r'; }, ' ');
        for (const std::string_view word : split(words, ' '))
            if (is_python(word)) return std::string(word);
    }
    return "python3";
}

std::vector<std::string> interpreter(const executor::TestCommand& command, const fs::path& workspace) {
    if (!command.interpreter.empty()) return command.interpreter;
    for (const std::string& word : command.words) {
        const std::string_view program = program_name(word);
        if (program.starts_with("py") || program.starts_with("coverage"))
            return {interpreter_of_script(find_program(word, workspace / command.directory))};
    }
    return {"python3"};
}

std::optional<std::string> framework_word(Framework framework) {
    switch (framework) {
        case Framework::pytest:
        case Framework::unittest:
        case Framework::doctest:
            return std::string(executor::name(framework));
        default:
            return std::nullopt;
    }
}

/// Position of FILE.py in `python [options] FILE.py …`.
std::optional<std::size_t> script_position(const std::vector<std::string>& words) {
    if (words.empty() || !is_python(words[0])) return std::nullopt;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "-W" || words[i] == "-X")
            ++i;
        else if (words[i] == "-m" || words[i] == "-c" || words[i] == "-")
            return std::nullopt;
        else if (!words[i].starts_with('-'))
            return i;
    }
    return std::nullopt;
}

}  // namespace

Result<DriverSpec> python_driver(const executor::TestCommand& command, const fs::path& workspace) {
    DriverSpec spec;
    spec.name = "forked python";
    spec.directory = command.directory;
    if (const auto framework = framework_word(command.framework)) {
        spec.framework = *framework;
        spec.arguments = command.runner_arguments;
        spec.argv = interpreter(command, workspace);
        spec.cwd_on_path = std::ranges::find(command.words, "-m") != command.words.end();
    } else if (const auto script = script_position(command.words); script && command.framework == Framework::command) {
        const auto at = command.words.begin() + static_cast<std::ptrdiff_t>(*script);
        spec.framework = "script";
        spec.argv.assign(command.words.begin(), at);
        spec.arguments.assign(at, command.words.end());
    } else {
        return fail(ErrorCode::not_found,
                    "the test command is not one of pytest, unittest, doctest or a Python script");
    }
    std::erase_if(spec.argv, [](const std::string& word) { return word == "-I" || word == "-i" || word == "-P"; });
    spec.argv.push_back(std::string(executor::kSupportDir) + "/driver.py");
    spec.support_files = support_files();
    // One seed for all lanes: the order of sets, and with it what a test sees, must not depend on the lane.
    spec.environment = {{"PYTHONHASHSEED", "0"}, {"PYTHONDONTWRITEBYTECODE", "1"}};
    spec.environment.insert(spec.environment.end(), command.environment.begin(), command.environment.end());
    spec.limits.memory_bytes = 3ULL << 30;
    spec.limits.processes = 256;
    spec.limits.cpu = std::chrono::milliseconds(0);
    spec.limits.new_file_bytes = 256ULL << 20;
    return spec;
}

}  // namespace ec::repair
