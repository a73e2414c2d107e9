#include "agent_setup.hpp"

#include <fmt/format.h>

#include "data_dir.hpp"
#include "policy_files.hpp"
#include "reduced_consent.hpp"
#include "skill_store.hpp"
#include "write_patch.hpp"

namespace ec::apps {

/// The workspace as the agent sees it.
class AgentSetup::Source final : public agent::FileSource {
public:
    explicit Source(const agent::WorkspaceFiles& files) : files_(files) {}
    [[nodiscard]] std::optional<std::string> read(const std::string& path) const override {
        auto text = files_.read(path);
        return text ? std::optional(*std::move(text)) : std::nullopt;
    }
    [[nodiscard]] std::vector<std::string> paths() const override { return files_.paths(); }

private:
    const agent::WorkspaceFiles& files_;
};

AgentSetup::AgentSetup(AgentOptions options, agent::WorkspaceFiles files)
    : options_(std::move(options)), files_(std::move(files)), source_(std::make_unique<Source>(files_)) {}

AgentSetup::~AgentSetup() { remember_skill(); }

Result<std::unique_ptr<AgentSetup>> AgentSetup::open(AgentOptions options) {
    EC_ASSIGN(agent::WorkspaceFiles files, agent::WorkspaceFiles::list(options.directory));
    std::unique_ptr<AgentSetup> setup(new AgentSetup(std::move(options), std::move(files)));
    EC_TRY(setup->build());
    return setup;
}

Result<std::unique_ptr<executor::Sandbox>> AgentSetup::open_sandbox(const std::filesystem::path& folder) const {
    executor::SandboxOptions options;
    options.workspace = folder;
    EC_ASSIGN(options.policy, effective_policy(folder));
    options.reduced_consent = consent_under(options.policy);
    options.private_folder = consent_folder();
    return executor::open_sandbox(options);
}

Status AgentSetup::build() {
    if (options_.write) EC_TRY(undo_dir());
    EC_ASSIGN(sandbox_, open_sandbox(options_.directory));
    EC_ASSIGN(ports_, ModelPorts::open(data_dir(), options_.who));
    if (options_.model.empty()) {
        EC_ASSIGN(options_.model, default_model());
    }
    EC_ASSIGN(model_, choose_model(options_.model, *ports_));
    agent_ = std::make_unique<agent::InteractiveAgent>(agent_ports(), options_.settings,
                                                       load_skill(data_dir(), options_.model));
    return {};
}

agent::AgentPorts AgentSetup::agent_ports() {
    agent::AgentPorts ports;
    ports.model = model_.get();
    ports.sandbox = sandbox_.get();
    ports.workspace = source_.get();
    for (const agent::Withheld& file : files_.withheld()) ports.secrets.push_back(file.path);
    ports.may_write = [this](const std::string& path) { return files_.may_write(path); };
    ports.clock = &clock_;
    ports.open_sandbox = [this](const std::filesystem::path& folder) { return open_sandbox(folder); };
    if (options_.write) {
        ports.write = [this](const std::vector<vcs::FileVersion>& files) {
            return write_patch(files_.root(), files, options_.approved, "an agent");
        };
    }
    return ports;
}

Status AgentSetup::use_model(const std::string& words) {
    EC_ASSIGN(auto chosen, choose_model(words, *ports_));
    remember_skill();
    agent_->use_model(chosen.get(), load_skill(data_dir(), words));
    model_ = std::move(chosen);
    options_.model = words;
    return {};
}

void AgentSetup::remember_skill() {
    if (agent_ && model_) save_skill(data_dir(), options_.model, agent_->skill());
}

}  // namespace ec::apps
