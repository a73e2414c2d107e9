// One end of a JSON-RPC conversation in which both sides may ask.
//
// Threads: run() reads on the caller's thread until the other side closes. The handler is called there, so it returns
// soon and has a thread of its own answer what takes long. call() is for every other thread. Answers may be given from
// any thread. Destroy after run() has returned and every call() with it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "json_rpc.hpp"
#include "line_channel.hpp"

namespace ec::apps::rpc {

/// Answers one request, once; further words are dropped, and letting go without one is an internal error for the
/// other side. Of a notification nothing is sent.
using Reply = std::function<void(Answer)>;

class PeerHandler {
public:
    virtual ~PeerHandler() = default;
    virtual void request(Request request, Reply reply) = 0;
    virtual void notification(Request request) = 0;
};

class Peer {
public:
    explicit Peer(LineChannel& channel) : channel_(channel) {}
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// Reads and dispatches until the other side closes (success), stop, or a channel of no more use. What waits in
    /// call() ends with it.
    Status run(PeerHandler& handler, std::stop_token stop);

    /// Asks the other side and waits. An error of theirs comes as it is; when the conversation ends, the time is over
    /// or the stop fires, `code` is kInternalError and `message` says so. `on_give_up`, if given, hears the id of a
    /// request that nobody waits for any more, so that the protocol's own word of cancelling can be sent.
    Answer call(std::string method, json::Object params, std::chrono::milliseconds patience, std::stop_token stop,
                const std::function<void(const json::Value& id)>& on_give_up = {});
    Status notify(std::string method, json::Object params);

private:
    struct Waiting {
        std::optional<Answer> answer;
    };
    void answered(Response response);
    void take(std::string_view line, PeerHandler& handler);

    LineChannel& channel_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::int64_t, Waiting> waiting_;  // under mutex_, as what follows
    std::int64_t next_ = 1;
    bool ended_ = false;
};

}  // namespace ec::apps::rpc
