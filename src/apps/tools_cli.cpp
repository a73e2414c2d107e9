#include "tools_cli.hpp"

#include <CLI/CLI.hpp>

#include "interrupt.hpp"
#include "tools_command.hpp"

namespace ec::apps {
namespace {

CLI::App* sub(CLI::App* tools, const char* name, const char* help, ToolsOptions& options) {
    CLI::App* command = tools->add_subcommand(name, help);
    command->add_flag("--json", options.json, "Print one JSON document on stdout");
    return command;
}

void add_directory(CLI::App* command, ToolsOptions& options) {
    command->add_option("--dir", options.directory, "The project (default: the current directory)");
}

void add_server(CLI::App* command, ToolsOptions& options) {
    command->add_option("server", options.server, "The server, as [mcp.servers.NAME] calls it")->required();
}

void add_call(CLI::App* tools, ToolsOptions& options) {
    CLI::App* call = sub(tools, "call", "Call a tool yourself", options);
    add_directory(call, options);
    add_server(call, options);
    call->add_option("tool", options.tool, "The tool, as its server calls it")->required();
    call->add_option("arguments", options.arguments, "Its arguments, a JSON object (default: {})");
    call->add_flag("--answer-defaults", options.answer_defaults,
                   "Answer what the server asks meanwhile with its own defaults (default: decline)");
}

}  // namespace

void add_tools(CLI::App& app, ToolsOptions& options) {
    CLI::App* tools = app.add_subcommand("tools", "Tools of other programs (MCP servers): look, call, allow by name");
    tools->require_subcommand(1);
    CLI::App* list = sub(tools, "list", "The servers that are configured, and their tools", options);
    add_directory(list, options);
    CLI::App* show = sub(tools, "show", "What a server says of its tools", options);
    add_directory(show, options);
    add_server(show, options);
    show->add_option("tool", options.tool, "Only this tool");
    add_call(tools, options);
    CLI::App* allow = sub(tools, "allow", "Let an agent call tools without asking, as they are now", options);
    add_directory(allow, options);
    add_server(allow, options);
    allow->add_option("tools", options.tools, "The tools")->required();
    CLI::App* forget = sub(tools, "forget", "Take that back", options);
    add_server(forget, options);
    forget->add_option("tool", options.tool, "Only this tool (default: all of the server's)");
    tools->footer(
        "Servers stand in config.toml, in $XDG_CONFIG_HOME/edgecoder or ~/.config/edgecoder; docs/mcp.md has the "
        "keys:\n"
        "  [mcp.servers.NAME]\n  command = [\"node\", \"/opt/server/index.js\"]\n  read_only = [\"/opt/server\"]\n\n"
        "A program runs in the sandbox, with what its entry allows and nothing else. A tool is called by an agent only "
        "after you\nagreed, unless you allowed it by name; one whose description changes has to be allowed again.\n"
        "Exit status: 0 done, 1 a server or a tool failed, 2 wrong usage, 3 not possible here.");
}

int run_tools(const CLI::App& tools, const ToolsOptions& options, std::ostream& out, std::ostream& err) {
    if (tools.got_subcommand("forget")) return run_tools_forget(options, out, err);
    const Interrupt interrupt;
    int status = 0;
    if (tools.got_subcommand("list"))
        status = run_tools_list(options, out, err, interrupt.token());
    else if (tools.got_subcommand("show"))
        status = run_tools_show(options, out, err, interrupt.token());
    else if (tools.got_subcommand("call"))
        status = run_tools_call(options, out, err, interrupt.token());
    else
        status = run_tools_allow(options, out, err, interrupt.token());
    return interrupt.interrupted() ? kInterruptedStatus : status;
}

}  // namespace ec::apps
