#include "client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <ec/core/fs.hpp>

namespace ec::model::embedded {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// Reading tens of gigabytes from a slow disk takes minutes; prompts on slow machines as well.
constexpr milliseconds kLongestSilence{15 * 60000};
constexpr milliseconds kSendPatience{10000};
constexpr milliseconds kCancelPatience{80};

/// Makes a descriptor readable when a stop is requested.
class Wake {
public:
    explicit Wake(const std::stop_token& stop) : callback_(stop, Write{open(stop)}) {}
    [[nodiscard]] int fd() const { return read_.get(); }

private:
    struct Write {
        int fd;
        void operator()() const noexcept {
            if (fd >= 0) static_cast<void>(!::write(fd, "", 1));
        }
    };
    int open(const std::stop_token& stop) {
        int fds[2];
        if (!stop.stop_possible() || ::pipe(fds) != 0) return -1;
        read_.reset(fds[0]);
        write_.reset(fds[1]);
        for (const int fd : fds) static_cast<void>(::fcntl(fd, F_SETFD, FD_CLOEXEC));
        return fds[1];
    }

    UniqueFd read_;
    UniqueFd write_;
    std::stop_callback<Write> callback_;  // after the descriptors, so that it is gone before they are
};

std::int64_t number(const FromHost& message) {
    return std::visit(
        [](const auto& answer) -> std::int64_t {
            if constexpr (requires { answer.id; }) return answer.id;
            return 0;
        },
        message);
}

std::unexpected<Error> stopped() { return fail(ErrorCode::cancelled, "the request was cancelled"); }

}  // namespace

Status Client::ensure(std::stop_token stop) {
    // A shared host may have been stopped since, which is nothing to report; the end of one's own is.
    if (link_ && !(shared_ && channel().hung_up())) return {};
    Status started = start(stop);
    if (!started) {
        const std::lock_guard lock(mutex_);
        link_.reset();
    }
    return started;
}

Channel& Client::channel() {
    return std::visit([](auto& link) -> Channel& { return link.channel(); }, *link_);
}

Result<Client::Link> Client::reach() {
    if (!options_.shared_socket.empty()) {
        Result<SharedLink> shared = SharedLink::connect(options_.shared_socket);
        if (shared) return *std::move(shared);
    }
    if (options_.private_host) {
        EC_ASSIGN(const std::filesystem::path socket, options_.private_host->socket());
        Result<SharedLink> own = SharedLink::connect(socket);
        if (own) return *std::move(own);
    }
    std::filesystem::path program = options_.host;
    if (program.empty()) {
        EC_ASSIGN(const std::filesystem::path folder, executable_dir());
        program = folder / "edgecoderd";
    }
    EC_ASSIGN(HostProcess process, HostProcess::start(program));
    return process;
}

Status Client::start(std::stop_token stop) {
    EC_ASSIGN(Link link, reach());
    {
        const std::lock_guard lock(mutex_);
        shared_ = std::holds_alternative<SharedLink>(link);
        link_.reset();
        link_.emplace(std::move(link));
        if (paused_) EC_TRY(channel().send(encode(ToHost(Pause{})), kSendPatience));
    }
    const Load load{.file = std::filesystem::absolute(options_.file).string(),
                    .threads = options_.threads,
                    .context = options_.context,
                    .memory_bytes = options_.memory_bytes,
                    .gpu_layers = options_.gpu_layers,
                    .quantised_cache = options_.quantised_cache,
                    .embeddings = embeddings_,
                    .cache_dir = options_.cache_dir.string(),
                    .cache_bytes = options_.cache_bytes};
    if (!send(load)) return fail(crashed());
    const Wake wake(stop);
    const auto end = SteadyClock::now() + options_.patience;
    FromHost answer = Progress{};
    while (std::holds_alternative<Progress>(answer)) {  // a shared host says that the load waits its turn
        EC_ASSIGN(answer, receive_by(end, stop, wake.fd()));
    }
    if (const auto* failed = std::get_if<Failed>(&answer)) return fail(failed->error);
    const auto* loaded = std::get_if<Loaded>(&answer);
    if (loaded == nullptr) return fail(ErrorCode::corrupt, "the model's process answers what it was not asked");
    loaded_ = *loaded;
    return {};
}

