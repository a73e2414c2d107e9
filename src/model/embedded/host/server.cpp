#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <ec/core/clock.hpp>
#include <ec/model/host.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "batch_timer.hpp"
#include "embedded/channel.hpp"
#include "embedded/protocol.hpp"
#include "generator.hpp"
#include "text_vectors.hpp"

namespace ec::model {
namespace embedded {
namespace {

// A client that a person has suspended reads nothing for as long as that takes; one that died is noticed at once.
constexpr std::chrono::milliseconds kPatience{24 * 3600000};
constexpr std::chrono::milliseconds kTick{3600000};
constexpr std::chrono::milliseconds kIdle{400};
constexpr std::size_t kMostWaiting = 64;

/// Frames from the client, taken in by a thread of their own so that a cancel reaches a running request.
class Inbox {
public:
    Inbox(Channel& channel, Controls& controls)
        : channel_(channel), controls_(controls), listener_([this] { listen(); }) {}
    /// Only after the client is gone: the listener waits for it.
    ~Inbox() { listener_.join(); }

    /// The next request, or what is wrong with one; nothing when the client is gone. `on_idle` is called once when none
    /// comes for a while.
    std::optional<Result<ToHost>> next(const std::function<void()>& on_idle) {
        std::unique_lock lock(mutex_);
        current_ = 0;
        const auto something = [&] { return closed_ || !waiting_.empty(); };
        if (!arrived_.wait_for(lock, kIdle, something)) {
            lock.unlock();
            on_idle();
            lock.lock();
        }
        arrived_.wait(lock, something);
        if (waiting_.empty() || closed_) return std::nullopt;
        Result<ToHost> message = std::move(waiting_.front());
        waiting_.pop_front();
        if (message) current_ = number(*message);
        controls_.set_cancelled(current_ > 0 && current_ <= cancelled_);
        return message;
    }

private:
    static std::int64_t number(const ToHost& message) {
        if (const auto* chat = std::get_if<Chat>(&message)) return chat->id;
        if (const auto* embed = std::get_if<Embed>(&message)) return embed->id;
        return 0;
    }

    void listen() {
        for (;;) {
            Result<std::optional<std::string>> frame = channel_.receive(kTick);
            if (frame && !*frame) continue;
            if (!frame) return close();
            Result<ToHost> message = decode_to_host(**frame);
            const std::lock_guard lock(mutex_);
            if (message && std::holds_alternative<Cancel>(*message)) {
                cancelled_ = std::max(cancelled_, std::get<Cancel>(*message).id);
                if (current_ > 0 && current_ <= cancelled_) controls_.set_cancelled(true);
            } else if (message && std::holds_alternative<Pause>(*message)) {
                controls_.set_paused(true);
            } else if (message && std::holds_alternative<Resume>(*message)) {
                controls_.set_paused(false);
            } else if (waiting_.size() < kMostWaiting) {
                waiting_.push_back(std::move(message));
                arrived_.notify_all();
            }
        }
    }

    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        controls_.set_cancelled(true);
        arrived_.notify_all();
    }

    Channel& channel_;
    Controls& controls_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Result<ToHost>> waiting_;
    std::int64_t current_ = 0;    ///< request that runs; 0 none
    std::int64_t cancelled_ = 0;  ///< requests up to this one are not wanted any more
    bool closed_ = false;
    std::thread listener_;
};

/// What a loaded model needs beside itself, for text or for vectors.
class Service {
public:
    static Result<std::unique_ptr<Service>> load(const Load& load, Controls& controls) {
        EC_TRY(load_backends(llama_library_dir()));
        auto service = std::make_unique<Service>();
        EC_ASSIGN(service->model_, LoadedModel::load(load, controls));
        if (load.embeddings) return service;
        EC_ASSIGN(service->format_, ChatFormat::create(*service->model_));
        service->cost_ = measure_batch_cost(*service->model_, SystemClock());
        service->sequences_ = std::make_unique<Sequences>(*service->model_);
        service->store_ = std::make_unique<PrefixStore>(*service->model_, service->memory_, load.cache_dir,
                                                        load.cache_bytes, load.quantised_cache ? "q8_0" : "f16");
        service->generator_ = std::make_unique<Generator>(*service->model_, *service->sequences_, *service->format_,
                                                          service->memory_, *service->store_, service->cost_);
        return service;
    }

