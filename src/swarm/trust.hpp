// Which workers are believed: BOINC's adaptive replication. A worker's results of one kind are checked until
// `trusted_after` in a row agreed, then with a probability of one by their number; a disagreement starts it again.
//
// Threads: as the Database.
#pragma once

#include <cstdint>
#include <ec/sql/sql.hpp>
#include <ec/swarm/types.hpp>
#include <functional>
#include <string>

namespace ec::swarm {

class Trust {
public:
    Trust(sql::Database& database, int trusted_after, std::int64_t bar_ms, std::function<std::uint64_t()> random)
        : database_(database), trusted_after_(trusted_after), bar_ms_(bar_ms), random_(std::move(random)) {}

    /// Whether a result that this worker hands in is to be checked.
    Result<bool> must_check(const std::string& worker, TaskKind kind);
    /// A checked result was right.
    Status agreed(const std::string& worker, TaskKind kind);
    /// Something was off that is no proof of a lie: it ends all trust. Who is doubted again and again is a liar: to say
    /// that there is nothing costs no time, so those who only say so would be given most of the work. True: it is one
    /// now.
    Result<bool> doubted(const std::string& worker, TaskKind kind);
    /// Ends all trust, and keeps the worker from work for a while; longer each time.
    Status lied(const std::string& worker, std::int64_t now_ms);
    Result<bool> barred(const std::string& worker, std::int64_t now_ms);
    Result<std::int64_t> streak(const std::string& worker, TaskKind kind);

private:
    sql::Database& database_;
    std::int64_t trusted_after_;
    std::int64_t bar_ms_;
    std::function<std::uint64_t()> random_;
};

}  // namespace ec::swarm
