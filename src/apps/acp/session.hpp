// One session of the protocol: an agent of its own, on a thread of its own.
//
// Threads: the methods are called from the thread that reads the connection and return at once; work waits in a short
// queue for the session's thread. One prompt at a time: a second is refused until the first has been answered.
#pragma once

#include <atomic>
#include <ec/core/clock.hpp>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "agent_host.hpp"
#include "client.hpp"
#include "turn.hpp"
#include "turn_slots.hpp"
#include "work_queue.hpp"

namespace ec::apps::acp {

/// How a session begins.
enum class Begin { fresh, load, resume };

class Session {
public:
    struct Options {
        SessionRequest request;  ///< with the id, also of a new session
        Begin begin = Begin::fresh;
        ClientCapabilities client;
    };
    /// Opens the agent on the session's thread and gives `reply` how that went. Borrows the rest.
    Session(Options options, const AgentPorts& ports, rpc::Peer& peer, TurnSlots& slots, rpc::Reply reply);
    /// Stops what is under way and waits for it.
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void prompt(PromptRequest request, json::Value id, rpc::Reply reply);
    void cancel();
    /// Ends the prompt with this request id, if it is under way here.
    void cancel_request(const json::Value& id);
    void set_mode(Mode mode, const rpc::Reply& reply);
    void set_config(ConfigRequest request, const rpc::Reply& reply);
    /// Ends the session; over() tells when nothing of it is left to wait for.
    void close(rpc::Reply reply);
    [[nodiscard]] bool over() const { return over_; }
    /// False when the agent could not be opened: there is no such session.
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] const std::filesystem::path& cwd() const { return request_.cwd; }
    [[nodiscard]] const std::string& id() const { return request_.session; }

private:
    void begin(const rpc::Reply& reply);
    void replay(const History& history);
    /// One prompt from its words to the stop reason.
    rpc::Answer take(const PromptRequest& request, const std::stop_source& turn);
    Result<std::string> run_words(const std::string& words, TurnEvents& events, const std::stop_source& turn);
    /// /model: uses another one from the next task on, or lists them.
    Result<std::string> model(const std::string& name);
    Result<std::string> run_task(const std::string& words, TurnEvents& events, const std::stop_source& turn);
    std::vector<session::ModelChoice> models();
    bool start_turn(json::Value id);
    void end_turn();

    SessionRequest request_;
    Begin begin_;
    const AgentPorts& ports_;
    TurnSlots& slots_;
    Client client_;
    SystemClock clock_;
    Standing standing_;
    std::unique_ptr<AgentHost> host_;  ///< the session's thread alone
    bool titled_ = false;
    bool unkept_ = false;  ///< the conversation has grown
    std::atomic<bool> failed_ = false;
    std::atomic<bool> over_ = false;

    std::mutex mutex_;
    bool busy_ = false;      // under mutex_, as what follows: a prompt is under way
    json::Value prompt_id_;  // its request
    std::stop_source turn_;  // ends it
    WorkQueue queue_;
};

}  // namespace ec::apps::acp
