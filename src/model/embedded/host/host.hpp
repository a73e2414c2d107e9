// Serves clients out of loaded models: one that started this process and gave it a socket, or several that come to a
// listener.
//
// One thread listens: it lets clients in, reads what they say and sends what they are told, and never waits for any of
// them. Another computes, one turn after the other: a load, an embedding, a text, or a wave of samples of a chat. A
// third fills gaps, for which somebody waits who types: between two batches the turn under way steps aside for it. Each
// client's requests keep their order, and the client whose last turn is the longest ago has the next.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "connection.hpp"
#include "listener.hpp"
#include "loaded_model.hpp"
#include "model_shelf.hpp"
#include "wake_pipe.hpp"

namespace ec::model::embedded {

struct HostLimits {
    std::int64_t memory_bytes = 0;  ///< over all models; 0: each load says itself what it may take
    std::size_t clients = 1;
    /// Of requests that wait, over all clients; beyond it each may still have its even share of as much. As many bytes
    /// of incomplete frames are held.
    std::size_t waiting_bytes = std::size_t{256} << 20;
    /// A hello, and the rest of a frame that was begun, must come within.
    std::chrono::milliseconds owed = std::chrono::hours(24);
    /// How long a client's pauses may hold up requests of others, and how long one request may be held up by all. As
    /// much time without a pause gives a client its own back.
    std::chrono::milliseconds pause = std::chrono::hours(24);
    /// How often a client is told that its request still waits.
    std::chrono::milliseconds reminder = std::chrono::seconds(30);
    /// Requests that are there when the host is stopped have so long.
    std::chrono::milliseconds drain = std::chrono::seconds(30);
    /// A model without clients is unloaded after.
    std::chrono::milliseconds unused = std::chrono::hours(24);
};

class Host {
public:
    explicit Host(const HostLimits& limits) : limits_(limits), shelf_(controls_, limits.memory_bytes) {}

    /// Until that client is gone.
    void serve(UniqueFd client);
    /// Until stopped: then nobody else is let in, and what was asked is answered.
    void serve(Listener listener, std::stop_token stop);

private:
    struct Turn {
        Connection* client = nullptr;  ///< null: none
        std::int64_t id = 0;
        Moment::duration held_before{};
    };

    void listen(std::stop_token stop);

    // On the thread that listens.
    void wait_for_something();
    [[nodiscard]] std::chrono::milliseconds until_next_deadline(Moment now);
    void let_in();
    void turn_away(UniqueFd socket);
    [[nodiscard]] bool full();
    void read_all();
    bool read(Connection& client);
    [[nodiscard]] bool has_left(const Connection& client);
    void obey(Connection& client, ToHost message, std::size_t bytes);
    [[nodiscard]] bool has_room_for(const Connection& client, std::size_t bytes) const;
    void look_after_clients();
    void drop_longest_halves();
    void begin_draining();
    [[nodiscard]] bool finished();

    // On the threads that compute.
    void compute(Lane lane);
    std::optional<Waiting> next_turn(Lane lane);
    void look_after_models();
    void run(Connection& client, Waiting& turn);
    void load(Connection& client, Waiting& turn, const Load& load);
    void answer(Connection& client, Waiting& turn, const Chat& chat);
    void answer(Connection& client, const Text& text);
    void answer(Connection& client, const Embed& embed);
    Result<ModelService*> model_of(Connection& client);
    void tell(Connection& client, const FromHost& message);
    Demand demand();

    // Under the lock.
    [[nodiscard]] Connection* next_client(Lane lane);
    [[nodiscard]] bool has_turn(const Connection& client) const;
    void cancel_turns(const std::function<bool(const Turn&)>& of);
    [[nodiscard]] bool held(Moment now) const;
    void hold_or_go_on(Moment now);
    [[nodiscard]] Moment::duration held_in_all(Moment now) const;
    /// How long the oldest request of a client that does not pause was held up; nothing where it has none.
    [[nodiscard]] std::optional<Moment::duration> held_up(const Connection& client, Moment now) const;
    [[nodiscard]] bool at_work() const;

    const HostLimits limits_;
    Controls controls_;
    ModelShelf shelf_;  ///< of the lane that computes
    WakePipe wake_;

    // Of the thread that listens.
    std::optional<Listener> listener_;
    bool shared_ = false;
    bool more_to_read_ = false;
    std::optional<Moment> drained_by_;
    bool cut_short_ = false;  ///< what was not answered by then was cancelled

    std::mutex mutex_;  ///< over all below
    std::condition_variable arrived_;
    std::vector<std::unique_ptr<Connection>> clients_;
    std::array<Turn, 2> current_;       ///< of each lane; their clients are not destroyed meanwhile
    Moment::duration held_{};           ///< how long pauses held everybody up until now,
    std::optional<Moment> held_since_;  ///< without the pause under way
    std::uint64_t turns_ = 0;
    bool draining_ = false;
    bool closed_ = false;
};

}  // namespace ec::model::embedded
