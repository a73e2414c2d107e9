// One writer: takes changes from many threads and commits them in groups, so that a disk that syncs 500 times a second
// carries thousands of changes.
//
// A change is a function of the database that may be run more than once: when one of a group fails, the group is rolled
// back and each of it is run in a transaction of its own. run() returns when the change is on the disk, or did not
// happen. A connection to PostgreSQL that broke while committing leaves a change in doubt: `timeout`, and the caller
// asks again with the same key.
//
// Threads: one of its own, owned; run() from any other. The queue is bounded: `unavailable` when it is full.
#pragma once

#include <chrono>
#include <cstddef>
#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <functional>
#include <memory>

namespace ec::swarm {

struct WriterLimits {
    std::size_t waiting = 4096;
    std::size_t group = 256;  ///< changes in one commit
};

class Writer {
public:
    using Change = std::function<Status(sql::Database&)>;
    using Done = std::function<void(Status)>;

    /// Makes connections; called again after one broke.
    using Connect = std::function<Result<sql::Database>()>;
    static Result<std::unique_ptr<Writer>> start(Connect connect, WriterLimits limits = {});
    virtual ~Writer() = default;  ///< finishes what waits

    /// Does not wait: `done` is called on the writer's thread, after the commit; it must be brief.
    virtual void submit(Change change, Done done) = 0;
    /// Waits.
    virtual Status run(Change change) = 0;
};

}  // namespace ec::swarm
