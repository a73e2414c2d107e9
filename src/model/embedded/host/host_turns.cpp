// The threads of a host that compute.
#include <algorithm>
#include <utility>

#include "host.hpp"

namespace ec::model::embedded {
namespace {

constexpr std::chrono::milliseconds kIdle{400};
constexpr std::chrono::milliseconds kTick{60000};

}  // namespace

void Host::compute(Lane lane) {
    while (std::optional<Waiting> turn = next_turn(lane)) {
        const Computing computing(controls_, lane);
        run(*current_[static_cast<std::size_t>(lane)].client, *turn);
    }
    if (lane != Lane::answers) return;
    const Computing computing(controls_, lane);
    shelf_.save(true);
}

// What is evaluated is written down when nothing was asked for a while.
void Host::look_after_models() {
    const Computing computing(controls_, Lane::answers);
    shelf_.save(false);
    shelf_.shed(demand(), limits_.unused);
}

std::optional<Waiting> Host::next_turn(Lane lane) {
    std::unique_lock lock(mutex_);
    Turn& turn = current_[static_cast<std::size_t>(lane)];
    turn = {};
    wake_.set();  // what hung on the last turn can be seen to
    Connection* next = nullptr;
    const auto something = [&] { return closed_ || (next = next_client(lane)) != nullptr; };
    for (std::chrono::milliseconds patience = kIdle; !arrived_.wait_for(lock, patience, something); patience = kTick) {
        if (lane != Lane::answers) continue;
        lock.unlock();
        look_after_models();
        lock.lock();
    }
    if (closed_) return std::nullopt;
    Waiting waiting = next->take_front(++turns_);
    turn = {next, number(waiting.request), waiting.held_before};
    controls_.set_cancelled(lane, false);
    hold_or_go_on(std::chrono::steady_clock::now());
    return waiting;
}

Connection* Host::next_client(Lane lane) {
    const bool waiting = held(std::chrono::steady_clock::now());
    Connection* next = nullptr;
    for (const auto& client : clients_) {
        if (!client->waits() || has_turn(*client)) continue;
        if (client->front().goes_first() != (lane == Lane::gaps)) continue;
        const bool evaluates = !std::holds_alternative<Load>(client->front().request);
        if (evaluates && (waiting || (client->paused() && !draining_))) continue;
        if (next == nullptr || client->turn() < next->turn()) next = client.get();
    }
    return next;
}

void Host::run(Connection& client, Waiting& turn) {
    if (const auto* wanted = std::get_if<Load>(&turn.request)) {
        load(client, turn, *wanted);
    } else if (const auto* chat = std::get_if<Chat>(&turn.request)) {
        answer(client, turn, *chat);
    } else if (const auto* text = std::get_if<Text>(&turn.request)) {
        answer(client, *text);
    } else if (const auto* embed = std::get_if<Embed>(&turn.request)) {
        answer(client, *embed);
    }
}

// A model that another client has loaded is there at once. Else an answer under way is not kept waiting for the disk.
void Host::load(Connection& client, Waiting& turn, const Load& load) {
    if (client.model()) return tell(client, Failed{0, {ErrorCode::conflict, "a model is loaded already", {}}});
    if (!turn.takes_long && !shelf_.holds(load)) {
        const std::lock_guard lock(mutex_);
        turn.takes_long = true;
        return client.return_to_front(std::move(turn));
    }
    const Demand wanted = demand();
    const Result<ModelId> id = shelf_.admit(load, wanted);
    if (!id) return tell(client, Failed{0, id.error()});
    const Result<ModelService*> service = shelf_.use(*id, wanted);
    if (!service) return tell(client, Failed{0, service.error()});
    {
        const std::lock_guard lock(mutex_);
        client.set_model(*id);
    }
    tell(client, (*service)->facts());
}

// A turn makes as many samples as grow together; the others wait for the next turn, so that clients alternate.
void Host::answer(Connection& client, Waiting& turn, const Chat& chat) {
    const Result<ModelService*> service = model_of(client);
    if (!service) return tell(client, Failed{chat.id, service.error()});
    Output output;
    output.progress = [&](double share) { tell(client, Progress{chat.id, share}); };
    if (chat.n == 1) {
        output.chunk = [&](bool thinking, const std::string& text) { tell(client, Chunk{chat.id, thinking, text}); };
    }
    const unsigned first = turn.answered;
    output.reply = [&](unsigned index, const ChatReply& reply) { tell(client, Reply{chat.id, first + index, reply}); };
    Status status;
    if (chat.n <= kTogether) {
        turn.answered = chat.n;
        status = (*service)->chat(chat, output);
    } else {
        Chat wave = chat;
        wave.n = std::min(kTogether, chat.n - first);
        wave.request.sampling.seed += first;
        wave.request.likely_text.clear();  // drafts are for single answers
        turn.answered += wave.n;
        status = (*service)->chat(wave, output);
    }
    if (!status) return tell(client, Failed{chat.id, status.error()});
    if (turn.answered == chat.n) return tell(client, Done{chat.id});
    const std::lock_guard lock(mutex_);
    turn.told = std::chrono::steady_clock::now();
    client.return_to_front(std::move(turn));
}

void Host::answer(Connection& client, const Text& text) {
    const Result<ModelService*> service = model_of(client);
    if (!service) return tell(client, Failed{text.id, service.error()});
    Output output;
    output.progress = [&](double share) { tell(client, Progress{text.id, share}); };
    output.chunk = [&](bool thinking, const std::string& said) { tell(client, Chunk{text.id, thinking, said}); };
    output.reply = [&](unsigned index, const ChatReply& reply) { tell(client, Reply{text.id, index, reply}); };
    const Status status = (*service)->text(text, output);
    tell(client, status ? FromHost(Done{text.id}) : FromHost(Failed{text.id, status.error()}));
}

void Host::answer(Connection& client, const Embed& embed) {
    const Result<ModelService*> service = model_of(client);
    if (!service) return tell(client, Failed{embed.id, service.error()});
    auto vectors = (*service)->embed(embed);
    if (!vectors) return tell(client, Failed{embed.id, vectors.error()});
    tell(client, Vectors{embed.id, *std::move(vectors)});
    tell(client, Done{embed.id});
}

Result<ModelService*> Host::model_of(Connection& client) {
    if (!client.model()) return fail(ErrorCode::conflict, "no model is loaded");
    return shelf_.use(*client.model(), demand());
}

void Host::tell(Connection& client, const FromHost& message) {
    const std::string frame = encode(message);
    const std::lock_guard lock(mutex_);
    client.say_encoded(frame);
    if (client.unsent() > 0 || client.gone()) wake_.set();
}

Demand Host::demand() {
    const std::lock_guard lock(mutex_);
    Demand demand;
    for (const auto& client : clients_) {
        if (!client->model()) continue;
        // A turn that has stepped aside goes on with its model.
        if (!client->gone() || has_turn(*client)) demand[*client->model()] |= client->waits() || has_turn(*client);
    }
    return demand;
}

}  // namespace ec::model::embedded
