// Which project commands the Node driver serves, and how it is started.
#include <algorithm>
#include <array>
#include <ec/core/text.hpp>
#include <ec/repair/driver_judge.hpp>
#include <ec_embedded/ec_repair.hpp>
#include <optional>

namespace ec::repair {
namespace {

using executor::Framework;
using executor::TestCommand;

bool is_node(std::string_view word) { return program_name(word) == "node" || program_name(word) == "nodejs"; }

/// Flags of node itself that change nothing the driver cares about, or that it can be started with.
bool is_harmless(std::string_view flag) {
    static constexpr std::array<std::string_view, 9> kHarmless = {
        "--no-warnings",      "--enable-source-maps", "--trace-warnings",           "--experimental-vm-modules",
        "--trace-uncaught",   "--no-deprecation",     "--experimental-strip-types", "--stack-trace-limit",
        "--throw-deprecation"};
    return std::ranges::find(kHarmless, flag.substr(0, flag.find('='))) != kHarmless.end();
}

std::vector<std::pair<std::string, std::string>> support_files() {
    using namespace embedded;
    const std::pair<const char*, std::string_view> files[] = {{"node_driver.cjs", node_driver_cjs},
                                                              {"ec_assert.cjs", ec_assert_cjs},
                                                              {"ec_baseline.cjs", ec_baseline_cjs},
                                                              {"ec_coverage.cjs", ec_coverage_cjs},
                                                              {"ec_discover.cjs", ec_discover_cjs},
                                                              {"ec_expect.cjs", ec_expect_cjs},
                                                              {"ec_frames.cjs", ec_frames_cjs},
                                                              {"ec_inputs.cjs", ec_inputs_cjs},
                                                              {"ec_keeper.cjs", ec_keeper_cjs},
                                                              {"ec_loader.cjs", ec_loader_cjs},
                                                              {"ec_node_test.cjs", ec_node_test_cjs},
                                                              {"ec_observe.cjs", ec_observe_cjs},
                                                              {"ec_realm.cjs", ec_realm_cjs},
                                                              {"ec_runner.cjs", ec_runner_cjs},
                                                              {"ec_sources.cjs", ec_sources_cjs},
                                                              {"ec_suites.cjs", ec_suites_cjs},
                                                              {"ec_tap.cjs", ec_tap_cjs},
                                                              {"ec_transpile.cjs", ec_transpile_cjs},
                                                              {"ec_watchdog.cjs", ec_watchdog_cjs},
                                                              {"ec_world.cjs", ec_world_cjs}};
    std::vector<std::pair<std::string, std::string>> result;
    for (const auto& [name, content] : files) result.emplace_back(name, std::string(content));
    return result;
}

/// Of the programs that print TAP only tape itself is played.
bool is_tape(const TestCommand& command) {
    const std::size_t after = command.runner_arguments.size() + 1;
    return command.words.size() >= after && program_name(command.words[command.words.size() - after]) == "tape";
}

std::optional<std::string> framework_word(const TestCommand& command) {
    switch (command.framework) {
        case Framework::node_test:
        case Framework::mocha:
        case Framework::jest:
        case Framework::vitest:
            return std::string(executor::name(command.framework));
        case Framework::tap:
            return is_tape(command) ? std::optional<std::string>("tape") : std::nullopt;
        default:
            return std::nullopt;
    }
}

/// Position of FILE in `node [flags] FILE …`.
std::optional<std::size_t> script_position(const std::vector<std::string>& words) {
    if (words.empty() || !is_node(words[0])) return std::nullopt;
    for (std::size_t i = 1; i < words.size(); ++i)
        if (!words[i].starts_with('-')) return i;
    return std::nullopt;
}

std::unexpected<Error> not_served(std::string_view why) { return fail(ErrorCode::not_found, std::string(why)); }

}  // namespace

Result<DriverSpec> node_driver(const TestCommand& command, const std::filesystem::path&) {
    DriverSpec spec;
    spec.name = "node contexts";
    spec.directory = command.directory;
    std::vector<std::string> node = command.interpreter;
    if (const auto framework = framework_word(command)) {
        if (command.words.empty()) return not_served("only a shell can run this test command");
        // `mocha` by itself starts the node of the PATH; anything in front of node (c8, tsx) is not ours to leave out.
        if (node.empty() && framework_word(command) == "node-test")
            return not_served("node is not named in the command");
        if (node.empty()) node = {"node"};
        spec.framework = *framework;
        spec.arguments = command.runner_arguments;
    } else if (const auto script = script_position(command.words); script && command.framework == Framework::command) {
        const auto at = command.words.begin() + static_cast<std::ptrdiff_t>(*script);
        spec.framework = "script";
        node.assign(command.words.begin(), at);
        spec.arguments.assign(at, command.words.end());
    } else {
        return not_served("the test command is not one of node --test, mocha, jest, vitest, tape or a node script");
    }
    if (!is_node(node.front())) return not_served("node is started through another program");
    for (std::size_t i = 1; i < node.size(); ++i)
        if (!is_harmless(node[i])) return not_served("node's flag " + node[i] + " is not played by the driver");
    for (const auto& [name, value] : command.environment)
        if (name == "NODE_OPTIONS" || name == "NODE_PATH") return not_served(name + " is set by the command");
    spec.argv = std::move(node);
    for (const char* flag : {"--experimental-vm-modules", "--no-warnings"})
        if (std::ranges::find(spec.argv, flag) == spec.argv.end()) spec.argv.emplace_back(flag);
    spec.argv.push_back(std::string(executor::kSupportDir) + "/node_driver.cjs");
    spec.support_files = support_files();
    spec.environment = command.environment;
    spec.limits.memory_bytes = 3ULL << 30;
    spec.limits.processes = 256;
    spec.limits.cpu = std::chrono::milliseconds(0);
    spec.limits.new_file_bytes = 256ULL << 20;
    return spec;
}

}  // namespace ec::repair
