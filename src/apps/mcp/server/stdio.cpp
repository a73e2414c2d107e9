#include "stdio.hpp"

namespace ec::apps::mcp {
namespace {

/// Everything goes down the one pipe; that nobody is there any more is found out by whoever reads.
class PipeOutlet final : public Outlet {
public:
    explicit PipeOutlet(rpc::LineChannel& channel) : channel_(channel) {}
    void message(const std::string& text) override { static_cast<void>(channel_.write(text)); }
    void answer(const std::string& text) override { static_cast<void>(channel_.write(text)); }
    void leave() override {}

private:
    rpc::LineChannel& channel_;
};

}  // namespace

// Not an rpc::Peer: a conversation over HTTP has many streams, so it keeps the requests that either side waits for.
Status serve_lines(rpc::LineChannel& channel, const Registry& registry, CallThreads& threads, std::stop_token stop) {
    const auto outlet = std::make_shared<PipeOutlet>(channel);
    const auto conversation = std::make_shared<Conversation>(registry, threads);
    Status status;
    while (true) {
        auto line = channel.read(stop);
        if (!line) status = fail(std::move(line).error());
        if (!line || !*line) break;
        if ((*line)->empty()) continue;
        auto message = rpc::decode(**line);
        if (!message) {
            rpc::BadMessage bad = std::move(message).error();
            outlet->answer(rpc::encode(rpc::Response{std::move(bad.id), std::unexpected(std::move(bad.error))}));
        } else if (auto* response = std::get_if<rpc::Response>(&*message)) {
            conversation->response(std::move(*response));
        } else if (auto& request = std::get<rpc::Request>(*message); request.notification()) {
            conversation->notification(request);
        } else {
            conversation->request(std::move(request), outlet);
        }
    }
    conversation->end();
    return status;
}

}  // namespace ec::apps::mcp