    /// Between requests and at the end.
    void save(bool all) {
        if (store_) store_->save(*sequences_, all);
    }

    [[nodiscard]] Loaded facts() const {
        Loaded loaded;
        loaded.context = model_->context_tokens();
        loaded.parameters = static_cast<std::int64_t>(llama_model_n_params(model_->model()));
        loaded.width = llama_model_n_embd_out(model_->model());
        loaded.batch_cost = cost_;
        if (format_ && !format_->warning().empty()) loaded.warnings.push_back(format_->warning());
        return loaded;
    }

    Status chat(const Chat& chat, const Output& output) {
        if (!generator_) return fail(ErrorCode::invalid_argument, "this model was loaded for vectors");
        return generator_->run(chat, output);
    }

    Result<std::vector<std::vector<float>>> embed(const Embed& embed) {
        if (generator_) return fail(ErrorCode::invalid_argument, "this model was loaded for text");
        return text_vectors(*model_, embed.texts);
    }

private:
    std::unique_ptr<LoadedModel> model_;
    std::unique_ptr<ChatFormat> format_;
    std::unique_ptr<Sequences> sequences_;
    Memory memory_;
    std::unique_ptr<PrefixStore> store_;
    std::unique_ptr<Generator> generator_;
    BatchCost cost_;
};

class Server {
public:
    explicit Server(UniqueFd socket) : channel_(std::move(socket)) {}

    int run() {
        Inbox inbox(channel_, controls_);
        while (auto message = inbox.next([this] { save(false); })) {
            if (*message) {
                std::visit([&](const auto& request) { handle(request); }, **message);
            } else {
                say(Failed{0, message->error()});
            }
        }
        save(true);
        return 0;
    }

private:
    void say(const FromHost& message) {
        // A client that is gone closes the inbox, and that ends everything.
        static_cast<void>(channel_.send(encode(message), kPatience));
    }

    void save(bool all) {
        if (service_) service_->save(all);
    }

    void conclude(std::int64_t id, const Status& status) { status ? say(Done{id}) : say(Failed{id, status.error()}); }

    // llama.cpp and its template engine throw where a file or a template is odd enough.
    template <class T>
    static Result<T> guarded(const std::function<Result<T>()>& work) {
        try {
            return work();
        } catch (const std::exception& error) {
            return fail(ErrorCode::internal, std::string("llama.cpp failed: ") + error.what());
        }
    }

    void handle(const Load& load) {
        if (service_) return say(Failed{0, {ErrorCode::conflict, "a model is loaded already", {}}});
        auto service = guarded<std::unique_ptr<Service>>([&] { return Service::load(load, controls_); });
        if (!service) return say(Failed{0, service.error()});
        service_ = *std::move(service);
        say(service_->facts());
    }

    void handle(const Chat& chat) {
        if (!service_) return say(Failed{chat.id, {ErrorCode::conflict, "no model is loaded", {}}});
        Output output;
        output.progress = [&](double share) { say(Progress{chat.id, share}); };
        output.chunk = [&](bool thinking, const std::string& text) { say(Chunk{chat.id, thinking, text}); };
        output.reply = [&](unsigned index, const ChatReply& reply) { say(Reply{chat.id, index, reply}); };
        conclude(chat.id, guarded<void>([&] { return service_->chat(chat, output); }));
    }

    void handle(const Embed& embed) {
        if (!service_) return say(Failed{embed.id, {ErrorCode::conflict, "no model is loaded", {}}});
        auto vectors = guarded<std::vector<std::vector<float>>>([&] { return service_->embed(embed); });
        if (!vectors) return say(Failed{embed.id, vectors.error()});
        say(Vectors{embed.id, *std::move(vectors)});
        say(Done{embed.id});
    }

    // Handled by the inbox; they never arrive here.
    void handle(const Cancel&) {}
    void handle(const Pause&) {}
    void handle(const Resume&) {}

    Channel channel_;
    Controls controls_;
    std::unique_ptr<Service> service_;
};

}  // namespace
}  // namespace embedded

int serve_embedded(UniqueFd socket) { return embedded::Server(std::move(socket)).run(); }

}  // namespace ec::model
