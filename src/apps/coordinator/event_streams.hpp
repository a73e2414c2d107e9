// Server-sent events of jobs. Whoever follows a job is sent its events from where they left off; they are read from the
// database after commits, so a stream that breaks goes on elsewhere without a gap, and a job that nobody follows costs
// nothing.
//
// A thread of its own reads and writes; it owns no request's thread. Bounded: kMostStreams, and what one does not take
// in time is cut (ServerOptions::stream_bytes). Threads: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <ec/net/http_server.hpp>
#include <ec/swarm/job.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "store.hpp"

namespace ec::apps::coordinator {

/// A task's id is its job's, a dash and a number.
Result<swarm::JobId> job_of(const swarm::TaskId& task);

class EventStreams {
public:
    static constexpr std::size_t kMostStreams = 10'000;

    /// `out` tells of a node that may come in no more: its streams end.
    using Out = std::function<bool(const identity::NodeId&)>;
    EventStreams(Store& store, Out out);
    ~EventStreams();  ///< ends all streams

    /// Sends what came after `after`, then what comes, until the job ends. The caller has seen that the job may be
    /// read, and whether it has ended. 503 above kMostStreams.
    void follow(const identity::NodeId& node, const swarm::JobId& job, bool ended, std::int64_t after,
                std::shared_ptr<net::Responder> responder);

    /// There may be events of the job.
    void news(const swarm::JobId& job);
    /// Of the job of this task.
    void news(const swarm::TaskId& task);
    void news_of_all();
    /// Keeps idle connections alive, and ends those of nodes that are out.
    void keep_alive();

    [[nodiscard]] std::size_t count() const;

private:
    struct Stream {
        identity::NodeId node;
        std::int64_t after = 0;
        bool ended = false;  ///< nothing comes but what is there
        std::shared_ptr<net::Responder> responder;
        bool over = false;
    };
    using Streams = std::map<swarm::JobId, std::list<Stream>>;

    void run(const std::stop_token& stop);
    void send_news(const swarm::JobId& job, std::list<Stream>& streams);

    Store& store_;
    const Out out_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    Streams streams_;  ///< guarded by mutex_, as what follows
    std::size_t count_ = 0;
    std::set<swarm::JobId> fresh_;
    std::jthread thread_;
};

}  // namespace ec::apps::coordinator
