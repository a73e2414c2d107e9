#include "host.hpp"

#include <poll.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace ec::model::embedded {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{60000};
constexpr milliseconds kDoorTick{100};  // while the system has no descriptors left
constexpr milliseconds kLastWords{3000};
constexpr int kAtOnce = 64;

Moment now() { return std::chrono::steady_clock::now(); }

milliseconds left(Moment until, Moment at) {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until - at));
}

}  // namespace

void Host::serve(UniqueFd client) {
    clients_.push_back(std::make_unique<Connection>(std::move(client), true, now()));
    listen({});
}

void Host::serve(Listener listener, std::stop_token stop) {
    shared_ = true;
    listener_.emplace(std::move(listener));
    listen(std::move(stop));
}

void Host::listen(std::stop_token stop) {
    const std::stop_callback wakes(stop, [this] { wake_.set(); });
    std::jthread answers([this] { compute(Lane::answers); });
    std::jthread gaps([this] { compute(Lane::gaps); });
    while (!finished()) {
        wait_for_something();
        if (stop.stop_requested() && !drained_by_) begin_draining();
        more_to_read_ = false;
        read_all();
        if (listener_) let_in();
        look_after_clients();
    }
    const std::lock_guard lock(mutex_);
    closed_ = true;
    cancel_turns([](const Turn&) { return true; });
    arrived_.notify_all();
}

void Host::wait_for_something() {
    std::vector<pollfd> waits{{wake_.fd(), POLLIN, 0}};
    milliseconds patience(0);
    {
        const std::lock_guard lock(mutex_);
        for (const auto& client : clients_) {
            const short events = client->unsent() > 0 ? POLLIN | POLLOUT : POLLIN;
            if (!client->gone()) waits.push_back({client->fd(), events, 0});
        }
        if (!more_to_read_) patience = until_next_deadline(now());
    }
    if (listener_) waits.push_back({listener_->fd(), POLLIN, 0});
    ::poll(waits.data(), static_cast<nfds_t>(waits.size()), static_cast<int>(patience.count()));
    wake_.clear();
}

milliseconds Host::until_next_deadline(Moment at) {
    milliseconds least = drained_by_ ? left(*drained_by_, at) : kTick;
    for (const auto& client : clients_) {
        if (client->gone()) continue;
        if (const auto owing = client->owing()) least = std::min(least, left(*owing + limits_.owed, at));
        if (client->waits()) least = std::min(least, limits_.reminder);
        if (const auto so_far = held_up(*client, at); so_far && *so_far < limits_.pause) {
            least = std::min(least, std::chrono::ceil<milliseconds>(limits_.pause - *so_far));
        }
        if (!client->paused()) continue;
        // A pause that is over for others is no deadline any more.
        const auto ends = client->pause_left(at, limits_.pause);
        if (ends.count() > 0) least = std::min(least, std::chrono::ceil<milliseconds>(ends));
    }
    return least;
}

void Host::let_in() {
    for (int i = 0; i < kAtOnce; ++i) {
        Result<std::optional<UniqueFd>> arrived = listener_->accept();
        if (!arrived && arrived.error().code == ErrorCode::denied) continue;
        if (!arrived) {
            // Out of descriptors: the one that waits would wake poll() at once, again and again.
            ::poll(nullptr, 0, static_cast<int>(kDoorTick.count()));
            return;
        }
        if (!*arrived) return;
        // Who hung up before this one came has left a place, though nobody has looked yet.
        if (full()) read_all();
        if (full()) {
            turn_away(*std::move(*arrived));
            continue;
        }
        const std::lock_guard lock(mutex_);
        clients_.push_back(std::make_unique<Connection>(*std::move(*arrived), false, now()));
        clients_.back()->set_turn(turns_);
    }
}

void Host::turn_away(UniqueFd socket) {
    Connection passing(std::move(socket), false, now());
    passing.say(Failed{0, {ErrorCode::unavailable, "the shared host has as many clients as it serves", {}}});
}

bool Host::full() {
    const std::lock_guard lock(mutex_);
    const auto there = std::ranges::count_if(clients_, [](const auto& client) { return !client->gone(); });
    return static_cast<std::size_t>(there) >= limits_.clients;
}

// Only this thread adds and removes clients, so it may go through the list without the lock.
void Host::read_all() {
    for (const auto& client : clients_) more_to_read_ |= read(*client);
}

// True when there may be more than is taken in at once.
bool Host::read(Connection& client) {
    for (int i = 0; i < kAtOnce; ++i) {
        if (has_left(client)) return false;
        const Result<std::optional<std::string>> frame = client.receive(now());
        if (frame && !*frame) return false;
        Result<ToHost> message = frame ? decode_to_host(**frame) : Result<ToHost>(fail(frame.error()));
        const std::lock_guard lock(mutex_);
        if (message) {
            obey(client, *std::move(message), (*frame)->size());
        } else if (!frame || shared_) {
            client.leave_saying(Failed{0, message.error()});
        } else {
            client.say(Failed{0, message.error()});
        }
    }
    return true;
}

bool Host::has_left(const Connection& client) {
    const std::lock_guard lock(mutex_);
    return client.gone();
}

