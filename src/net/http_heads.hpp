// What the proxy reads from the program in the sandbox and from servers: heads become values, bodies are passed on in
// the framing that was understood, so that nobody behind the proxy can understand another one. The parser is Beast's.
//
// Both readers are fed with bytes as they come and belong to one thread. They never throw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ec/net/allow_rule.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace ec::net {

/// An answer to the program instead of a connection. Both texts are constants of ours, never its own words.
struct Refusal {
    int status = 0;
    std::string_view reason;
};

struct RequestHead {
    bool connect = false;           ///< a tunnel; else one plain HTTP request
    Authority target;               ///< whom the program wants to reach
    std::string forward;            ///< the head for the server, origin-form, without hop-by-hop fields; a tunnel: none
    bool expects_continue = false;  ///< the program waits for a 100 before it sends the body
};

class RequestReader {
public:
    enum class State { head, body, done, refused };
    explicit RequestReader(std::uint32_t head_limit);
    ~RequestReader();
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    /// Stops after the head; put({}) goes on with what had come behind it. When a request is done, or in a tunnel,
    /// nothing more is read: the rest is in take_rest().
    State put(std::string_view bytes);
    [[nodiscard]] State state() const;
    /// From `body` or `done` on.
    [[nodiscard]] const RequestHead& head() const;
    [[nodiscard]] const Refusal& refusal() const;
    /// The target in the program's own words, as far as it was read; for the ledger.
    [[nodiscard]] std::string_view wanted() const;
    /// The body read so far, framed for the server.
    std::string take_body();
    /// Bytes behind the head of a tunnel.
    std::string take_rest();

private:
    class Parser;
    std::unique_ptr<Parser> parser_;
};

class ResponseReader {
public:
    enum class State { head, body, broken };
    ResponseReader();
    ~ResponseReader();
    ResponseReader(const ResponseReader&) = delete;
    ResponseReader& operator=(const ResponseReader&) = delete;

    /// Interim answers (1xx) are skipped. `body`: the head is in take(), and everything after it is the program's as it
    /// is: the connection ends with it.
    State put(std::string_view bytes);
    /// The head, saying that the connection closes, and what came behind it.
    std::string take();

private:
    class Parser;
    std::unique_ptr<Parser> parser_;
    std::string pending_;
    std::string out_;
    State state_ = State::head;
    int interim_ = 0;
};

}  // namespace ec::net
