// One writer: takes changes from many threads and commits them in groups, so that a disk that syncs 500 times a second
// carries thousands of changes.
//
// A change is a function of the database that may be run more than once: when one of a group fails, the group is rolled
// back and run again with each change in a savepoint of its own, so that only what failed is left out. run() returns
// when the change is on the disk, or did not happen. A connection that broke is made anew, and what did not happen is
// run once more; one that broke while committing leaves its changes in doubt (sql::in_doubt()): the caller asks again
// with the same key.
//
// Threads: one of its own, owned; submit() and run() from any other. The queue is bounded: `unavailable` when it is
// full, and while the database cannot be reached.
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
    /// Whom each group holds off; `several` only where every change locks its rows itself.
    sql::Writers writers = sql::Writers::one;
    /// How often a database that cannot be reached is tried at most; in between changes are refused at once.
    std::chrono::milliseconds between_connects{250};
};

class Writer {
public:
    using Change = std::function<Status(sql::Database&)>;
    using Done = std::function<void(Status)>;

    /// Makes connections; called again after one broke.
    using Connect = std::function<Result<sql::Database>()>;
    /// Fails when the first connection does. `before_commit`, where given, is run once in each group, last: the place
    /// for one NOTIFY about all of it.
    static Result<std::unique_ptr<Writer>> start(Connect connect, WriterLimits limits = {}, Change before_commit = {});
    virtual ~Writer() = default;  ///< finishes what waits

    /// Does not wait: `done` is called on the writer's thread, after the commit; it must be brief. Where the queue is
    /// full it is called before submit() returns.
    virtual void submit(Change change, Done done) = 0;
    /// Waits. Not from the writer's own thread.
    virtual Status run(Change change) = 0;
};

}  // namespace ec::swarm
