#include "agent_setup.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>
#include <ec/model/embedded.hpp>

#include "data_dir.hpp"
#include "mcp_servers.hpp"
#include "project_sandbox.hpp"
#include "skill_store.hpp"

namespace ec::apps {

AgentSetup::AgentSetup(AgentOptions options, ProjectView project)
    : options_(std::move(options)),
      project_(std::move(project)),
      keeper_(options_.directory, options_.approved,
              [this](const std::string& text) {
                  if (events_ != nullptr) events_->event(agent::WarningEvent{text});
              }),
      buffers_(options_.editor, project_) {
    keeper_.name(options_.session);
}

AgentSetup::~AgentSetup() = default;

Result<std::unique_ptr<AgentSetup>> AgentSetup::open(AgentOptions options) {
    EC_ASSIGN(ProjectView project, ProjectView::open(options.directory));
    std::unique_ptr<AgentSetup> setup(new AgentSetup(std::move(options), std::move(project)));
    EC_TRY(setup->build());
    return setup;
}

Result<std::unique_ptr<executor::Sandbox>> AgentSetup::open_sandbox(const std::filesystem::path& folder) const {
    return open_project_sandbox(folder);
}

Status AgentSetup::build() {
    if (options_.write) EC_TRY(undo_dir());
    EC_ASSIGN(sandbox_, open_sandbox(options_.directory));
    EC_ASSIGN(ports_, ModelPorts::open(data_dir(), options_.who));
    ports_->use_private_host(options_.private_host);
    EC_TRY(open_model());
    if (options_.other_tools) EC_TRY(open_tools());
    project_.use_embedder([this](std::stop_token stop) { return configured_embedder(*ports_, std::move(stop)); },
                          [this](const std::string& text) {
                              if (events_ != nullptr) events_->event(agent::WarningEvent{text});
                          });
    agent_ = std::make_unique<agent::InteractiveAgent>(agent_ports(), options_.settings,
                                                       load_skill(data_dir(), options_.model));
    return {};
}

Status AgentSetup::open_model() {
    const bool by_default = options_.model.empty();
    if (by_default) {
        EC_ASSIGN(options_.model, default_model());
    }
    no_model_chosen_ = options_.model.empty();
    if (no_model_chosen_) options_.model = "none";
    auto model = choose_model(options_.model, *ports_);
    if (!model && by_default && model.error().code == ErrorCode::invalid_argument) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the default model does not work: {}", model.error().message),
                    fmt::format("edgecoder model use NAME chooses another one; {}", model.error().remedy));
    }
    EC_ASSIGN(model_, std::move(model));
    return {};
}

// Nothing is started before a task needs it.
Status AgentSetup::open_tools() {
    EC_ASSIGN(std::vector<mcp::ServerEntry> entries, load_servers());
    if (entries.empty()) return {};
    ServerPlace place;
    place.project = project_.files().root();
    place.secrets = [this]() -> const agent::SecretFiles& { return project_.secrets(); };
    place.who = options_.who;
    belt_ = std::make_unique<mcp::ToolBelt>(std::move(entries), server_opener(std::move(place)), tool_approvals());
    return {};
}

agent::AgentPorts AgentSetup::agent_ports() {
    agent::AgentPorts ports;
    ports.model = model_.get();
    ports.sandbox = sandbox_.get();
    ports.workspace = &project_;
    ports.attend = [this](const std::string& path) { buffers_.attend(path); };
    ports.secrets = [this]() -> const agent::SecretFiles& { return project_.secrets(); };
    ports.may_write = [this](const std::string& path) -> Status {
        EC_TRY(project_.files().may_write(path));
        if (!executor::is_guarded_path(path) || executor::is_approved(path, options_.approved)) return {};
        return fail(ErrorCode::denied, "it is run or obeyed without being asked for, and needs the person's --approve");
    };
    ports.pause_model = [this]() -> std::shared_ptr<void> {
        auto* embedded = dynamic_cast<model::EmbeddedModel*>(model_.get());
        return embedded == nullptr ? nullptr : std::make_shared<model::PausedModel>(*embedded);
    };
    ports.energy = [this] { return energy_.joules(); };
    ports.instructions = [this] { return project_.instructions(); };
    ports.map = [this](const std::string& task, const std::vector<std::string>& files, std::size_t bytes) {
        return project_.map(task, files, bytes);
    };
    ports.related = [this](const std::string& text, std::size_t most) { return project_.related(text, most); };
    ports.search = [this](const std::string& query, std::size_t bytes) { return project_.search(query, bytes); };
    ports.checkpoint = [this](const std::string& label, const std::vector<model::Message>& conversation) {
        keeper_.keep(label, conversation);
    };
    ports.clock = &clock_;
    ports.other_tools = belt_.get();
    ports.open_sandbox = [this](const std::filesystem::path& folder) { return open_sandbox(folder); };
    if (options_.write) {
        ports.write = [this](const std::vector<vcs::FileVersion>& files) -> Status {
            EC_ASSIGN(const std::vector<executor::Applied> applied,
                      buffers_.write(files, options_.approved, "an agent"));
            for (const executor::Applied& one : applied) keeper_.applied(one);
            if (events_ != nullptr && !buffers_.left_unsaved().empty()) {
                events_->event(agent::WarningEvent{fmt::format(
                    "the editor holds {} unsaved; its own undo takes that back", join(buffers_.left_unsaved(), ", "))});
            }
            return {};
        };
    }
    return ports;
}

Result<agent::TaskResult> AgentSetup::run(const std::string& task, agent::AgentEvents& events, agent::Person& person,
                                          std::stop_token stop) {
    if (std::exchange(seen_, true)) EC_TRY(project_.refresh());
    keeper_.task(task, agent_->conversation().size());
    events_ = &events;
    project_.stop_with(stop);
    buffers_.begin(task + " " + options_.settings.test);
    auto result = agent_->run(task, events, person, std::move(stop));
    events_ = nullptr;
    project_.stop_with({});
    remember_skill();
    return result;
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
