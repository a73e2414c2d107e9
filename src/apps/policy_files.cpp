#include "policy_files.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "data_dir.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;
using executor::SandboxPolicy;

fs::path absolute_variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value == '/' ? fs::path(value) : fs::path{};
}

bool lies_in(const fs::path& file, const fs::path& folder) {
    const std::string inside = file.lexically_relative(folder).string();
    return !inside.empty() && inside != ".." && !inside.starts_with("../");
}

// By the name it was found under and by where links lead.
Status check_outside(const fs::path& file, const fs::path& workspace) {
    std::error_code error;
    const fs::path project = fs::canonical(workspace, error);
    if (workspace.empty() || error) return {};
    const fs::path real = fs::canonical(file, error);
    if (!error && !lies_in(file.lexically_normal(), project) && !lies_in(real, project)) return {};
    return fail(
        ErrorCode::denied,
        fmt::format("the policy {} lies in the project, and no project decides over its own sandbox", file.string()),
        "move it out of the project, or work on the project from elsewhere");
}

Result<SandboxPolicy> read(const fs::path& file, const fs::path& workspace) {
    if (file.empty()) return SandboxPolicy{};
    EC_ASSIGN(auto policy, executor::load_policy(file, policy_places()));
    if (!policy) return SandboxPolicy{};
    EC_TRY(check_outside(file, workspace));
    return *std::move(policy);
}

}  // namespace

PolicyFiles policy_files() {
    PolicyFiles files;
    files.machine = "/etc/edgecoder/policy.toml";
    if (const fs::path config = config_dir(); !config.empty()) files.personal = config / "policy.toml";
    return files;
}

executor::PolicyPlaces policy_places() {
    executor::PolicyPlaces places;
    places.home = absolute_variable("HOME");
    places.kept = {"/var/lib/edgecoder"};
    std::error_code error;
    if (const fs::path data = data_dir(); !data.empty()) places.kept.push_back(fs::absolute(data, error));
    if (const fs::path config = config_dir(); !config.empty()) places.kept.push_back(config);
    return places;
}

Result<SandboxPolicy> effective_policy(const fs::path& workspace) {
    const PolicyFiles files = policy_files();
    EC_ASSIGN(const SandboxPolicy machine, read(files.machine, workspace));
    EC_ASSIGN(const SandboxPolicy personal, read(files.personal, workspace));
    return executor::merge(machine, personal);
}

}  // namespace ec::apps
