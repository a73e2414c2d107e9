// One client of a host: what it said and was not answered yet, what it was told, and whether it still counts.
//
// Two threads: the one that listens calls receive(); everything else is called under the host's lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <ec/core/result.hpp>
#include <optional>
#include <string>

#include "embedded/channel.hpp"
#include "embedded/protocol.hpp"
#include "model_shelf.hpp"

namespace ec::model::embedded {

using Moment = std::chrono::steady_clock::time_point;

/// A Load, Chat, Text or Embed that waits for its turn.
struct Waiting {
    ToHost request;
    std::size_t bytes = 0;           ///< that it came in
    Moment told;                     ///< when its client last heard that it waits
    unsigned answered = 0;           ///< samples of a chat, which takes a turn for every few
    Moment::duration held_before{};  ///< how long the host had been held up when it came
    bool takes_long = false;         ///< a load of what was seen not to be loaded

    /// It goes before answers under way: a gap that is to be filled, or the load of a model that may be there already.
    [[nodiscard]] bool goes_first() const;
};

/// The number of a request; 0 for a load.
std::int64_t number(const ToHost& request);

class Connection {
public:
    /// `greeted`: it needs not say hello first.
    Connection(UniqueFd socket, bool greeted, Moment now)
        : channel_(std::move(socket)), greeted_(greeted), since_(now), changed_(now) {}

    [[nodiscard]] int fd() const { return channel_.fd(); }
    /// The next whole frame, if one is there. `io`, `corrupt`.
    Result<std::optional<std::string>> receive(Moment now);
    /// Since when a hello, or the rest of a frame, is outstanding.
    [[nodiscard]] std::optional<Moment> owing() const;

    /// What has come of a frame that is not complete; of the listening thread.
    [[nodiscard]] std::size_t midway_bytes() const { return gone_ ? 0 : channel_.midway_bytes(); }

    /// What cannot be told makes it gone.
    void say(const FromHost& message);
    void say_encoded(std::string_view frame);
    /// The last thing it is told.
    void leave_saying(const Failed& why);
    void flush();
    [[nodiscard]] std::size_t unsent() const { return gone_ ? 0 : channel_.unsent(); }

    void greet() { greeted_ = true; }
    [[nodiscard]] bool greeted() const { return greeted_; }

    /// Takes in a request, or answers at once why not.
    void enqueue(Waiting waiting);
    /// One that has more turns to come; refused when it was cancelled meanwhile.
    void return_to_front(Waiting waiting);
    [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
    [[nodiscard]] bool waits() const { return !gone_ && !queue_.empty(); }
    [[nodiscard]] const Waiting& front() const { return queue_.front(); }
    [[nodiscard]] Moment::duration front_held_before() const { return queue_.front().held_before; }
    Waiting take_front(std::uint64_t turn);
    /// Requests up to that number are not wanted any more; those that wait are answered.
    void cancel(std::int64_t up_to);
    [[nodiscard]] bool cancelled(std::int64_t id) const { return gone_ || (id > 0 && id <= cancelled_); }
    /// The turn it last had; who waits with the lowest is next.
    [[nodiscard]] std::uint64_t turn() const { return turn_; }
    void set_turn(std::uint64_t turn) { turn_ = turn; }
    /// Tells a client whose request has waited for `patience` that it still does.
    void remind(Moment now, std::chrono::milliseconds patience);

    void pause(Moment now);
    /// `most` is what pauses may cost others in all; it is earned back as fast as it was spent, but never in a pause.
    void resume(Moment now, std::chrono::milliseconds most);
    [[nodiscard]] bool paused() const { return paused_; }
    /// How long the pause that it is in may still hold others up.
    [[nodiscard]] Moment::duration pause_left(Moment now, std::chrono::milliseconds most) const;

    [[nodiscard]] const std::optional<ModelId>& model() const { return model_; }
    void set_model(ModelId id) { model_ = id; }

    /// From here on nothing of it counts; its socket closes with the object.
    void leave();
    [[nodiscard]] bool gone() const { return gone_; }

private:
    Channel channel_;
    bool greeted_;
    Moment since_;  ///< of the listening thread: when the hello or the frame that is owed was begun
    bool gone_ = false;
    std::deque<Waiting> queue_;
    std::size_t queued_bytes_ = 0;
    std::int64_t cancelled_ = 0;
    std::uint64_t turn_ = 0;
    bool paused_ = false;
    Moment changed_;                  ///< when the last pause began or ended
    Moment::duration pause_spent_{};  ///< at that moment
    std::optional<ModelId> model_;
};

}  // namespace ec::model::embedded