Status Client::send(const ToHost& message) {
    const std::string frame = encode(message);
    const std::lock_guard lock(mutex_);
    if (!link_) return fail(ErrorCode::io, "the model's process is gone");
    return channel().send(frame, kSendPatience);
}

Result<FromHost> Client::receive(const std::stop_token& stop, int wake_fd, milliseconds patience) {
    if (stop.stop_requested()) return stopped();
    Result<std::optional<std::string>> frame = channel().receive(patience, wake_fd);
    if (!frame) return fail(crashed());
    if (!*frame) {
        if (stop.stop_requested()) return stopped();
        return fail(ErrorCode::timeout, "the model's process does not answer");
    }
    Result<FromHost> message = decode_from_host(**frame);
    if (!message) static_cast<void>(crashed());  // nothing else that it says can be believed
    return message;
}

Result<FromHost> Client::receive_by(SteadyClock::time_point end, const std::stop_token& stop, int wake_fd) {
    const auto left = std::chrono::ceil<milliseconds>(end - SteadyClock::now());
    if (left.count() <= 0) return fail(ErrorCode::timeout, "the model's process does not get on");
    return receive(stop, wake_fd, std::min(left, kLongestSilence));
}

Error Client::crashed() {
    const std::lock_guard lock(mutex_);
    const std::string how = link_ ? std::visit([](auto& link) { return link.ending(); }, *link_) : "it was not running";
    link_.reset();
    return {ErrorCode::unavailable, "the process that ran the model ended unexpectedly (" + how + ")",
            "ask again: the conversation is kept, and the next request starts the model anew"};
}

Status Client::converse(const ToHost& request, std::int64_t id, const std::function<bool(const FromHost&)>& on_answer,
                        std::stop_token stop) {
    EC_TRY(ensure(stop));
    if (const Status sent = send(request); !sent) {
        if (sent.error().code == ErrorCode::too_large) return sent;
        return fail(crashed());
    }
    const Wake wake(stop);
    auto end = SteadyClock::now() + options_.patience;
    for (;;) {
        Result<FromHost> answer = receive_by(end, stop, wake.fd());
        if (!answer) {
            if (answer.error().code == ErrorCode::timeout && paused()) {
                end = SteadyClock::now() + options_.patience;
                continue;
            }
            if (answer.error().code == ErrorCode::cancelled) cancel(id);
            if (answer.error().code == ErrorCode::timeout) static_cast<void>(crashed());
            return fail(std::move(answer).error());
        }
        // What still comes of an earlier request that was cancelled is of no interest.
        // A request that the host could not read is answered under 0.
        const auto* failed = std::get_if<Failed>(&*answer);
        if (number(*answer) != id && !(failed != nullptr && failed->id == 0)) continue;
        if (failed != nullptr) return fail(failed->error);
        if (std::holds_alternative<Done>(*answer)) return {};
        // Progress costs a host nothing to claim.
        if (!std::holds_alternative<Progress>(*answer)) end = SteadyClock::now() + options_.patience;
        if (!on_answer(*answer)) {
            cancel(id);
            return {};
        }
    }
}

// Waits a moment for the host to stop, so that its threads are free when the caller goes on.
void Client::cancel(std::int64_t id) {
    if (!send(Cancel{id})) return;
    const auto until = SteadyClock::now() + kCancelPatience;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now());
        if (left.count() <= 0) return;
        Result<FromHost> answer = receive({}, -1, left);
        if (!answer) return;
        const bool last = std::holds_alternative<Done>(*answer) || std::holds_alternative<Failed>(*answer);
        if (last && number(*answer) == id) return;
    }
}

bool Client::paused() {
    const std::lock_guard lock(mutex_);
    return paused_;
}

void Client::set_paused(bool paused) {
    const std::lock_guard lock(mutex_);
    paused_ = paused;
    if (!link_) return;
    // A host that is gone is noticed by the next request.
    static_cast<void>(channel().send(encode(paused ? ToHost(Pause{}) : ToHost(Resume{})), kSendPatience));
}

}  // namespace ec::model::embedded
