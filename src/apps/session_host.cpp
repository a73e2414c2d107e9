#include "session_host.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ec/agent/test_discovery.hpp>
#include <ec/agent/withhold.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>
#include <ec/executor/test_command.hpp>
#include <ostream>
#include <sstream>

#include "data_dir.hpp"
#include "error_report.hpp"
#include "model_library.hpp"
#include "review_cli.hpp"
#include "review_command.hpp"
#include "review_wiring.hpp"
#include "session/session.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

using agent::TaskResult;

void add(agent::UsageEvent& total, const agent::UsageEvent& used) {
    total.prompt_tokens += used.prompt_tokens;
    total.cached_tokens += used.cached_tokens;
    total.completion_tokens += used.completion_tokens;
    total.calls += used.calls;
    total.seconds += used.seconds;
    total.waited += used.waited;
    if (used.joules) total.joules = total.joules.value_or(0) + *used.joules;
}

std::string files_sentence(std::string_view what, const agent::LoadedStep& loaded) {
    return fmt::format("{} to step {} ({}){}", what, loaded.step.number, loaded.step.label,
                       loaded.files.empty() ? "" : ": " + join(loaded.files, ", "));
}

/// What helps, in words that a session takes. Only for sentences of this program's own.
std::string in_session(std::string remedy) {
    static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
        {"give --test, or choose a model with --model", "/test COMMAND gives one, /model NAME chooses a model"},
        {"see edgecoder review list", "/review list shows them"},
        {"say --to and one of", "/review send ID --to and one of"},
        {"to allow it add --approve", "to allow it, leave and start edgecoder with --approve"},
        {"edgecoder model list shows the models here, with --catalogue those to pull", "/model lists the models here"},
    };
    for (const auto& [shell, here] : kWords) remedy = replace_all(std::move(remedy), shell, here);
    return remedy;
}

Error in_session(Error error) {
    error.remedy = in_session(std::move(error.remedy));
    return error;
}

std::string closing(const TaskResult& result) {
    switch (result.status) {
        case TaskResult::Status::answered:
            return "";
        case TaskResult::Status::already_passing:
            return "The tests pass already.";
        case TaskResult::Status::fixed:
            if (result.write_error) {
                return fmt::format("Not written: {}.{}{}", result.write_error->message,
                                   result.write_error->remedy.empty() ? "" : " ",
                                   in_session(result.write_error->remedy));
            }
            return fmt::format("Done{}. {}", result.explanation.empty() ? "" : ": " + result.explanation,
                               result.tested ? fmt::format("{} tests pass. /undo takes it back.", result.after.passed())
                                             : "No tests ran: /test CMD gives a test command.");
        case TaskResult::Status::unfixed:
            break;
    }
    return fmt::format("Not done: {}.{}", result.reason,
                       result.review_reason.empty() ? "" : " /review queue prepares a question for a reviewer.");
}

/// The numbers and options behind a verb of /review.
Status read_review_words(const std::vector<std::string>& words, ReviewOptions& options) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::int64_t id = 0;
        const char* end = words[i].data() + words[i].size();
        const auto parsed = std::from_chars(words[i].data(), end, id);
        if (parsed.ec == std::errc() && parsed.ptr == end && id > 0)
            options.ids.push_back(id);
        else if (words[i] == "--to" && words.front() == "send" && i + 1 < words.size())
            options.reviewer = words[++i];
        else
            return fail(ErrorCode::invalid_argument, fmt::format("/review {} takes no {}", words.front(), words[i]),
                        "it takes the number of a review; /review list shows them");
    }
    return {};
}

/// "edgecoder: no such thing\n           do this": as an error with its remedy.
Error error_told(std::string_view told, int status) {
    const std::size_t end = told.find('\n');
    return {status == 2 ? ErrorCode::invalid_argument : ErrorCode::unavailable, std::string(trim(told.substr(0, end))),
            end == std::string_view::npos ? "" : in_session(std::string(trim(told.substr(end))))};
}

