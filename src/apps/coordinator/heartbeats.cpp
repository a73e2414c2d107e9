#include "heartbeats.hpp"

#include "../web.hpp"
#include "answers.hpp"

namespace ec::apps::coordinator {

std::string Heartbeats::reply(std::vector<swarm::Renewal> held) const {
    constexpr std::int64_t kThirds = 3;  // of a lease: two may get lost
    const std::int64_t lease_s = ports_.store.rules().queue.lease_ms / 1000;
    return swarm::write(swarm::HeartbeatReply{.held = std::move(held),
                                              .now_ms = ports_.now_ms(),
                                              .next_s = static_cast<int>(std::max<std::int64_t>(1, lease_s / kThirds)),
                                              .drain = ports_.draining()});
}

void Heartbeats::take(const identity::Node& node, swarm::HeartbeatRequest request,
                      std::shared_ptr<net::Responder> responder) {
    if (request.held.empty()) return responder->answer(json_answer(reply({})));
    bool many = false;
    {
        const std::scoped_lock lock(mutex_);
        beats_.push_back({node.id, std::move(request.held), std::move(responder)});
        many = beats_.size() >= kTogether;
    }
    if (many) flush();
}

void Heartbeats::flush() {
    std::vector<Beat> beats;
    {
        const std::scoped_lock lock(mutex_);
        beats.swap(beats_);
    }
    if (beats.empty()) return;
    const auto shared = std::make_shared<const std::vector<Beat>>(std::move(beats));
    const auto renewed = std::make_shared<std::vector<std::vector<swarm::Renewal>>>();
    ports_.store.change(
        [shared, renewed](Desk& desk) -> Status {
            renewed->clear();
            for (const Beat& beat : *shared) {
                EC_ASSIGN(auto held, desk.queue.renew(beat.node, beat.held));
                renewed->push_back(std::move(held));
            }
            return {};
        },
        [this, shared, renewed](const Status& status) {
            std::vector<swarm::TaskId> told;
            for (std::size_t i = 0; i < shared->size(); ++i) {
                const Beat& beat = (*shared)[i];
                if (!status) {
                    beat.responder->answer(refused(status.error()));
                    continue;
                }
                for (const swarm::Held& held : beat.held) told.push_back(held.task);
                beat.responder->answer(json_answer(reply(std::move((*renewed)[i]))));
            }
            ports_.told(told);
        });
}

}  // namespace ec::apps::coordinator
