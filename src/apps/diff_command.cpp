#include "diff_command.hpp"

#include <unistd.h>

#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <ostream>

#include "error_report.hpp"
#include "session_store.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

struct Found {
    std::string session;
    std::string patch;
};

Result<Found> find(const DiffOptions& options) {
    EC_ASSIGN(agent::Checkpoints checkpoints, open_checkpoints(options.directory));
    Found found;
    EC_ASSIGN(found.session, choose_session(checkpoints, options.session));
    EC_ASSIGN(found.patch, checkpoints.diff(found.session, options.step));
    return found;
}

}  // namespace

int run_diff(const DiffOptions& options, std::ostream& out, std::ostream& err) {
    const auto found = find(options);
    if (!found) {
        tell_error(found.error(), err);
        if (options.json) {
            out << json::write(json::Object{{"status", "error"}, {"reason", found.error().message}}) << '\n';
        }
        return exit_status(found.error().code);
    }
    if (options.json) {
        json::Object document{{"session", found->session}, {"step", nullptr}, {"patch", found->patch}};
        if (options.step) document["step"] = *options.step;
        out << json::write(document) << '\n';
        return 0;
    }
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    out << Style::for_descriptor(STDOUT_FILENO).diff(terminal ? for_terminal(found->patch) : found->patch);
    if (found->patch.empty()) err << "edgecoder: the agent changed no files there\n";
    return 0;
}

}  // namespace ec::apps
