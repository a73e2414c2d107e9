// What a worker must know after a kill: results that the coordinator does not have yet, on the disk before they are
// sent, and the leases in hand. Private to the module.
//
// Several threads may use it at once. Errors: those of sql.
#pragma once

#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <ec/swarm/queue.hpp>
#include <filesystem>
#include <mutex>
#include <vector>

namespace ec::swarm {

class ResultJournal {
public:
    /// In a file that is made where it is missing. An entry that cannot be read any more is dropped.
    static Result<ResultJournal> open(const std::filesystem::path& file);

    /// A lease is in hand until its result is put, or it is removed.
    Status begin(const TaskId& task, Fence fence);
    /// On the disk when it returns. The same task and fence again: the later one counts.
    Status put(const Report& report);
    Status remove(const TaskId& task, Fence fence);
    /// Leases without a result.
    Result<std::vector<Held>> in_hand();
    /// The oldest first.
    Result<std::vector<Report>> all();

private:
    explicit ResultJournal(sql::Database database);
    std::unique_ptr<std::mutex> mutex_;
    sql::Database database_;
};

}  // namespace ec::swarm
