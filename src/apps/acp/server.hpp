// The agent's end of the Agent Client Protocol over one connection: which session a request is for, and what may be
// asked when.
//
// Threads: request() and notification() come from the thread that runs the peer; nothing there waits. Each session has
// a thread of its own.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent_host.hpp"
#include "rpc/peer.hpp"
#include "session.hpp"
#include "turn_slots.hpp"

namespace ec::apps::acp {

inline constexpr std::size_t kMostSessions = 32;
inline constexpr unsigned kTurnsAtOnce = 4;

class Server final : public rpc::PeerHandler {
public:
    /// Borrows the peer, which must live until the server is gone.
    Server(rpc::Peer& peer, AgentPorts ports) : peer_(peer), ports_(std::move(ports)) {}
    /// Stops all sessions, then waits for each.
    ~Server() override;
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void request(rpc::Request request, rpc::Reply reply) override;
    void notification(rpc::Request request) override;

private:
    void initialize(const json::Object& params, const rpc::Reply& reply);
    void open(const json::Object& params, Begin begin, rpc::Reply reply);
    void list(const json::Object& params, const rpc::Reply& reply);
    void of_session(rpc::Request request, const rpc::Reply& reply);
    Session* find(const std::string& id);
    /// Lets go of sessions that did not open or are closed.
    void reap();

    rpc::Peer& peer_;
    AgentPorts ports_;
    bool initialized_ = false;
    ClientCapabilities client_;
    TurnSlots slots_{kTurnsAtOnce};
    std::map<std::string, std::unique_ptr<Session>> sessions_;
    std::vector<std::unique_ptr<Session>> leaving_;
    WorkQueue lists_{8};
};

}  // namespace ec::apps::acp
