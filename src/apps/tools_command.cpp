#include "tools_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <iostream>
#include <ostream>
#include <thread>

#include "error_report.hpp"
#include "mcp_servers.hpp"
#include "project_view.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

using mcp::Approvals;
using mcp::Connection;
using mcp::OfferedTool;
using mcp::ServerEntry;

constexpr std::chrono::milliseconds kStartPatience{20'000};

/// One server, started to be looked at.
struct Looked {
    ServerEntry entry;
    std::unique_ptr<Connection> connection;  ///< null: `error` says why
    Connection::Listed listed;
    Error error;
};

class Looker {
public:
    static Result<std::unique_ptr<Looker>> open(const ToolsOptions& options) {
        EC_ASSIGN(auto entries, load_servers());
        EC_ASSIGN(ProjectView project, ProjectView::open(options.directory));
        return std::unique_ptr<Looker>(new Looker(std::move(entries), std::move(project)));
    }

    [[nodiscard]] const std::vector<ServerEntry>& entries() const { return entries_; }

    Result<ServerEntry> entry(const std::string& name) const {
        const auto at = std::ranges::find(entries_, name, &ServerEntry::name);
        if (at != entries_.end()) return *at;
        return fail(ErrorCode::not_found, fmt::format("there is no server {} in config.toml", name),
                    "edgecoder tools list shows those that are there");
    }

    Looked look(const ServerEntry& entry, std::stop_token stop) const {
        Looked looked;
        looked.entry = entry;
        if (const Status status = start(looked, std::move(stop)); !status) {
            looked.error = status.error();
            looked.connection.reset();
        }
        return looked;
    }

private:
    Looker(std::vector<ServerEntry> entries, ProjectView project)
        : entries_(std::move(entries)), project_(std::move(project)) {
        ServerPlace place;
        place.project = project_.files().root();
        place.secrets = [this]() -> const agent::SecretFiles& { return project_.secrets(); };
        open_ = server_opener(std::move(place));
    }

    Status start(Looked& looked, std::stop_token stop) const {
        EC_ASSIGN(auto wire, open_(looked.entry));
        EC_ASSIGN(looked.connection, Connection::open(looked.entry, std::move(wire), kStartPatience, stop));
        EC_ASSIGN(looked.listed, looked.connection->tools(kStartPatience, stop));
        return {};
    }

    std::vector<ServerEntry> entries_;
    ProjectView project_;
    mcp::OpenWire open_;
};

/// Started and there, or the error why not.
Result<Looked> looked_at(const Looker& looker, const std::string& server, std::stop_token stop) {
    EC_ASSIGN(const ServerEntry entry, looker.entry(server));
    Looked looked = looker.look(entry, std::move(stop));
    if (!looked.connection) return fail(std::move(looked.error));
    return looked;
}

Result<const OfferedTool*> tool_of(const Looked& looked, const std::string& name) {
    const auto at = std::ranges::find(looked.listed.tools, name, &OfferedTool::name);
    if (at != looked.listed.tools.end()) return &*at;
    return fail(ErrorCode::not_found, fmt::format("{} has no tool {}", looked.entry.name, name),
                fmt::format("edgecoder tools show {} shows those it has", looked.entry.name));
}

std::string_view word(Approvals::State state) {
    switch (state) {
        case Approvals::State::allowed:
            return "allowed";
        case Approvals::State::changed:
            return "changed";
        case Approvals::State::unknown:
            break;
    }
    return "asks";
}

json::Object to_json(const ServerEntry& entry, const OfferedTool& tool, const Approvals& approvals) {
    const auto schema = json::parse(tool.parameters);
    return {{"name", tool.name},
            {"offered_as", tool.offered_as},
            {"description", tool.description},
            {"parameters", schema ? *schema : json::Value(nullptr)},
            {"approval", word(approvals.state(entry, tool))}};
}

json::Object to_json(const Looked& looked, const Approvals& approvals) {
    json::Object out{{"name", looked.entry.name},
                     {"kind", looked.entry.remote() ? "remote" : "program"},
                     {"where", to_valid_utf8(looked.entry.where())},
                     {"status", looked.connection ? "ready" : "failed"}};
    if (!looked.connection) {
        out["reason"] = to_valid_utf8(looked.error.message);
        return out;
    }
    out["title"] = looked.connection->title();
    out["revision"] = looked.connection->revision();
    json::Array tools;
    for (const OfferedTool& tool : looked.listed.tools) tools.push_back(to_json(looked.entry, tool, approvals));
    out["tools"] = std::move(tools);
    json::Array notes;
    for (const std::string& note : looked.listed.notes) notes.emplace_back(note);
    out["notes"] = std::move(notes);
    return out;
}

void print(const Looked& looked, const Approvals& approvals, std::ostream& out, std::ostream& err) {
    out << fmt::format("{}  {}\n", looked.entry.name, printable(looked.entry.where()));
    if (!looked.connection) {
        Error error = looked.error;
        error.message = fmt::format("{}: {}", looked.entry.name, error.message);
        tell_error(error, err);
        return;
    }
    for (const OfferedTool& tool : looked.listed.tools) {
        out << fmt::format("  {:8} {}  {}\n", word(approvals.state(looked.entry, tool)), printable(tool.name),
                           printable(ellipsize(tool.description, 100)));
    }
    for (const std::string& note : looked.listed.notes) err << "edgecoder: " << printable(note) << '\n';
}

mcp::ElicitationAnswer ask_at_terminal(const mcp::Elicitation& question, bool defaults, std::ostream& err) {
    using Action = mcp::ElicitationAnswer::Action;
    err << "edgecoder: the server asks:\n";
    for (const std::string_view line : split_lines(question.text())) err << "  " << printable(line) << '\n';
    if (defaults && question.answered_by_defaults()) return {Action::accept, question.defaults};
    if (defaults || ::isatty(STDIN_FILENO) != 1) return {};
    err << "Answer with a JSON object, Enter for the defaults, or no: " << std::flush;
    std::string line;
    if (!std::getline(std::cin, line)) return {};
    if (trim(line).empty() && question.answered_by_defaults()) return {Action::accept, question.defaults};
    auto content = mcp::fill_in(question, line);
    if (content) return {Action::accept, *std::move(content)};
    err << "edgecoder: declined: " << printable(content.error().message) << '\n';
    return {};
}

Result<mcp::CallOutcome> call(const ToolsOptions& options, std::ostream& err, std::stop_token stop) {
    const auto arguments = json::parse(options.arguments);
    if (!arguments || !arguments->is_object())
        return fail(ErrorCode::invalid_argument, "the arguments are no JSON object");
    EC_ASSIGN(const auto looker, Looker::open(options));
    EC_ASSIGN(const Looked looked, looked_at(*looker, options.server, stop));
    EC_ASSIGN(const OfferedTool* tool, tool_of(looked, options.tool));
    mcp::CallHooks hooks;
    hooks.ask = [&](const mcp::Elicitation& question) {
        return ask_at_terminal(question, options.answer_defaults, err);
    };
    hooks.progress = [&](const std::string& line) { err << "edgecoder: " << printable(line) << '\n'; };
    return looked.connection->call(tool->name, arguments->get_object(), hooks, std::move(stop));
}

/// How many were allowed.
Status allow(const ToolsOptions& options, std::stop_token stop) {
    EC_ASSIGN(const auto looker, Looker::open(options));
    EC_ASSIGN(const Looked looked, looked_at(*looker, options.server, std::move(stop)));
    std::vector<const OfferedTool*> tools;
    for (const std::string& name : options.tools) {
        EC_ASSIGN(const OfferedTool* tool, tool_of(looked, name));
        tools.push_back(tool);
    }
    Approvals approvals = tool_approvals();
    for (const OfferedTool* tool : tools) EC_TRY(approvals.allow(looked.entry, *tool));
    return {};
}

}  // namespace