void Host::obey(Connection& client, ToHost message, std::size_t bytes) {
    if (const auto* hello = std::get_if<Hello>(&message)) {
        if (hello->version != kProtocolVersion) {
            return client.leave_saying(Failed{0, {ErrorCode::unavailable, "this host is of another version", {}}});
        }
        client.greet();
        client.say(Welcome{});
    } else if (!client.greeted()) {
        client.leave_saying(Failed{0, {ErrorCode::denied, "the first frame must be a hello", {}}});
    } else if (const auto* cancel = std::get_if<Cancel>(&message)) {
        client.cancel(cancel->id);
        cancel_turns([&](const Turn& turn) { return turn.client == &client && client.cancelled(turn.id); });
    } else if (std::holds_alternative<Pause>(message)) {
        client.pause(now());
    } else if (std::holds_alternative<Resume>(message)) {
        client.resume(now(), limits_.pause);
    } else if (draining_) {
        client.say(Failed{number(message),
                          {ErrorCode::unavailable, "the shared host is being stopped",
                           "ask again once it has stopped: a process of its own takes over"}});
    } else if (!has_room_for(client, bytes)) {
        client.say(Failed{number(message), {ErrorCode::too_large, "too many requests wait in the shared host", {}}});
    } else {
        client.enqueue({std::move(message), bytes, now(), 0, held_in_all(now())});
    }
}

bool Host::has_room_for(const Connection& client, std::size_t bytes) const {
    if (client.queued_bytes() + bytes <= limits_.waiting_bytes / limits_.clients) return true;
    std::size_t all = bytes;
    for (const auto& each : clients_) all += each->queued_bytes();
    return all <= limits_.waiting_bytes;
}

void Host::drop_longest_halves() {
    std::size_t all = 0;
    for (const auto& client : clients_) all += client->midway_bytes();
    while (all > limits_.waiting_bytes) {
        const auto longest =
            std::ranges::max_element(clients_, {}, [](const auto& client) { return client->midway_bytes(); });
        all -= (*longest)->midway_bytes();
        (*longest)->leave_saying(Failed{0, {ErrorCode::too_large, "too much is being said to the shared host", {}}});
    }
}

// What follows from what came and from the time that has passed.
void Host::look_after_clients() {
    const Moment at = now();
    const std::lock_guard lock(mutex_);
    for (const auto& client : clients_) {
        client->flush();
        client->remind(at, limits_.reminder);
        if (const auto owing = client->owing(); owing && at - *owing >= limits_.owed) client->leave();
    }
    drop_longest_halves();
    cancel_turns([](const Turn& turn) { return turn.client->gone(); });
    if (draining_ && !cut_short_ && at >= *drained_by_) {
        for (const auto& client : clients_) client->cancel(INT64_MAX);
        cancel_turns([](const Turn&) { return true; });
        cut_short_ = true;
        drained_by_ = at + kLastWords;
    }
    std::erase_if(clients_, [&](const auto& client) { return client->gone() && !has_turn(*client); });
    hold_or_go_on(at);
    arrived_.notify_all();
}

void Host::begin_draining() {
    listener_.reset();
    drained_by_ = now() + limits_.drain;
    const std::lock_guard lock(mutex_);
    draining_ = true;
}

bool Host::finished() {
    const std::lock_guard lock(mutex_);
    if (!shared_) return clients_.empty();
    return drained_by_ && (!at_work() || (cut_short_ && now() >= *drained_by_));
}

bool Host::at_work() const {
    return std::ranges::any_of(current_, [](const Turn& turn) { return turn.client != nullptr; }) ||
           std::ranges::any_of(clients_, [](const auto& client) { return client->waits() || client->unsent() > 0; });
}

bool Host::has_turn(const Connection& client) const {
    return std::ranges::any_of(current_, [&](const Turn& turn) { return turn.client == &client; });
}

void Host::cancel_turns(const std::function<bool(const Turn&)>& of) {
    for (const Lane lane : {Lane::answers, Lane::gaps}) {
        const Turn& turn = current_[static_cast<std::size_t>(lane)];
        if (turn.client != nullptr && of(turn)) controls_.set_cancelled(lane, true);
    }
}

// A pause frees the cores for a client's tests. It holds up everybody, as cores are everybody's, but a client's pauses
// hold others up no longer than the limit in all, and no request is held up longer than that by several clients that
// pause by turns. Where nobody else wants anything, a pause lasts until it is over.
bool Host::held(Moment at) const {
    if (draining_) return false;
    bool paused = false;
    bool may_hold = false;
    bool others = false;
    for (const auto& client : clients_) {
        if (client->paused()) {
            paused = true;
            may_hold |= client->pause_left(at, limits_.pause).count() > 0;
        } else if (const auto so_far = held_up(*client, at)) {
            if (*so_far >= limits_.pause) return false;
            others = true;
        }
    }
    return paused && (may_hold || !others);
}

void Host::hold_or_go_on(Moment at) {
    const bool holds = held(at);
    held_ = held_in_all(at);
    held_since_ = holds ? std::optional(at) : std::nullopt;
    controls_.set_paused(holds);
}

Moment::duration Host::held_in_all(Moment at) const { return held_since_ ? held_ + (at - *held_since_) : held_; }

std::optional<Moment::duration> Host::held_up(const Connection& client, Moment at) const {
    if (client.paused() || client.gone()) return std::nullopt;
    for (const Turn& turn : current_) {
        if (turn.client == &client) return held_in_all(at) - turn.held_before;
    }
    if (client.waits()) return held_in_all(at) - client.front_held_before();
    return std::nullopt;
}

}  // namespace ec::model::embedded
