#include "doctor_command.hpp"

#include <fmt/format.h>

#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/json/json.hpp>
#include <ec/model/embedded.hpp>
#include <ostream>

#include "model_choice.hpp"
#include "policy_files.hpp"
#include "reduced_consent.hpp"
#include "swarm/swarm_health.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

struct Tool {
    std::string name;
    std::vector<std::vector<std::string>> version_commands;  // the first that answers counts
    std::string use;
    std::string remedy;
    std::string version;  // empty: not found
};

std::vector<Tool> known_tools() {
    return {
        {"python3", {{"python3", "--version"}}, "Python programs", "apt install python3", ""},
        {"pytest",
         {{"pytest", "--version"}, {"python3", "-m", "pytest", "--version"}},
         "pytest",
         "apt install python3-pytest",
         ""},
        {"node", {{"node", "--version"}}, "JavaScript programs, node --test", "apt install nodejs", ""},
        {"npm", {{"npm", "--version"}}, "npm test", "apt install npm", ""},
        {"ctest", {{"ctest", "--version"}}, "CMake projects", "apt install cmake", ""},
        {"go", {{"go", "version"}}, "go test", "apt install golang-go", ""},
        {"cargo", {{"cargo", "--version"}}, "cargo test", "apt install cargo", ""},
    };
}

// Asked inside the sandbox: what counts is what a test run will find there.
void find_versions(executor::Sandbox& sandbox, std::vector<Tool>& tools) {
    for (Tool& tool : tools) {
        for (const std::vector<std::string>& words : tool.version_commands) {
            executor::RunSpec spec;
            spec.argv = words;
            spec.collect_changes = false;
            const auto result = sandbox.run(spec);
            if (!result || !result->ok()) continue;
            const std::string& text = result->out.empty() ? result->err : result->out;
            tool.version = printable(trim(text.substr(0, text.find('\n'))));
            break;
        }
    }
}

// Which policy is in force, in a few words.
std::string describe(const executor::SandboxPolicy& policy) {
    if (policy == executor::SandboxPolicy{}) return "built in";
    std::string text = policy.name ? *policy.name : "without a name";
    if (policy.revision) text += fmt::format(", revision {}", *policy.revision);
    return printable(text);
}

// Where models that run here run.
bool inference_is_shared() {
    const std::filesystem::path socket = shared_inference();
    return !socket.empty() && model::shared_host_answers(socket);
}

json::Value to_json(const executor::Isolation& isolation, const executor::SandboxPolicy& policy,
                    const SwarmHealth& swarm, const std::vector<Tool>& tools) {
    json::Array notes;
    for (const std::string& note : isolation.notes) notes.emplace_back(note);
    json::Object found;
    for (const Tool& tool : tools) {
        if (tool.version.empty())
            found[tool.name] = nullptr;
        else
            found[tool.name] = tool.version;
    }
    return json::Object{{"status", "ok"},
                        {"tier", isolation.tier},
                        {"isolation", isolation.isolation},
                        {"memory_limit", isolation.memory_limit},
                        {"landlock", isolation.landlock},
                        {"seccomp", isolation.seccomp},
                        {"overlay", isolation.overlay},
                        {"notes", std::move(notes)},
                        {"policy", describe(policy)},
                        {"cause", isolation.cause},
                        {"remedy", isolation.remedy},
                        {"inference", inference_is_shared() ? "shared" : "private"},
                        {"swarm", to_json(swarm)},
                        {"tools", std::move(found)}};
}

void print(const executor::Isolation& isolation, const executor::SandboxPolicy& policy, const SwarmHealth& swarm,
           const std::vector<Tool>& tools, const Style& style, std::ostream& out) {
    const auto yes_no = [&](bool value) { return value ? style.green("yes") : style.yellow("no"); };
    const bool reduced = isolation.isolation == "reduced";
    out << "Sandbox    tier " << (reduced ? style.yellow(isolation.tier) : style.green(isolation.tier))
        << ", isolation " << (reduced ? style.yellow("reduced") : style.green(isolation.isolation)) << ", memory limit "
        << isolation.memory_limit << ", Landlock " << yes_no(isolation.landlock) << ", seccomp "
        << yes_no(isolation.seccomp) << ", overlay " << yes_no(isolation.overlay) << "\n";
    for (const std::string& note : isolation.notes) out << "           " << note << "\n";
    if (!isolation.cause.empty()) out << "           full isolation does not work: " << isolation.cause << "\n";
    if (!isolation.remedy.empty()) out << "           what would help: " << isolation.remedy << "\n";
    out << "Policy     " << describe(policy) << " (edgecoder policy show)\n";
    const auto model = default_model();
    if (!model) {
        out << "Model      " << style.red("unknown") << " (" << printable(model.error().message) << ")\n";
    } else {
        out << "Model      "
            << (model->empty()     ? "none is chosen (edgecoder model use NAME); the mutation search needs none"
                : *model == "none" ? "none (the mutation search needs no model)"
                                   : printable(*model))
            << "\n";
    }
    out << "Inference  "
        << (inference_is_shared() ? "in the host that edgecoderd inference runs for this user"
                                  : "in a process of its own for each model (edgecoderd inference would share one)")
        << "\n";
    print(swarm, style, out);
    for (const Tool& tool : tools) {
        if (tool.version.empty())
            out << fmt::format("{:<10} {} (for {}; {})\n", tool.name, style.dim("not found"), tool.use, tool.remedy);
        else
            out << fmt::format("{:<10} {}\n", tool.name, tool.version);
    }
}

int refuse(const Error& error, const DoctorOptions& options, std::ostream& out, std::ostream& err) {
    if (options.json) {
        out << json::write(json::Object{{"status", "error"},
                                        {"tier", "D"},
                                        {"isolation", "none"},
                                        {"reason", error.message},
                                        {"cause", error.message},
                                        {"remedy", error.remedy}})
            << '\n';
    }
    err << "edgecoder: programs cannot be run safely here: " << printable(error.message) << "\n";
    if (!error.remedy.empty()) err << "           " << printable(error.remedy) << "\n";
    return exit_status(ErrorCode::unavailable);
}

}  // namespace

int run_doctor(const DoctorOptions& options, std::ostream& out, std::ostream& err) {
    const auto policy = effective_policy();
    if (!policy) return refuse(policy.error(), options, out, err);
    const bool agreed = agreed_to_reduced(*policy);
    const auto isolation = executor::probe_isolation({}, agreed);
    if (!isolation) return refuse(isolation.error(), options, out, err);
    const auto scratch = TempDir::create("edgecoder-doctor-");
    if (!scratch) return refuse(scratch.error(), options, out, err);
    executor::SandboxOptions sandbox_options;
    sandbox_options.workspace = scratch->path();
    sandbox_options.policy = *policy;
    sandbox_options.reduced_consent = consent_under(*policy);
    const auto sandbox = executor::open_sandbox(sandbox_options);
    if (!sandbox) return refuse(sandbox.error(), options, out, err);
    std::vector<Tool> tools = known_tools();
    find_versions(**sandbox, tools);
    const SwarmHealth swarm = look_at_swarm();
    if (options.json)
        out << json::write(to_json(*isolation, *policy, swarm, tools)) << '\n';
    else
        print(*isolation, *policy, swarm, tools, Style::for_descriptor(1), out);
    return 0;
}

}  // namespace ec::apps
