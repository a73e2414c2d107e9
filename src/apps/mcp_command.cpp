#include "mcp_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <ec/core/token.hpp>
#include <mutex>
#include <ostream>

#include "data_dir.hpp"
#include "error_report.hpp"
#include "interrupt.hpp"
#include "mcp/server/http_server.hpp"
#include "mcp/server/oauth.hpp"
#include "mcp/server/stdio.hpp"
#include "mcp/server/tools.hpp"
#include "service_start.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

Status serve_pipe(const mcp::Registry& registry, const std::stop_token& stop) {
    rpc::DescriptorLines lines(STDIN_FILENO, STDOUT_FILENO, rpc::DescriptorLines::kLongestLine, stop);
    mcp::CallThreads threads(mcp::kMostCalls);
    const Status status = mcp::serve_lines(lines, registry, threads, stop);
    if (stop.stop_requested()) return {};  // a signal is how it ends, too
    return status;
}

Status serve_http(const McpOptions& options, const mcp::Registry& registry, std::ostream& out, std::ostream& err,
                  const std::stop_token& stop) {
    EC_ASSIGN(const ListenAddress listen, parse_listen(options.listen));
    const std::filesystem::path data = data_dir();
    if (data.empty())
        return fail(ErrorCode::unavailable, "no data directory is known", "set EDGECODER_DATA_DIR to a folder");
    EC_TRY(make_data_dir(data));
    const std::filesystem::path token_file = data / "secrets/mcp-token";
    EC_ASSIGN(const std::string token, keep_token(token_file));
    const SystemClock clock;
    mcp::Grants grants(clock, token);
    mcp::Scopes offered{std::string(mcp::kReadScope), std::string(mcp::kRunScope)};
    const mcp::Scopes usual = offered;
    if (options.allow_apply) offered.emplace(mcp::kApplyScope);
    std::mutex telling;
    mcp::OAuth oauth(grants, token, offered, usual, [&](const std::string& line) {
        const std::lock_guard lock(telling);
        err << "edgecoder: " << printable(line) << std::endl;
    });
    return mcp::serve_http(registry, oauth, oauth.routes(), listen, stop, [&](const std::string& url) {
        out << "ready mcp " << url << std::endl;
        const std::lock_guard lock(telling);
        err << "edgecoder: the token is in " << token_file.string() << std::endl;
    });
}

Status serve(const McpOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop) {
    EC_ASSIGN(const mcp::Roots roots,
              mcp::Roots::open(options.roots.empty() ? std::vector<std::string>{"."} : options.roots));
    const mcp::Registry registry = mcp::server_registry(roots, options.allow_apply);
    return options.listen.empty() ? serve_pipe(registry, stop) : serve_http(options, registry, out, err, stop);
}

}  // namespace

void add_mcp(CLI::App& app, McpOptions& options) {
    CLI::App* mcp = app.add_subcommand("mcp", "Serve other agents over the Model Context Protocol");
    mcp->add_option("--root", options.roots, "A project that clients may work on; repeatable (default: here)")
        ->type_name("DIR")
        ->allow_extra_args(false);
    mcp->add_option("--listen", options.listen, "Serve HTTP at this address of this machine instead of a pipe")
        ->type_name("ADDR:PORT");
    mcp->add_flag("--allow-apply", options.allow_apply, "Let clients write verified fixes to the projects");
    mcp->footer(
        "Tools: run_in_sandbox, fix_failing_tests, search_code, review_queue. docs/mcp.md says how clients are set "
        "up.\nExamples:\n  edgecoder mcp --root ~/app\n  edgecoder mcp --listen 127.0.0.1:4320 --root ~/app\n\n"
        "Over HTTP a client asks to be let in, and you type the code that is shown here on the page it opens.\n"
        "Exit status: 0 the client closed or a signal came, 2 wrong usage, 3 this machine cannot do it.");
}

int run_mcp(const McpOptions& options, std::ostream& out, std::ostream& err) {
    const Interrupt interrupt;
    const Status status = serve(options, out, err, interrupt.token());
    if (status) return 0;
    tell_error(status.error(), err);
    return exit_status(status.error().code);
}

}  // namespace ec::apps
