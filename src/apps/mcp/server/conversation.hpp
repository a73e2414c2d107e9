// One client's conversation with the server, whatever carries it: requests come in, and what belongs to each goes out
// through an outlet of its own, so that a stream over HTTP holds what belongs to it and a pipe holds everything.
//
// A request of revision 2026-07-28 stands for itself: it needs no conversation to have begun, and begins none.
//
// Messages are taken from any thread and answered there, but for tool calls, which get threads from CallThreads.
// Nothing waits in end(): running calls are stopped and find their outlets closed.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "registry.hpp"
#include "stateless.hpp"

namespace ec::apps::mcp {

/// Where the words that belong to one request go. Any thread, one word at a time.
class Outlet {
public:
    virtual ~Outlet() = default;
    /// A notification or a request of ours, encoded.
    virtual void message(const std::string& text) = 0;
    /// The answer, encoded; the last word.
    virtual void answer(const std::string& text) = 0;
    /// There will be no answer: the client has cancelled. The last word.
    virtual void leave() = 0;
    virtual void hang_up() {}
};

/// The threads that tool calls run on, at most so many at once. Owned by whoever runs the server.
class CallThreads {
public:
    explicit CallThreads(std::size_t most) : most_(most) {}
    /// Waits for all; the conversations must have been ended, or it takes as long as their calls.
    ~CallThreads();
    CallThreads(const CallThreads&) = delete;
    CallThreads& operator=(const CallThreads&) = delete;
    /// False when as many run already.
    bool start(std::function<void()> work);

private:
    struct Worker {
        std::atomic<bool> done = false;
        std::jthread thread;
    };
    std::size_t most_;
    std::mutex mutex_;
    std::list<Worker> workers_;  // under mutex_
};

class Conversation : public std::enable_shared_from_this<Conversation> {
public:
    /// Both outlive the conversation.
    Conversation(const Registry& registry, CallThreads& threads) : registry_(registry), threads_(threads) {}

    /// `scopes` absent: everything is allowed.
    void request(rpc::Request request, std::shared_ptr<Outlet> outlet,
                 std::optional<std::set<std::string>> scopes = {});
    void notification(const rpc::Request& request);
    void response(rpc::Response response);
    /// Stops a running call as the client's own cancellation would.
    void cancel(const json::Value& id);
    void end();

    /// Empty before initialize.
    [[nodiscard]] std::string revision() const;
    [[nodiscard]] bool busy() const;

private:
    class RunningCall;
    struct Asked {
        std::optional<rpc::Answer> answer;
    };

    [[nodiscard]] rpc::Answer answer(const rpc::Request& request);
    [[nodiscard]] rpc::Answer stateless_answer(const rpc::Request& request) const;
    [[nodiscard]] rpc::Answer initialize(const json::Object& params);
    [[nodiscard]] rpc::Answer set_level(const json::Object& params);
    [[nodiscard]] rpc::Answer list(const rpc::Request& request) const;
    [[nodiscard]] rpc::Answer read_resource(const json::Object& params) const;
    [[nodiscard]] rpc::Answer get_prompt(const json::Object& params) const;
    [[nodiscard]] rpc::Answer complete(const json::Object& params) const;
    [[nodiscard]] rpc::Answer subscribe(const rpc::Request& request);
    void call_tool(const rpc::Request& request, std::shared_ptr<Outlet> outlet,
                   std::optional<std::set<std::string>> scopes, const std::optional<RequestTerms>& terms);
    void finish(const std::shared_ptr<RunningCall>& call, rpc::Answer answer);
    rpc::Answer ask(Outlet& outlet, std::string method, json::Object params, std::chrono::milliseconds patience,
                    const std::stop_token& stop);

    const Registry& registry_;
    CallThreads& threads_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    // Under mutex_ all of it.
    std::string revision_;
    std::set<std::string> client_can_;
    LogLevel level_ = LogLevel::warning;
    std::set<std::string> subscribed_;
    std::map<std::string, std::shared_ptr<RunningCall>> calls_;  // by the id as it is written
    std::map<std::int64_t, Asked> asked_;
    std::int64_t next_ = 1;
    bool ended_ = false;
};

}  // namespace ec::apps::mcp