int run_tools_list(const ToolsOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    const auto looker = Looker::open(options);
    if (!looker) return report_error(looker.error(), options.json, out, err);
    std::vector<Looked> servers((*looker)->entries().size());
    {
        std::vector<std::jthread> looking;
        for (std::size_t i = 0; i < servers.size(); ++i) {
            looking.emplace_back([&, i] { servers[i] = (*looker)->look((*looker)->entries()[i], stop); });
        }
    }
    const Approvals approvals = tool_approvals();
    json::Array all;
    for (const Looked& looked : servers) {
        if (options.json)
            all.push_back(to_json(looked, approvals));
        else
            print(looked, approvals, out, err);
    }
    if (options.json) out << json::write(json::Object{{"servers", std::move(all)}}) << '\n';
    if (servers.empty()) err << "edgecoder: no servers are configured; edgecoder tools --help shows how\n";
    return std::ranges::all_of(servers, [](const Looked& looked) { return looked.connection != nullptr; }) ? 0 : 1;
}

int run_tools_show(const ToolsOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    const auto looker = Looker::open(options);
    if (!looker) return report_error(looker.error(), options.json, out, err);
    auto looked = looked_at(**looker, options.server, std::move(stop));
    if (!looked) return report_error(looked.error(), options.json, out, err);
    if (!options.tool.empty()) {
        const auto tool = tool_of(*looked, options.tool);
        if (!tool) return report_error(tool.error(), options.json, out, err);
        looked->listed = {{**tool}, {}};
    }
    const Approvals approvals = tool_approvals();
    if (options.json) {
        out << json::write(to_json(*looked, approvals)) << '\n';
        return 0;
    }
    for (const OfferedTool& tool : looked->listed.tools) {
        out << fmt::format("{} ({})\n  {}\n  {}\n", printable(tool.name), word(approvals.state(looked->entry, tool)),
                           printable(tool.description), printable(tool.parameters));
    }
    for (const std::string& note : looked->listed.notes) err << "edgecoder: " << printable(note) << '\n';
    return 0;
}

