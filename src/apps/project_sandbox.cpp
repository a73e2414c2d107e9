#include "project_sandbox.hpp"

#include <cmath>

#include "policy_files.hpp"
#include "reduced_consent.hpp"

namespace ec::apps {

Result<std::unique_ptr<executor::Sandbox>> open_project_sandbox(const std::filesystem::path& workspace) {
    executor::SandboxOptions options;
    options.workspace = workspace;
    EC_ASSIGN(options.policy, effective_policy(workspace));
    options.reduced_consent = consent_under(options.policy);
    options.private_folder = consent_folder();
    return executor::open_sandbox(options);
}

Result<std::chrono::milliseconds> run_limit(double seconds) {
    constexpr double kDay = 24 * 3600;
    if (!(seconds > 0) || seconds > kDay)
        return fail(ErrorCode::invalid_argument, "--timeout must be more than 0 and at most 86400 seconds");
    return std::chrono::milliseconds(std::llround(std::ceil(seconds * 1000)));
}

}  // namespace ec::apps
