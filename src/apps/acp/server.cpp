#include "server.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "decode.hpp"
#include "errors.hpp"

namespace ec::apps::acp {
namespace {

constexpr std::size_t kListedAtOnce = 50;

std::string iso_time(std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm parts{};
    return ::gmtime_r(&time, &parts) == nullptr ? "" : fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", parts);
}

json::Object page(const std::vector<KeptSession>& kept, std::size_t from) {
    json::Array sessions;
    for (std::size_t i = from; i < kept.size() && sessions.size() < kListedAtOnce; ++i) {
        sessions.emplace_back(json::Object{{"sessionId", kept[i].id},
                                           {"cwd", kept[i].cwd.string()},
                                           {"title", kept[i].title},
                                           {"updatedAt", iso_time(kept[i].time_s)}});
    }
    json::Object answer;
    const std::size_t next = from + sessions.size();
    if (next < kept.size() && !sessions.empty()) answer["nextCursor"] = std::to_string(next);
    answer["sessions"] = std::move(sessions);
    return answer;
}

}  // namespace

Server::~Server() {
    for (const auto& [id, session] : sessions_) session->cancel();
}

void Server::request(rpc::Request request, rpc::Reply reply) {
    reap();
    const std::string& method = request.method;
    if (method == "initialize") return initialize(request.params, reply);
    if (!initialized_) return reply(rpc::refuse(rpc::kInvalidRequest, "initialize comes first"));
    if (method == "authenticate") return reply(invalid("methodId", "names no method: there are none here"));
    if (method == "session/new") return open(request.params, Begin::fresh, std::move(reply));
    if (method == "session/load") return open(request.params, Begin::load, std::move(reply));
    if (method == "session/resume") return open(request.params, Begin::resume, std::move(reply));
    if (method == "session/list") return list(request.params, reply);
    of_session(std::move(request), reply);
}

void Server::of_session(rpc::Request request, const rpc::Reply& reply) {
    const std::string& method = request.method;
    const auto with = [&](auto decoded, const auto& then) {
        if (!decoded) return reply(std::unexpected(std::move(decoded).error()));
        Session* session = find(decoded->session);
        session == nullptr ? reply(no_session(decoded->session)) : then(*session, *std::move(decoded));
    };
    if (method == "session/prompt") {
        with(decode_prompt(request.params), [&](Session& session, PromptRequest prompt) {
            session.prompt(std::move(prompt), std::move(request.id), reply);
        });
    } else if (method == "session/set_mode") {
        with(decode_mode(request.params), [&](Session& session, const ModeRequest& wanted) {
            const auto mode = mode_named(wanted.mode);
            mode ? session.set_mode(*mode, reply) : reply(invalid("modeId", "is no mode of this agent"));
        });
    } else if (method == "session/set_config_option") {
        with(decode_config(request.params),
             [&](Session& session, ConfigRequest wanted) { session.set_config(std::move(wanted), reply); });
    } else if (method == "session/close") {
        const auto id = decode_session(request.params);
        if (!id) return reply(std::unexpected(id.error()));
        const auto at = sessions_.find(*id);
        if (at == sessions_.end()) return reply(no_session(*id));
        leaving_.push_back(std::move(at->second));
        sessions_.erase(at);
        leaving_.back()->close(reply);
    } else {
        reply(rpc::refuse(rpc::kMethodNotFound, fmt::format("there is no method {}", method)));
    }
}

void Server::notification(rpc::Request request) {
    if (request.method == "session/cancel") {
        const auto id = decode_session(request.params);
        Session* session = id ? find(*id) : nullptr;
        if (session != nullptr) session->cancel();
    } else if (request.method == "$/cancel_request") {
        const auto id = decode_cancelled_request(request.params);
        if (!id) return;
        for (const auto& [name, session] : sessions_) session->cancel_request(*id);
    }
}

void Server::initialize(const json::Object& params, const rpc::Reply& reply) {
    const auto request = decode_initialize(params);
    if (!request) return reply(std::unexpected(request.error()));
    if (initialized_) return reply(rpc::refuse(rpc::kInvalidRequest, "this connection is initialized already"));
    initialized_ = true;
    client_ = request->client;
    // The one version there is here; an editor that does not speak it closes the connection.
    reply(initialize_answer());
}

void Server::open(const json::Object& params, Begin begin, rpc::Reply reply) {
    auto request = begin == Begin::fresh  ? decode_new(params)
                   : begin == Begin::load ? decode_load(params)
                                          : decode_resume(params);
    if (!request) return reply(std::unexpected(std::move(request).error()));
    if (begin == Begin::fresh) request->session = ports_.fresh_session();
    if (find(request->session) != nullptr)
        return reply(rpc::refuse(rpc::kInvalidRequest, "this session is open already"));
    // Two would keep their conversations over one another.
    if (std::ranges::any_of(leaving_, [&](const auto& old) { return old->id() == request->session; }))
        return reply(rpc::refuse(rpc::kInvalidRequest, "this session is still being closed"));
    if (sessions_.size() + leaving_.size() >= kMostSessions)
        return reply(rpc::refuse(rpc::kInvalidRequest, fmt::format("{} sessions are open: close one", kMostSessions)));
    const std::string id = request->session;
    sessions_[id] = std::make_unique<Session>(Session::Options{*std::move(request), begin, client_}, ports_, peer_,
                                              slots_, std::move(reply));
}

void Server::list(const json::Object& params, const rpc::Reply& reply) {
    const auto request = decode_list(params);
    if (!request) return reply(std::unexpected(request.error()));
    // Sessions are kept by project: without a folder those of the open ones are all we can find.
    std::vector<std::filesystem::path> folders;
    if (request->cwd) folders.push_back(*request->cwd);
    for (const auto& [id, session] : sessions_) {
        if (!request->cwd && std::ranges::find(folders, session->cwd()) == folders.end())
            folders.push_back(session->cwd());
    }
    const bool posted = lists_.post([this, from = request->from, folders = std::move(folders), reply] {
        std::vector<KeptSession> kept;
        for (const std::filesystem::path& folder : folders) {
            auto some = ports_.list(folder);
            if (!some) return reply(std::unexpected(agent_error(some.error())));
            kept.insert(kept.end(), some->begin(), some->end());
        }
        reply(page(kept, from));
    });
    if (!posted) reply(rpc::refuse(rpc::kInvalidRequest, "too many lists are asked for at once"));
}

Session* Server::find(const std::string& id) {
    const auto at = sessions_.find(id);
    return at == sessions_.end() || at->second->failed() ? nullptr : at->second.get();
}

void Server::reap() {
    std::erase_if(sessions_, [](const auto& entry) { return entry.second->failed(); });
    std::erase_if(leaving_, [](const auto& session) { return session->over(); });
}

}  // namespace ec::apps::acp
