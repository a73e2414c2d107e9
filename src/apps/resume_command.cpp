#include "resume_command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <ec/json/json.hpp>
#include <ostream>

#include "error_report.hpp"
#include "session_store.hpp"
#include "terminal.hpp"

namespace ec::apps {
namespace {

Result<std::vector<agent::SessionInfo>> find(const ResumeOptions& options) {
    EC_ASSIGN(agent::Checkpoints checkpoints, open_checkpoints(options.directory));
    return checkpoints.sessions();
}

std::string local_time(std::int64_t time_s) {
    const std::time_t seconds = time_s;
    std::tm local{};
    return ::localtime_r(&seconds, &local) == nullptr ? "?" : fmt::format("{:%Y-%m-%d %H:%M}", local);
}

std::string where(const agent::SessionInfo& session) {
    if (session.step == session.last_step) return fmt::format("step {}", session.step);
    return fmt::format("step {} of {}", session.step, session.last_step);
}

}  // namespace

int run_resume_list(const ResumeOptions& options, std::ostream& out, std::ostream& err) {
    const auto sessions = find(options);
    if (!sessions) {
        tell_error(sessions.error(), err);
        if (options.json) {
            out << json::write(json::Object{{"status", "error"}, {"reason", sessions.error().message}}) << '\n';
        }
        return exit_status(sessions.error().code);
    }
    json::Array list;
    for (const agent::SessionInfo& session : *sessions) {
        if (!options.json) {
            out << fmt::format("{}  {}  {:<12}  {}\n", session.id, local_time(session.time_s), where(session),
                               printable(session.task));
        }
        list.emplace_back(json::Object{{"id", session.id},
                                       {"task", session.task},
                                       {"time_s", session.time_s},
                                       {"step", session.step},
                                       {"last_step", session.last_step}});
    }
    if (options.json) {
        out << json::write(json::Object{{"sessions", std::move(list)}}) << '\n';
    } else if (sessions->empty()) {
        err << "edgecoder: no session has worked on this project\n";
    }
    return sessions->empty() ? 1 : 0;
}

}  // namespace ec::apps
