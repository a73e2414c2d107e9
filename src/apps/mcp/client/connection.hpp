// One server, spoken to: the Model Context Protocol's client side (modelcontextprotocol.io, revision 2025-11-25).
//
// Offered to a server are answers to a ping and to a form; it gets no model (sampling) and no list of folders (roots).
// What it sends is bounded in number and size. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "../../rpc/json_rpc.hpp"
#include "answers.hpp"
#include "offered_tool.hpp"
#include "server_entry.hpp"
#include "wire.hpp"

namespace ec::apps::mcp {

struct CallHooks {
    /// Answers a server's question; empty: declined.
    std::function<ElicitationAnswer(const Elicitation&)> ask;
    /// Hears how far a call is, as one plain line; may be empty.
    std::function<void(const std::string& line)> progress;
};

class Connection {
public:
    /// Greets the server. On failure the error ends with what the server itself said of it.
    static Result<std::unique_ptr<Connection>> open(ServerEntry entry, std::unique_ptr<Wire> wire,
                                                    std::chrono::milliseconds patience, std::stop_token stop);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    struct Listed {
        std::vector<OfferedTool> tools;
        std::vector<std::string> notes;  ///< of what was left out
    };
    Result<Listed> tools(std::chrono::milliseconds patience, std::stop_token stop);
    /// `name` is the server's own. A tool that says it failed is a success here; `not_found` and the like are what the
    /// server answers, `timeout`, `cancelled`, `io` what became of the call.
    Result<CallOutcome> call(const std::string& name, json::Object arguments, const CallHooks& hooks,
                             std::stop_token stop);

    /// False once it has ended, talks nonsense, or did not answer twice in a row.
    [[nodiscard]] bool alive() const { return alive_; }
    /// It said that its tools are others now; until tools() is called.
    [[nodiscard]] bool changed() const { return changed_; }
    [[nodiscard]] const std::string& revision() const { return revision_; }
    /// How the server calls itself, plain and short.
    [[nodiscard]] const std::string& title() const { return title_; }

private:
    Connection(ServerEntry entry, std::unique_ptr<Wire> wire) : entry_(std::move(entry)), wire_(std::move(wire)) {}
    Status greet(std::chrono::milliseconds patience, std::stop_token stop);
    Result<json::Value> ask(const std::string& method, json::Object params, std::chrono::milliseconds patience,
                            const CallHooks& hooks, std::stop_token stop);
    void answer(const rpc::Request& request, const CallHooks& hooks);
    void take_note(const rpc::Request& note, std::int64_t call, const CallHooks& hooks);
    void give_up(std::int64_t id, const Error& error);

    ServerEntry entry_;
    std::unique_ptr<Wire> wire_;
    std::string revision_;
    std::string title_;
    std::int64_t next_ = 1;
    unsigned unanswered_ = 0;  ///< calls in a row
    bool alive_ = true;
    bool changed_ = false;
    bool has_tools_ = false;
};

}  // namespace ec::apps::mcp
