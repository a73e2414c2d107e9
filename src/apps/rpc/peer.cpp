#include "peer.hpp"

#include <utility>

namespace ec::apps::rpc {
namespace {

/// What one Reply and its copies share.
class PendingReply {
public:
    PendingReply(LineChannel& channel, json::Value id) : channel_(channel), id_(std::move(id)) {}
    ~PendingReply() { give(refuse(kInternalError, "this request was not answered")); }
    PendingReply(const PendingReply&) = delete;
    PendingReply& operator=(const PendingReply&) = delete;

    void give(Answer answer) {
        if (given_.exchange(true)) return;
        // Nobody there any more is found out by whoever reads.
        static_cast<void>(channel_.write(encode(Response{id_, std::move(answer)})));
    }

private:
    LineChannel& channel_;
    json::Value id_;
    std::atomic<bool> given_ = false;
};

}  // namespace

void Peer::answered(Response response) {
    const std::lock_guard lock(mutex_);
    if (!response.id.is_int64()) return;
    const auto at = waiting_.find(response.id.get_int64());
    if (at == waiting_.end() || at->second.answer) return;  // to nothing we asked, or asked and gave up
    at->second.answer = std::move(response.answer);
    changed_.notify_all();
}

void Peer::take(std::string_view line, PeerHandler& handler) {
    if (line.empty()) return;
    auto message = decode(line);
    if (!message) {
        BadMessage bad = std::move(message).error();
        static_cast<void>(channel_.write(encode(Response{std::move(bad.id), std::unexpected(std::move(bad.error))})));
        return;
    }
    if (auto* response = std::get_if<Response>(&*message)) return answered(std::move(*response));
    Request request = std::get<Request>(std::move(*message));
    if (request.notification()) return handler.notification(std::move(request));
    const auto pending = std::make_shared<PendingReply>(channel_, request.id);
    handler.request(std::move(request), [pending](Answer answer) { pending->give(std::move(answer)); });
}

Status Peer::run(PeerHandler& handler, std::stop_token stop) {
    Status status;
    while (true) {
        auto line = channel_.read(stop);
        if (!line) status = fail(line.error());
        if (!line || !*line) break;
        take(**line, handler);
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
    return status;
}

Answer Peer::call(std::string method, json::Object params, std::chrono::milliseconds patience, std::stop_token stop,
                  const std::function<void(const json::Value& id)>& on_give_up) {
    std::unique_lock lock(mutex_);
    if (ended_) return refuse(kInternalError, "the other side is gone");
    const std::int64_t id = next_++;
    waiting_[id];
    lock.unlock();
    const Status sent = channel_.write(encode(Request{id, std::move(method), std::move(params)}));
    lock.lock();
    const auto done = [&] { return waiting_.at(id).answer || ended_; };
    if (sent) changed_.wait_for(lock, stop, patience, done);
    const Waiting waited = std::move(waiting_.extract(id).mapped());
    const bool ended = ended_;
    lock.unlock();
    if (waited.answer) return *waited.answer;
    if (!sent) return refuse(kInternalError, sent.error().message);
    if (ended) return refuse(kInternalError, "the other side is gone");
    if (on_give_up) on_give_up(id);
    return refuse(kInternalError, stop.stop_requested() ? "stopped" : "the other side did not answer in time");
}

Status Peer::notify(std::string method, json::Object params) {
    return channel_.write(encode(Request{nullptr, std::move(method), std::move(params)}));
}

}  // namespace ec::apps::rpc
