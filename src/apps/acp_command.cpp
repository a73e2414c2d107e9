#include "acp_command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <ec/agent/withhold.hpp>
#include <ec/core/fd.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>
#include <ostream>

#include "acp/server.hpp"
#include "agent_setup.hpp"
#include "error_report.hpp"
#include "interrupt.hpp"
#include "project_sandbox.hpp"
#include "rpc/line_channel.hpp"
#include "rpc/peer.hpp"
#include "session_host.hpp"
#include "session_store.hpp"

namespace ec::apps {
namespace {

/// The interactive agent over one project, for one session of the protocol.
class ProjectAgent final : public acp::AgentHost {
public:
    explicit ProjectAgent(std::unique_ptr<AgentSetup> setup) : setup_(std::move(setup)), host_(*setup_) {}

    session::SessionHost& host() override { return host_; }
    [[nodiscard]] std::filesystem::path root() const override { return setup_->project().files().root(); }

    Result<acp::History> resume(const std::string& session) override {
        EC_ASSIGN(agent::LoadedStep loaded, setup_->keeper().resume(session));
        setup_->agent().resume(loaded.conversation);
        acp::History history{std::move(loaded.conversation), {}};
        const json::Value* turns = loaded.notes.if_contains("turns");
        if (turns == nullptr || !turns->is_array()) return history;
        for (const json::Value& value : turns->get_array()) {
            json::Reader turn(value);
            const std::int64_t at = turn.require("at").integer("at");
            std::string text = turn.require("text").string("text");
            if (turn.status() && at >= 0) history.turns.push_back({static_cast<std::size_t>(at), std::move(text)});
        }
        return history;
    }

    void keep() override { setup_->keeper().keep_rest("turn ended", setup_->agent().conversation()); }

    [[nodiscard]] std::int64_t context() const override {
        return setup_->model() == nullptr ? 0 : setup_->model()->facts().context;
    }

    Result<std::string> shown(const std::string& path, const std::string& text) override {
        if (!path.empty()) EC_TRY(setup_->project().files().may_read(path));
        return agent::redact(text, nullptr, path, setup_->project().secrets().values);
    }

private:
    std::unique_ptr<AgentSetup> setup_;
    AgentSessionHost host_;
};

Result<std::vector<acp::KeptSession>> kept_sessions(const std::filesystem::path& cwd) {
    EC_ASSIGN(agent::Checkpoints checkpoints, open_checkpoints(cwd.string()));
    EC_ASSIGN(const std::vector<agent::SessionInfo> sessions, checkpoints.sessions());
    std::vector<acp::KeptSession> kept;
    for (const agent::SessionInfo& session : sessions) kept.push_back({session.id, cwd, session.task, session.time_s});
    return kept;
}

acp::AgentPorts agent_ports(const AgentOptions& defaults) {
    acp::AgentPorts ports;
    ports.open = [defaults](const acp::OpenRequest& request) -> Result<std::unique_ptr<acp::AgentHost>> {
        AgentOptions options = defaults;
        options.directory = request.cwd.string();
        options.session = request.session;
        options.editor = request.editor;
        // Asked first, to tell a folder that does not do from settings that do not.
        EC_TRY(open_project_sandbox(request.cwd));
        auto setup = AgentSetup::open(std::move(options));
        if (setup) return std::make_unique<ProjectAgent>(*std::move(setup));
        Error error = setup.error();
        if (error.code == ErrorCode::invalid_argument) error.code = ErrorCode::unavailable;
        return fail(std::move(error));
    };
    ports.list = kept_sessions;
    ports.fresh_session = agent::Checkpoints::fresh_session;
    return ports;
}

Result<AgentOptions> agent_options(const AcpOptions& options) {
    const auto approach = agent::approach_named(options.approach);
    if (!approach) return fail(ErrorCode::invalid_argument, "--approach is auto, pipeline or tools");
    EC_TRY(executor::check_approvals(options.approved));
    AgentOptions agent_options;
    agent_options.model = options.model;
    agent_options.write = true;
    agent_options.who = "acp";
    agent_options.approved = options.approved;
    agent_options.settings.test = options.test;
    agent_options.settings.edit_tests = options.edit_tests;
    agent_options.settings.approach = *approach;
    return agent_options;
}

}  // namespace

void add_acp(CLI::App& app, AcpOptions& options) {
    CLI::App* acp = app.add_subcommand("acp", "Be the agent of an editor, over the Agent Client Protocol on stdio");
    acp->add_option("--model", options.model, "The model, as for run");
    acp->add_option("--test", options.test, "The test command (default: found from each project)");
    acp->add_option("--approach", options.approach, "auto, pipeline or tools, as for run");
    acp->add_option("--approve", options.approved,
                    "Guarded place that may be written (hooks, CI, editor settings); repeatable")
        ->allow_extra_args(false);
    acp->add_flag("--edit-tests", options.edit_tests, "Let changes of existing tests and build configuration count");
    acp->footer(
        "An editor starts this program and talks to it; docs/editors has the settings of Zed, JetBrains and Neovim.\n"
        "Exit status: 0 the editor closed the connection, 2 wrong usage, 3 the connection broke, 130 interrupted.");
}

int run_acp(const AcpOptions& options, std::ostream& err) {
    const auto defaults = agent_options(options);
    if (!defaults) {
        tell_error(defaults.error(), err);
        return exit_status(defaults.error().code);
    }
    const Interrupt interrupt;
    // Whatever else writes to standard output, by mistake, ends on standard error and not in the protocol.
    const UniqueFd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!out.valid() || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        tell_error(from_errno("cannot open standard output", errno), err);
        return exit_status(ErrorCode::io);
    }
    rpc::DescriptorLines lines(STDIN_FILENO, out.get(), rpc::DescriptorLines::kLongestLine, interrupt.token());
    rpc::Peer peer(lines);
    Status ended;
    {
        acp::Server server(peer, agent_ports(*defaults));
        ended = peer.run(server, interrupt.token());
    }
    if (interrupt.interrupted()) return kInterruptedStatus;
    if (ended) return 0;
    tell_error(ended.error(), err);
    return exit_status(ErrorCode::io);
}

}  // namespace ec::apps