/// The words of /review as `edgecoder review` would take them.
Result<std::string> run_review_words(const std::vector<std::string>& words, ReviewOptions options,
                                     agent::Person& person, std::stop_token stop) {
    ReviewPorts ports = review_ports();
    ports.agree = [&](const std::string& shown) {
        return person.approve_command(shown, "This text leaves for there, as it stands here.").kind ==
               agent::Answer::Kind::approve;
    };
    options.prefix = "/review";
    std::ostringstream out;
    std::ostringstream err;
    const std::string verb = words.empty() ? "list" : words.front();
    EC_TRY(read_review_words(words, options));
    int status = 2;
    if (verb == "queue") {
        // Its number alone is for scripts.
        std::ostringstream number;
        status = run_review_queue(options, ports, number, err, stop);
    } else if (verb == "list") {
        status = run_review_list(options, out, err);
    } else if (verb == "show") {
        status = run_review_show(options, ports, out, err);
    } else if (verb == "send") {
        status = run_review_send(options, ports, out, err, stop);
    } else if (verb == "accept") {
        status = run_review_accept(options, ports, out, err, stop);
    } else if (verb == "reject") {
        status = run_review_reject(options, out, err);
    } else {
        return fail(ErrorCode::invalid_argument, "/review takes queue, list, show, send, accept or reject");
    }
    const std::string said = err.str();
    std::string told;
    for (std::string_view line : split_lines(said)) {
        if (line.starts_with("edgecoder: ")) line.remove_prefix(11);
        told.append(line).append("\n");
    }
    if (status >= 2) return fail(error_told(told, status));
    return verb == "show" ? told + out.str() : out.str() + told;
}

/// Passes events on and remembers what a task used, also of one that was stopped.
class UsageKeeper final : public agent::AgentEvents {
public:
    explicit UsageKeeper(agent::AgentEvents& events) : events_(events) {}
    void event(const agent::AgentEvent& event) override {
        if (const auto* usage = std::get_if<agent::UsageEvent>(&event)) last = *usage;
        events_.event(event);
    }
    agent::UsageEvent last;

private:
    agent::AgentEvents& events_;
};

}  // namespace

Result<std::string> AgentSessionHost::run_task(const session::TaskRequest& task, agent::AgentEvents& events,
                                               agent::Person& person, std::stop_token stop) {
    setup_.agent().settings().plan_first = task.plan_first && setup_.model() != nullptr;
    last_task_ = task.text;
    UsageKeeper used(events);
    auto result = setup_.run(task.text, used, person, std::move(stop));
    add(usage_, result ? result->usage : used.last);
    if (!result) return fail(in_session(result.error()));
    last_ = *std::move(result);
    if (!last_.tier.empty()) tier_ = last_.tier;
    return closing(last_);
}

Result<std::string> AgentSessionHost::run_command(const std::string& line, std::stop_token stop) {
    executor::RunSpec spec;
    spec.argv = {"/bin/sh", "-c", line};
    spec.collect_changes = false;
    EC_ASSIGN(const executor::RunResult result, setup_.sandbox().run(spec, std::move(stop)));
    if (result.cannot_isolate) return fail(*result.cannot_isolate);
    tier_ = result.tier;
    return fmt::format("{}{}{} in {} ms, in the sandbox (tier {}); nothing it wrote is kept", result.out, result.err,
                       executor::name(result.status), result.wall.count(), result.tier);
}

Result<std::string> AgentSessionHost::run_tests(const std::optional<std::string>& command, agent::AgentEvents& events,
                                                std::stop_token stop) {
    if (command) setup_.agent().settings().test = *command;
    std::string test = setup_.agent().settings().test;
    if (test.empty()) test = agent::discover_test_command(setup_.project());
    if (test.empty()) return fail(ErrorCode::invalid_argument, "no test command is known", "/test CMD sets one");
    const executor::TestCommand recognised = executor::recognise_test_command(test, setup_.sandbox().workspace());
    executor::RunSpec spec = executor::test_run(recognised);
    spec.limits.wall = spec.limits.cpu = setup_.agent().settings().test_limit;
    spec.limits.memory_bytes = 2ULL << 30;
    spec.collect_changes = false;
    setup_.buffers().begin(test);
    for (agent::UnsavedFile& file : setup_.project().unsaved())
        spec.edits.push_back({std::move(file.path), std::move(file.text)});
    EC_ASSIGN(const executor::RunResult result, setup_.sandbox().run(spec, std::move(stop)));
    if (result.cannot_isolate) return fail(*result.cannot_isolate);
    tier_ = result.tier;
    const executor::TestReport report = executor::read_test_report(recognised, result, setup_.sandbox().workspace());
    events.event(agent::TestsEvent{report, result.wall});
    if (report.verdict == executor::TestReport::Verdict::incomplete) return "No verdict: " + report.reason;
    return fmt::format("{} passed, {} failed", report.passed(), report.failed());
}

Result<std::string> AgentSessionHost::undo() {
    EC_ASSIGN(const agent::LoadedStep loaded, setup_.keeper().undo());
    setup_.agent().resume(loaded.conversation);
    return files_sentence("back", loaded);
}

Result<std::string> AgentSessionHost::redo() {
    EC_ASSIGN(const agent::LoadedStep loaded, setup_.keeper().redo());
    setup_.agent().resume(loaded.conversation);
    return files_sentence("forth", loaded);
}

