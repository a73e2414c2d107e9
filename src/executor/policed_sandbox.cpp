#include "policed_sandbox.hpp"

#include <algorithm>

#include "policy_terms.hpp"

namespace ec::executor {
namespace {

class PolicedSandbox final : public Sandbox {
public:
    PolicedSandbox(SandboxPolicy policy, std::unique_ptr<Sandbox> inner)
        : policy_(std::move(policy)), inner_(std::move(inner)) {}

    Result<RunResult> run(const RunSpec& spec, std::stop_token stop) override {
        const Limits limits = clamp(policy_, spec.limits);
        if (limits == spec.limits) return inner_->run(spec, std::move(stop));
        RunSpec within = spec;
        within.limits = limits;
        return inner_->run(within, std::move(stop));
    }

    Result<std::unique_ptr<Session>> open(const RunSpec& spec) override {
        RunSpec within = spec;
        within.limits = clamp(policy_, spec.limits);
        return inner_->open(within);
    }

    bool warm_up(std::chrono::milliseconds timeout) override { return inner_->warm_up(timeout); }
    [[nodiscard]] Isolation isolation() const override { return inner_->isolation(); }
    [[nodiscard]] const std::filesystem::path& workspace() const override { return inner_->workspace(); }

private:
    SandboxPolicy policy_;
    std::unique_ptr<Sandbox> inner_;
};

}  // namespace

std::unique_ptr<Sandbox> keep_within(const SandboxPolicy& policy, std::unique_ptr<Sandbox> inner) {
    const bool ceilings = std::ranges::any_of(
        kLimitFields, [&](const LimitField& field) { return (policy.limits.*field.rule).ceiling.has_value(); });
    if (!ceilings) return inner;
    return std::make_unique<PolicedSandbox>(policy, std::move(inner));
}

}  // namespace ec::executor
