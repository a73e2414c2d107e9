#include "event_streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/swarm/protocol.hpp>

#include "answers.hpp"

namespace ec::apps::coordinator {
namespace {

constexpr unsigned kAtOnce = 256;
// Or one node could take the streams of all. Those that are just written to are not counted: a few more may get in.
constexpr std::ptrdiff_t kMostOfNode = 512;

std::string framed(const swarm::Event& event) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.sequence, event.type, swarm::write(event));
}

bool ends_job(const swarm::Event& event) {
    return event.task.empty() && event.type == "state" && swarm::ended(event.state);
}

}  // namespace

Result<swarm::JobId> job_of(const swarm::TaskId& task) {
    return swarm::JobId::parse(std::string_view(task.text()).substr(0, task.text().rfind('-')));
}

EventStreams::EventStreams(Store& store, Out out)
    : store_(store), out_(std::move(out)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

EventStreams::~EventStreams() {
    thread_.request_stop();
    thread_.join();
}

void EventStreams::follow(const identity::NodeId& node, const swarm::JobId& job, bool ended, std::int64_t after,
                          std::shared_ptr<net::Responder> responder) {
    std::optional<Error> full;
    {
        const std::scoped_lock lock(mutex_);
        std::ptrdiff_t of_node = 0;
        for (const auto& [other, streams] : streams_) of_node += std::ranges::count(streams, node, &Stream::node);
        if (of_node >= kMostOfNode)
            full = {ErrorCode::over_quota, "this node follows as many jobs as it may", "end one of them"};
        else if (count_ >= kMostStreams)
            full = {ErrorCode::unavailable, "too many follow jobs already", {}};
        if (!full) {
            responder->begin({.type = "text/event-stream", .body = ": here\n\n", .headers = {}});
            streams_[job].push_back({.node = node, .after = after, .ended = ended, .responder = std::move(responder)});
            ++count_;
            fresh_.insert(job);
        }
    }
    if (full) return responder->answer(refused(*full));
    changed_.notify_one();
}

void EventStreams::news(const swarm::JobId& job) {
    {
        const std::scoped_lock lock(mutex_);
        if (!streams_.contains(job)) return;
        fresh_.insert(job);
    }
    changed_.notify_one();
}

void EventStreams::news(const swarm::TaskId& task) {
    if (const auto job = job_of(task)) news(*job);
}

void EventStreams::news_of_all() {
    {
        const std::scoped_lock lock(mutex_);
        if (streams_.empty()) return;
        for (const auto& [job, streams] : streams_) fresh_.insert(job);
    }
    changed_.notify_one();
}

void EventStreams::keep_alive() {
    {
        const std::scoped_lock lock(mutex_);
        for (auto& [job, streams] : streams_) {
            for (Stream& stream : streams) {
                // Looked at, and dropped.
                if (out_(stream.node) || !stream.responder->write(": here\n\n")) fresh_.insert(job);
            }
        }
    }
    changed_.notify_one();
}

std::size_t EventStreams::count() const {
    const std::scoped_lock lock(mutex_);
    return count_;
}

void EventStreams::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        swarm::JobId job;
        std::list<Stream> streams;
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [&] { return !fresh_.empty(); })) break;
            job = *fresh_.begin();
            fresh_.erase(fresh_.begin());
            const auto at = streams_.find(job);
            if (at == streams_.end()) continue;
            streams.swap(at->second);
        }
        send_news(job, streams);
        const std::scoped_lock lock(mutex_);
        std::list<Stream>& kept = streams_[job];
        for (auto stream = streams.begin(); stream != streams.end();) {
            const auto next = std::next(stream);
            if (stream->over)
                --count_;
            else
                kept.splice(kept.end(), streams, stream);
            stream = next;
        }
        if (kept.empty()) streams_.erase(job);
    }
    const std::scoped_lock lock(mutex_);
    streams_.clear();  // cut: whoever follows comes back with the number of the last event
}

void EventStreams::send_news(const swarm::JobId& job, std::list<Stream>& streams) {
    for (Stream& stream : streams) {
        if (out_(stream.node)) {
            stream.responder->end();
            stream.over = true;
        }
        while (!stream.over) {
            stream.over = stream.responder->gone().stop_requested();
            const auto events = store_.read<std::vector<swarm::Event>>(
                [&](Desk& desk) { return desk.queue.events(job, stream.after, kAtOnce); });
            // One that cannot be read now comes back, and goes on where it was.
            if (!events) stream.over = true;
            if (events && events->empty() && stream.ended) {
                stream.responder->end();
                stream.over = true;
            }
            if (!events || events->empty()) break;
            std::string text;
            bool ends = false;
            for (const swarm::Event& event : *events) {
                text += framed(event);
                stream.after = event.sequence;
                ends = ends || ends_job(event);
            }
            if (!stream.responder->write(text)) stream.over = true;
            if (!ends) continue;
            stream.responder->end();
            stream.over = true;
        }
    }
}

}  // namespace ec::apps::coordinator
