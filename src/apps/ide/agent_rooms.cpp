#include "agent_rooms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "agent_answer.hpp"

namespace ec::apps::ide {
namespace {

namespace fs = std::filesystem;
using openai::ApiError;

constexpr std::size_t kMostRooms = 16;
constexpr std::size_t kMostEarlier = 16 << 10;

bool is_inside(const fs::path& folder, const fs::path& root) {
    const auto [end, rest] = std::ranges::mismatch(root, folder);
    static_cast<void>(rest);
    return end == root.end();
}

std::string chosen(const net::ServerRequest& request, const openai::ChatAsk& ask, const std::string& what) {
    const std::string header = request.header("x-edgecoder-" + what);
    const auto named = ask.metadata.find(what);
    return !header.empty() || named == ask.metadata.end() ? header : named->second;
}

}  // namespace

openai::Decoded<fs::path> workspace_of(const std::string& named, const std::vector<fs::path>& roots) {
    const auto refuse = [](int status, std::string code, std::string message) {
        return std::unexpected(ApiError{status, std::move(code), std::move(message), "workspace"});
    };
    if (roots.empty())
        return refuse(403, "no_workspace", "no folder is open to the agent: start edgecoderd ide with --root DIR");
    if (named.empty() && roots.size() == 1) return roots.front();
    if (named.empty())
        return refuse(400, "workspace_required", "say in x-edgecoder-workspace or metadata.workspace which folder");
    if (!named.starts_with('/') || named.contains('\0'))
        return refuse(400, "invalid_workspace", "a workspace is an absolute path");
    std::error_code error;
    const fs::path real = fs::canonical(named, error);
    const auto holds = [&](const fs::path& root) { return is_inside(real, root); };
    // One answer for all: whether something is there is nobody's business outside of the roots.
    if (error || std::ranges::none_of(roots, holds) || !fs::is_directory(real, error))
        return refuse(403, "workspace_denied", "that is no folder in one of the roots of this service");
    return real;
}

std::string task_of(const std::vector<model::Message>& conversation) {
    const auto is_user = [](const model::Message& message) { return message.role == model::Role::user; };
    const auto last = std::find_if(conversation.rbegin(), conversation.rend(), is_user);
    if (last == conversation.rend()) return {};
    std::string earlier;
    for (auto at = std::next(last); at != conversation.rend(); ++at) {
        if (at->text.empty() || (at->role != model::Role::user && at->role != model::Role::assistant)) continue;
        const std::string turn = fmt::format("{}: {}\n", model::name(at->role), at->text);
        if (earlier.size() + turn.size() > kMostEarlier) break;
        earlier.insert(0, turn);
    }
    return earlier.empty() ? last->text : fmt::format("{}\n\nWhat was said before:\n{}", last->text, earlier);
}

openai::Decoded<AgentRooms::Task> AgentRooms::task(const net::ServerRequest& request, const openai::ChatAsk& ask) {
    const auto workspace = workspace_of(chosen(request, ask, "workspace"), settings_.roots);
    if (!workspace) return std::unexpected(workspace.error());
    const std::string words = task_of(ask.request.messages);
    if (trim(words).empty())
        return std::unexpected(ApiError{400, "no_task", "the conversation has no message of a user", "messages"});
    auto model = models_.chat("default");
    if (!model) return std::unexpected(model.error());
    const std::string apply = chosen(request, ask, "apply");
    if (!apply.empty() && apply != "true" && apply != "false")
        return std::unexpected(ApiError{400, "invalid_value", "apply is true or false", "apply"});
    auto room = lane(*workspace);
    if (!room) return std::unexpected(ApiError{429, "queue_full", "agents work in too many workspaces already", {}});
    model->id = std::string(kAgentModel) + "/" + model->id;
    model->why = "the agent works with the default model";
    AgentTask task{.workspace = *workspace,
                   .task = words,
                   .model = model->words,
                   .test = chosen(request, ask, "test"),
                   .write = apply == "true",
                   .host = models_.host()};
    return Task{std::move(room), agent_answer(std::move(task)), *std::move(model)};
}

std::shared_ptr<Lane> AgentRooms::lane(const fs::path& workspace) {
    std::vector<std::shared_ptr<Lane>> unused;  // joined outside of the lock
    const std::scoped_lock lock(mutex_);
    if (const auto found = lanes_.find(workspace); found != lanes_.end()) return found->second;
    for (auto at = lanes_.begin(); lanes_.size() >= kMostRooms && at != lanes_.end();) {
        const LaneStatus status = at->second->status();
        const bool idle = status.waiting == 0 && status.state != LaneStatus::State::busy && at->second.use_count() == 1;
        if (idle) unused.push_back(std::move(at->second));
        at = idle ? lanes_.erase(at) : std::next(at);
    }
    if (lanes_.size() >= kMostRooms) return nullptr;
    const auto nothing = [](const std::stop_token&) { return Status(); };
    return lanes_[workspace] = std::make_shared<Lane>(Lane::Ports{.open = nothing, .close = [] {}}, settings_.limits);
}

std::vector<AgentRooms::Report> AgentRooms::report() const {
    const std::scoped_lock lock(mutex_);
    std::vector<Report> all;
    for (const auto& [workspace, lane] : lanes_) all.push_back({workspace.string(), lane->status()});
    return all;
}

void AgentRooms::beat() {
    std::vector<std::shared_ptr<Lane>> all;
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& [workspace, lane] : lanes_) all.push_back(lane);
    }
    for (const auto& lane : all) lane->beat();
}

}  // namespace ec::apps::ide
