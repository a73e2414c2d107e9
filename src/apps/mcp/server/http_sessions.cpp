#include "http_sessions.hpp"

#include <algorithm>
#include <ec/core/token.hpp>

namespace ec::apps::mcp {
namespace {

constexpr std::size_t kMostFinished = 4;  // streams of a session that wait for a client to come back

}  // namespace

HttpSession::HttpSession(std::string id, std::string owner, std::shared_ptr<Conversation> conversation)
    : id_(std::move(id)), owner_(std::move(owner)), conversation_(std::move(conversation)) {}

EventStream::Kind HttpSession::kind() const {
    if (passing()) return EventStream::Kind::passing;
    // A client of an earlier revision takes an empty event for a message.
    return conversation_->revision() == kNewestRevision ? EventStream::Kind::primed : EventStream::Kind::numbered;
}

std::shared_ptr<EventStream> HttpSession::open_stream() {
    const EventStream::Kind kind = this->kind();
    const std::lock_guard lock(mutex_);
    const auto finished = [](const auto& entry) { return entry.first != 0 && entry.second->finished(); };
    while (static_cast<std::size_t>(std::ranges::count_if(streams_, finished)) >= kMostFinished)
        streams_.erase(std::ranges::find_if(streams_, finished));
    const std::uint64_t number = next_++;
    return streams_[number] = std::make_shared<EventStream>(number, kind);
}

std::shared_ptr<EventStream> HttpSession::stream(std::uint64_t number) {
    const EventStream::Kind kind = this->kind();
    const std::lock_guard lock(mutex_);
    if (number == 0 && !streams_.contains(0)) streams_[0] = std::make_shared<EventStream>(0, kind);
    const auto found = streams_.find(number);
    return found == streams_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<EventStream>> HttpSession::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<EventStream>> streams;
    for (const auto& [number, stream] : streams_) streams.push_back(stream);
    return streams;
}

bool HttpSession::in_use() const {
    return conversation_->busy() || std::ranges::any_of(all(), [](const auto& stream) { return stream->attached(); });
}

void HttpSession::beat() {
    for (const auto& stream : all()) stream->beat();
}

void HttpSession::end() {
    conversation_->end();
    for (const auto& stream : all()) stream->finish();
}

Result<std::shared_ptr<HttpSession>> HttpSessions::add(std::string owner, std::shared_ptr<Conversation> conversation) {
    EC_ASSIGN(const std::string id, random_token());
    auto session = std::make_shared<HttpSession>(id, std::move(owner), std::move(conversation));
    std::shared_ptr<HttpSession> displaced;
    {
        const std::lock_guard lock(mutex_);
        if (sessions_.size() >= kMost) {
            auto oldest = sessions_.end();
            for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
                if (at->second.session->in_use()) continue;
                if (oldest == sessions_.end() || at->second.used < oldest->second.used) oldest = at;
            }
            if (oldest == sessions_.end())
                return fail(ErrorCode::unavailable, "too many sessions are in use", "try again when one has ended");
            displaced = oldest->second.session;
            sessions_.erase(oldest);
        }
        sessions_[id] = {session, clock_.now()};
    }
    if (displaced) displaced->end();
    return session;
}

std::shared_ptr<HttpSession> HttpSessions::lend(std::shared_ptr<Conversation> conversation) {
    auto session = std::make_shared<HttpSession>("", "", std::move(conversation));
    const std::lock_guard lock(mutex_);
    std::erase_if(lent_, [](const auto& lent) { return lent.expired(); });
    lent_.push_back(session);
    return session;
}

std::shared_ptr<HttpSession> HttpSessions::find(std::string_view id, std::string_view owner) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.session->owner() != owner) return nullptr;
    found->second.used = clock_.now();
    return found->second.session;
}

void HttpSessions::remove(std::string_view id) {
    std::shared_ptr<HttpSession> session;
    {
        const std::lock_guard lock(mutex_);
        const auto found = sessions_.find(id);
        if (found == sessions_.end()) return;
        session = found->second.session;
        sessions_.erase(found);
    }
    session->end();
}

void HttpSessions::tick() {
    std::vector<std::shared_ptr<HttpSession>> alive;
    std::vector<std::shared_ptr<HttpSession>> over;
    {
        const std::lock_guard lock(mutex_);
        const auto idle = [&](const Known& known) {
            return known.used + kIdle <= clock_.now() && !known.session->in_use();
        };
        for (const auto& [id, known] : sessions_) (idle(known) ? over : alive).push_back(known.session);
        for (const auto& session : over) sessions_.erase(session->id());
        for (const auto& lent : lent_) {
            if (auto session = lent.lock()) alive.push_back(std::move(session));
        }
    }
    for (const auto& session : alive) session->beat();
    for (const auto& session : over) session->end();
}

void HttpSessions::end_all() {
    std::vector<std::shared_ptr<HttpSession>> all;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, known] : sessions_) all.push_back(known.session);
        for (const auto& lent : lent_) {
            if (auto session = lent.lock()) all.push_back(std::move(session));
        }
        sessions_.clear();
    }
    for (const auto& session : all) session->end();
}

}  // namespace ec::apps::mcp
