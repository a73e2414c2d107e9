// The sessions of the Streamable HTTP transport and their event streams, which outlive the connections that carry them:
// a client whose connection broke comes back with Last-Event-ID and gets what it missed.
//
// Threads: any. Bounded: sessions, streams of a session, and what a stream keeps for a client that comes back.
#pragma once

#include <cstdint>
#include <deque>
#include <ec/core/clock.hpp>
#include <ec/net/http_server.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conversation.hpp"

namespace ec::apps::mcp {

/// Server-sent events with ids "STREAM-EVENT". Made before there is a connection.
class EventStream {
public:
    enum class Kind {
        passing,   ///< without ids, nothing is kept: one connection is all there is (revision 2026-07-28)
        numbered,  ///< with ids
        primed     ///< begins with an empty event, so that there is an id to come back with (revision 2025-11-25)
    };
    EventStream(std::uint64_t number, Kind kind) : number_(number), kind_(kind) {}

    /// Begins the answer at `responder`, in place of an earlier one, with the events after the one named.
    void attach(std::shared_ptr<net::Responder> responder, std::uint64_t after);
    void send(const std::string& text);
    /// Closes the connection; the stream goes on.
    void hang_up();
    /// There is no more to come.
    void finish();
    /// A comment, so that nobody on the way takes silence for death.
    void beat();
    [[nodiscard]] bool finished() const;
    [[nodiscard]] bool attached() const;

private:
    void say(const std::string& piece);

    const std::uint64_t number_;
    const Kind kind_;
    mutable std::mutex mutex_;
    // Under mutex_ what follows.
    std::shared_ptr<net::Responder> responder_;
    std::deque<std::pair<std::uint64_t, std::string>> events_;
    std::size_t bytes_ = 0;
    std::uint64_t next_ = 1;
    bool finished_ = false;
};

class HttpSession {
public:
    HttpSession(std::string id, std::string owner, std::shared_ptr<Conversation> conversation);

    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] const std::string& owner() const { return owner_; }
    [[nodiscard]] Conversation& conversation() const { return *conversation_; }
    std::shared_ptr<EventStream> open_stream();
    /// 0 is the one for what belongs to no request. Null for a stream that is not known, or no more.
    std::shared_ptr<EventStream> stream(std::uint64_t number);
    [[nodiscard]] bool in_use() const;
    /// Whether it is there for one request alone.
    [[nodiscard]] bool passing() const { return id_.empty(); }
    void beat();
    void end();

private:
    [[nodiscard]] EventStream::Kind kind() const;
    std::vector<std::shared_ptr<EventStream>> all() const;

    const std::string id_;
    const std::string owner_;
    const std::shared_ptr<Conversation> conversation_;
    mutable std::mutex mutex_;
    std::map<std::uint64_t, std::shared_ptr<EventStream>> streams_;  // under mutex_
    std::uint64_t next_ = 1;                                         // under mutex_
};

class HttpSessions {
public:
    static constexpr std::size_t kMost = 32;
    static constexpr std::chrono::minutes kIdle{30};

    explicit HttpSessions(const Clock& clock) : clock_(clock) {}

    /// `unavailable` while all are in use; else the one that was used longest ago gives way.
    Result<std::shared_ptr<HttpSession>> add(std::string owner, std::shared_ptr<Conversation> conversation);
    /// For one request that stands for itself; known here only for tick() and end_all(), as long as somebody has it.
    std::shared_ptr<HttpSession> lend(std::shared_ptr<Conversation> conversation);
    /// Null for one that is not known, and for somebody else's: nobody learns which of the two.
    std::shared_ptr<HttpSession> find(std::string_view id, std::string_view owner);
    void remove(std::string_view id);
    /// Once every few seconds: keeps streams alive, lets idle sessions go.
    void tick();
    void end_all();

private:
    struct Known {
        std::shared_ptr<HttpSession> session;
        std::chrono::nanoseconds used{};
    };
    const Clock& clock_;
    std::mutex mutex_;
    std::map<std::string, Known, std::less<>> sessions_;  // under mutex_
    std::vector<std::weak_ptr<HttpSession>> lent_;        // under mutex_
};

}  // namespace ec::apps::mcp