int run_tools_call(const ToolsOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    const auto outcome = call(options, err, std::move(stop));
    if (!outcome) return report_error(outcome.error(), options.json, out, err);
    if (options.json) {
        out << mcp::visible_json(json::Object{{"status", outcome->ok ? "ok" : "failed"},
                                              {"text", outcome->text},
                                              {"structured", outcome->structured}})
            << '\n';
    } else {
        for (const std::string_view line : split_lines(outcome->text)) out << printable(line) << '\n';
        if (!outcome->ok) err << "edgecoder: the tool says that it failed\n";
    }
    return outcome->ok ? 0 : 1;
}

int run_tools_allow(const ToolsOptions& options, std::ostream& out, std::ostream& err, std::stop_token stop) {
    if (const Status allowed = allow(options, std::move(stop)); !allowed)
        return report_error(allowed.error(), options.json, out, err);
    if (options.json) out << json::write(json::Object{{"status", "allowed"}}) << '\n';
    err << fmt::format("edgecoder: agents may call {} of {} without asking, as {} now\n",
                       printable(join(options.tools, ", ")), options.server,
                       options.tools.size() == 1 ? "it is" : "they are");
    return 0;
}

int run_tools_forget(const ToolsOptions& options, std::ostream& out, std::ostream& err) {
    const auto gone = tool_approvals().forget(options.server, options.tool);
    if (!gone) return report_error(gone.error(), options.json, out, err);
    if (options.json) out << json::write(json::Object{{"forgotten", static_cast<std::int64_t>(*gone)}}) << '\n';
    const std::string server = printable(options.server);
    if (*gone == 0)
        err << fmt::format("edgecoder: nothing of {} was allowed\n", server);
    else
        err << fmt::format("edgecoder: agents ask again before they call {} of {}\n",
                           *gone == 1 ? "1 tool" : fmt::format("{} tools", *gone), server);
    return 0;
}

}  // namespace ec::apps
