#include "session.hpp"

#include <fmt/format.h>

#include <ec/core/fenced.hpp>
#include <ec/core/text.hpp>

#include "errors.hpp"
#include "prompt_text.hpp"

namespace ec::apps::acp {
namespace {

constexpr std::size_t kMostJobs = 16;
constexpr std::size_t kLongestTitle = 80;

struct Command {
    std::string_view name;
    std::string_view rest;
};

/// "/test pytest -q": only commands that were told to the editor; anything else is a task, even with a slash in front.
std::optional<Command> command_in(std::string_view words) {
    static constexpr std::string_view kNames[] = {"test", "diff", "undo", "redo", "model", "review"};
    words = trim(words);
    if (!words.starts_with('/')) return std::nullopt;
    const std::size_t end = words.find_first_of(" \n\t");
    const std::string_view name = words.substr(1, end == std::string_view::npos ? end : end - 1);
    for (const std::string_view known : kNames) {
        if (name == known)
            return Command{known, end == std::string_view::npos ? std::string_view() : trim(words.substr(end))};
    }
    return std::nullopt;
}

rpc::Answer stopped_because(std::string_view reason) { return json::Object{{"stopReason", reason}}; }

}  // namespace

Session::Session(Options options, const AgentPorts& ports, rpc::Peer& peer, TurnSlots& slots, rpc::Reply reply)
    : request_(std::move(options.request)),
      begin_(options.begin),
      ports_(ports),
      slots_(slots),
      client_(peer, request_.session, options.client),
      queue_(kMostJobs) {
    queue_.post([this, reply = std::move(reply)] { begin(reply); });
}

Session::~Session() {
    cancel();
    queue_.end();
}

std::vector<session::ModelChoice> Session::models() {
    auto choices = host_->host().models({});
    return choices ? *std::move(choices) : std::vector<session::ModelChoice>();
}

void Session::begin(const rpc::Reply& reply) {
    const auto refused = [&](const Error& error) {
        failed_ = true;
        reply(std::unexpected(session_error(error, request_.session)));
    };
    auto host = ports_.open({request_.session, request_.cwd, &client_, request_.mcp_servers});
    if (!host) return refused(host.error());
    host_ = *std::move(host);
    client_.project_at(host_->root(), request_.cwd);
    if (begin_ != Begin::fresh) {
        const auto history = host_->resume(request_.session);
        if (!history) return refused(history.error());
        titled_ = true;
        // What was said stands before the answer: so the protocol has it of session/load.
        if (begin_ == Begin::load) replay(*history);
    }
    json::Object answer = session_state(standing_.mode, models());
    if (begin_ == Begin::fresh) answer["sessionId"] = request_.session;
    reply(std::move(answer));
    client_.update(commands_update());
    if (!request_.mcp_servers.empty()) {
        std::vector<std::string> names;
        for (const McpServer& server : request_.mcp_servers) names.push_back(ellipsize(server.name, kLongestTitle));
        client_.tell("info",
                     fmt::format("The editor's MCP servers are not used, only those of EdgeCoder's config.toml: {}",
                                 join(names, ", ")));
    }
}

void Session::replay(const History& history) {
    for (json::Object& update : acp::replay(history.conversation, history.turns, request_.cwd))
        client_.update(std::move(update));
}

bool Session::start_turn(json::Value id) {
    const std::scoped_lock lock(mutex_);
    if (busy_) return false;
    busy_ = true;
    prompt_id_ = std::move(id);
    turn_ = std::stop_source();
    return true;
}

void Session::end_turn() {
    const std::scoped_lock lock(mutex_);
    busy_ = false;
    prompt_id_ = nullptr;
}

void Session::prompt(PromptRequest request, json::Value id, rpc::Reply reply) {
    if (!start_turn(std::move(id)))
        return reply(rpc::refuse(rpc::kInvalidRequest, "a prompt is under way in this session"));
    const bool posted = queue_.post([this, request = std::move(request), reply, turn = turn_] {
        rpc::Answer answer =
            host_ ? take(request, turn) : rpc::Answer(rpc::refuse(rpc::kInternalError, "the session did not open"));
        end_turn();
        reply(std::move(answer));
        // Nobody waits for the snapshot.
        if (std::exchange(unkept_, false)) host_->keep();
    });
    if (posted) return;
    end_turn();
    reply(rpc::refuse(rpc::kInvalidRequest, "too much waits in this session"));
}

void Session::cancel() {
    std::stop_source turn{std::nostopstate};
    {
        const std::scoped_lock lock(mutex_);
        if (busy_) turn = turn_;
    }
    // Outside of the lock: callbacks of the token run here.
    turn.request_stop();
}

void Session::cancel_request(const json::Value& id) {
    {
        const std::scoped_lock lock(mutex_);
        if (!busy_ || prompt_id_ != id) return;
    }
    cancel();
}

void Session::set_mode(Mode mode, const rpc::Reply& reply) {
    standing_.mode = mode;
    reply(json::Object());
    // Which models there are only the session's thread can say; it tells when it is free.
    queue_.post([this] {
        if (host_) client_.update(config_update(standing_.mode, models()));
    });
}

void Session::set_config(ConfigRequest request, const rpc::Reply& reply) {
    if (request.option == "mode") {
        const auto mode = mode_named(request.value);
        if (!mode) return reply(invalid("value", "is no mode"));
        standing_.mode = *mode;
        client_.update(mode_update(*mode));
    } else if (request.option != "model") {
        return reply(invalid("configId", "is no option of this session"));
    }
    {
        const std::scoped_lock lock(mutex_);
        if (busy_ && request.option == "model")
            return reply(rpc::refuse(rpc::kInvalidRequest, "the model cannot be changed while a prompt is under way"));
    }
    const bool posted = queue_.post([this, request = std::move(request), reply] {
        if (!host_) return reply(rpc::refuse(rpc::kInternalError, "the session did not open"));
        if (request.option == "model") {
            // Only what was offered: an address of somewhere else is no choice of a menu.
            const auto choices = models();
            if (std::ranges::find(choices, request.value, &session::ModelChoice::name) == choices.end())
                return reply(invalid("value", "is no model that was offered"));
            if (const auto set = host_->host().set_model(request.value, {}); !set)
                return reply(std::unexpected(agent_error(set.error())));
        }
        reply(json::Object{{"configOptions", config_options(standing_.mode, models())}});
    });
    if (!posted) reply(rpc::refuse(rpc::kInvalidRequest, "too much waits in this session"));
}

void Session::close(rpc::Reply reply) {
    cancel();
    queue_.post_last([this, reply = std::move(reply)] {
        reply(json::Object());
        over_ = true;
    });
}

rpc::Answer Session::take(const PromptRequest& request, const std::stop_source& turn) {
    if (turn.stop_requested()) return stopped_because("cancelled");
    client_.stop_with(turn.get_token());
    const PromptText prompt = prompt_text(request.blocks, *host_, client_.reads());
    if (trim(prompt.words).empty()) return invalid("prompt", "holds no words");
    const TurnSlots::Slot slot(slots_, turn.get_token());
    if (!slot.held()) return stopped_because("cancelled");
    for (const std::string& sentence : prompt.left_out) client_.tell("warning", sentence);
    if (!std::exchange(titled_, true)) {
        const std::string_view first = trim(prompt.words).substr(0, trim(prompt.words).find('\n'));
        client_.update(title_update(ellipsize(first, kLongestTitle)));
    }
    TurnEvents events(client_, request_.cwd, host_->context(), clock_);
    const auto said = run_words(prompt.words, events, turn);
    events.settle(said.has_value());
    if (!said) {
        if (turn.stop_requested() || said.error().code == ErrorCode::cancelled) return stopped_because("cancelled");
        return std::unexpected(agent_error(said.error()));
    }
    if (turn.stop_requested()) return stopped_because("cancelled");
    if (!said->empty()) client_.update(chunk("agent_message_chunk", (events.spoke() ? "\n\n" : "") + *said));
    return stopped_because("end_turn");
}

Result<std::string> Session::run_words(const std::string& words, TurnEvents& events, const std::stop_source& turn) {
    const auto command = command_in(words);
    if (!command) return run_task(words, events, turn);
    session::SessionHost& host = host_->host();
    if (command->name == "test") {
        return host.run_tests(command->rest.empty() ? std::nullopt : std::optional<std::string>(command->rest), events,
                              turn.get_token());
    }
    if (command->name == "diff") {
        EC_ASSIGN(const std::string diff, host.diff());
        return diff.empty() ? "Nothing was changed." : fenced(diff, "diff");
    }
    if (command->name == "undo") return host.undo();
    if (command->name == "redo") return host.redo();
    if (command->name == "model") return model(std::string(command->rest));
    TurnPerson person(client_, standing_, request_.cwd, turn, Commands::that_send_text_away);
    return host.review(std::string(command->rest), person, turn.get_token());
}

Result<std::string> Session::model(const std::string& name) {
    if (!name.empty()) {
        EC_ASSIGN(std::string used, host_->host().set_model(name, {}));
        client_.update(config_update(standing_.mode, models()));
        return used;
    }
    std::string list;
    for (const session::ModelChoice& choice : models())
        list += fmt::format("- {}{} ({})\n", choice.name, choice.current ? ", in use" : "", choice.note);
    return list;
}

Result<std::string> Session::run_task(const std::string& words, TurnEvents& events, const std::stop_source& turn) {
    TurnPerson person(client_, standing_, request_.cwd, turn);
    session::TaskRequest task;
    task.text = words;
    task.plan_first = standing_.mode == Mode::plan;
    auto said = host_->host().run_task(task, events, person, turn.get_token());
    person.settle(said && !said->starts_with("Not written"));
    unkept_ = true;
    return said;
}

}  // namespace ec::apps::acp
