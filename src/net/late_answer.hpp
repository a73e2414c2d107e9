// An answer that comes late or piece by piece: what its holder, on any thread, and its connection, on the server's
// loop, share. Private to the HTTP server.
//
// The holder never waits and the loop never waits for the holder: what is written is queued, up to a limit, and the
// connection is woken to fetch it. Neither owns the other; the holder may outlive the connection and the server.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <ec/net/http_server.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ec::net {

/// The way onto a server's loop for those who may outlive the server.
class LoopDoor {
public:
    explicit LoopDoor(boost::asio::io_context& loop) : loop_(&loop) {}
    /// Has `work` done on the loop; forgets it when the loop is no more.
    void post(std::function<void()> work);
    /// Returns when nobody is in the doorway.
    void close();

private:
    std::mutex mutex_;
    boost::asio::io_context* loop_;
};

class LateAnswer {
public:
    /// `wake` is called on the loop when there is something to fetch; at most `most` bytes wait to be fetched and sent.
    LateAnswer(std::shared_ptr<LoopDoor> loop, std::function<void()> wake, std::size_t most);

    // --- The holder's side, any thread. What comes out of turn changes nothing.
    void answer(ServerResponse response);
    void begin(ServerResponse head);
    bool write(std::string_view piece);
    void end();
    /// The holder has let go: what it left out is a 500, or the end of the connection.
    void let_go();
    [[nodiscard]] std::stop_token gone() const { return gone_.get_token(); }

    // --- The connection's side, on the loop.
    struct Due {
        std::optional<ServerResponse> whole;
        std::optional<ServerResponse> head;
        std::string piece;
        bool last = false;  ///< nothing comes after the piece, and all is said
        bool cut = false;   ///< nothing comes after the piece, and not all is said
    };
    Due fetch();
    /// Whether the holder wrote more than the other end takes.
    [[nodiscard]] bool overrun() const;
    /// The other end took so many bytes of what was fetched.
    void taken(std::size_t bytes);
    /// All is sent.
    void complete() { close(); }
    /// The connection has ended: gone() stops.
    void lose();

private:
    enum class Turn { unsaid, streaming, over };

    void close();
    bool queue(std::string_view piece);  // these two with the mutex held
    void wake();

    const std::shared_ptr<LoopDoor> loop_;
    const std::size_t most_;
    std::stop_source gone_;
    mutable std::mutex mutex_;
    std::function<void()> wake_;
    Turn turn_ = Turn::unsaid;
    Due due_;
    std::size_t unread_ = 0;  // of due_.piece, and of what was fetched and not taken
    bool woken_ = false;      // and has not fetched since
    bool overrun_ = false;
};

/// What a route's `take` is given. Lets go when it is destroyed.
std::shared_ptr<Responder> hold(std::shared_ptr<LateAnswer> answer);

}  // namespace ec::net