Result<std::vector<session::ModelChoice>> AgentSessionHost::models(std::stop_token) {
    std::vector<session::ModelChoice> choices;
    const std::string& current = setup_.model_words();
    if (current != "none") {
        const bool remote = setup_.model() != nullptr && !setup_.model()->facts().local;
        choices.push_back({current, remote ? "remote" : "on this machine", true});
    }
    for (const std::string& name : library_names()) {
        if (name != current) choices.push_back({name, "on this machine", false});
    }
    choices.push_back({"none", "no model: failing tests are worked on by mutation", current == "none"});
    return choices;
}

std::vector<std::string> AgentSessionHost::library_names() const {
    std::vector<std::string> names;
    const auto library = open_library(setup_.model_ports());
    if (!library) return names;
    const auto entries = library->list();
    if (!entries) return names;
    for (const model::LibraryEntry& entry : *entries) {
        if (entry.trouble.empty()) names.push_back(entry.manifest.name);
    }
    return names;
}

Result<std::string> AgentSessionHost::set_model(const std::string& name, std::stop_token) {
    if (const Status used = setup_.use_model(name); !used) return fail(in_session(used.error()));
    return "using " + name;
}

Result<std::string> AgentSessionHost::review(const std::string& words, agent::Person& person, std::stop_token stop) {
    EC_ASSIGN(const std::vector<std::string> split, shell_split(words));
    ReviewOptions options;
    options.directory = setup_.project().files().root().string();
    options.test = setup_.agent().settings().test;
    options.task = last_task_;
    if (!last_.review_reason.empty()) options.why = last_.review_reason;
    for (const vcs::FileVersion& file : last_.files) options.files.push_back(file.path);
    return run_review_words(split, std::move(options), person, std::move(stop));
}

Result<std::string> AgentSessionHost::resume_session(const std::string& session, std::stop_token) {
    EC_ASSIGN(const agent::LoadedStep loaded, setup_.keeper().resume(session));
    setup_.agent().resume(loaded.conversation);
    return files_sentence("resumed", loaded);
}

Result<std::string> AgentSessionHost::clear() {
    setup_.agent().resume({});
    return "the conversation is forgotten; files stay as they are";
}

session::SessionStatus AgentSessionHost::status() {
    session::SessionStatus status;
    if (const model::ChatModel* model = setup_.model(); model != nullptr) {
        const model::ModelFacts& facts = model->facts();
        status.place = facts.embedded ? session::Place::local
                       : facts.local  ? session::Place::local_server
                                      : session::Place::remote;
        const auto address = net::Url::parse(facts.where);
        status.endpoint = address ? fmt::format("{}:{}", address->host, address->port) : facts.where;
        status.model = facts.name.substr(facts.name.rfind('#') + 1);
    }
    status.sandbox_tier = tier_;
    status.test_command = setup_.agent().settings().test.empty() ? last_.test_command : setup_.agent().settings().test;
    status.usage = usage_;
    status.models = library_names();
    status.models.emplace_back("none");
    return status;
}

int run_session(const SessionCommandOptions& options, std::ostream& err) {
    const auto report = [&](const Error& error) {
        tell_error(error, err);
        return exit_status(error.code);
    };
    AgentOptions agent_options;
    agent_options.directory = options.directory;
    agent_options.model = options.model;
    agent_options.write = true;
    agent_options.who = "session";
    agent_options.approved = options.approved;
    agent_options.settings.test = options.test;
    agent_options.settings.edit_tests = options.edit_tests;
    const auto approach = agent::approach_named(options.approach);
    if (!approach) return report(Error{ErrorCode::invalid_argument, "--approach is auto, pipeline or tools", ""});
    agent_options.settings.approach = *approach;
    if (const Status places = executor::check_approvals(options.approved); !places) return report(places.error());
    const auto setup = AgentSetup::open(std::move(agent_options));
    if (!setup) return report(setup.error());
    AgentSessionHost host(**setup);
    session::SessionOptions session_options = session::session_options_from_environment();
    session_options.plain = session_options.plain || options.plain;
    session_options.assume_yes = options.yes;
    session_options.workspace = (*setup)->project().files().root();
    if (const auto data = data_dir(); !data.empty()) session_options.history_file = data / "history";
    session_options.looks_secret = [](std::string_view line) { return !agent::scan("", line).empty(); };
    if (!options.task.empty()) session_options.first = options.task;
    session_options.greeting = "EdgeCoder " EC_VERSION ". Type a task, or /help.";
    if ((*setup)->no_model_chosen()) session_options.greeting += " No model is chosen: /model lists what is here.";
    if (!options.resume.empty()) {
        const auto resumed = host.resume_session(options.resume == "last" ? "" : options.resume, {});
        if (!resumed) return report(resumed.error());
        session_options.greeting += " " + *resumed;
    }
    const SystemClock clock;
    const auto status = session::Session(host, clock, std::move(session_options)).run();
    return status ? *status : report(status.error());
}

}  // namespace ec::apps
