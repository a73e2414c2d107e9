#include "trust.hpp"

#include <algorithm>

#include "rows.hpp"

namespace ec::swarm {
namespace {
constexpr std::int64_t kMostDoublings = 10;
constexpr std::int64_t kMostDoubts = 3;  // more than agreed since
}  // namespace

Result<std::int64_t> Trust::streak(const std::string& worker, TaskKind kind) {
    EC_ASSIGN(sql::Statement * row, database_.cached("SELECT streak FROM trust WHERE worker = ?1 AND kind = ?2"));
    EC_TRY(row->bind(worker, static_cast<int>(kind)));
    EC_ASSIGN(const bool there, row->step());
    return there ? row->integer(0) : 0;
}

// https://github.com/BOINC/boinc/wiki/AdaptiveReplication: with fewer than 10 consecutive valid results replicate, else
// trust with probability 1 - 1 / results.
Result<bool> Trust::must_check(const std::string& worker, TaskKind kind) {
    EC_ASSIGN(const std::int64_t agreed, streak(worker, kind));
    if (agreed < trusted_after_ || agreed < 1) return true;
    return random_() % static_cast<std::uint64_t>(agreed) == 0;
}

Status Trust::agreed(const std::string& worker, TaskKind kind) {
    EC_ASSIGN(sql::Statement * statement,
              database_.cached("INSERT INTO trust (worker, kind, streak) VALUES (?1, ?2, 1) "
                               "ON CONFLICT (worker, kind) DO UPDATE SET streak = trust.streak + 1"));
    return statement->run(worker, static_cast<int>(kind));
}

Result<bool> Trust::doubted(const std::string& worker, TaskKind kind) {
    EC_ASSIGN(
        sql::Statement * statement,
        database_.cached("INSERT INTO trust (worker, kind, streak) VALUES (?1, ?2, -1) "
                         "ON CONFLICT (worker, kind) DO UPDATE SET "
                         "streak = CASE WHEN trust.streak > 0 THEN -1 ELSE trust.streak - 1 END RETURNING streak"));
    EC_TRY(statement->bind(worker, static_cast<int>(kind)));
    std::int64_t streak = 0;
    EC_TRY(each_row(*statement, [&streak](const sql::Statement& row) { streak = row.integer(0); }));
    return streak <= -kMostDoubts;
}

Status Trust::lied(const std::string& worker, std::int64_t now_ms) {
    EC_ASSIGN(sql::Statement * streaks, database_.cached("DELETE FROM trust WHERE worker IN (?1, 'own:' || ?1)"));
    EC_TRY(streaks->run(worker));
    EC_ASSIGN(sql::Statement * lies,
              database_.cached("INSERT INTO liar (worker, lies, barred_until) VALUES (?1, 1, 0) "
                               "ON CONFLICT (worker) DO UPDATE SET lies = liar.lies + 1 RETURNING lies"));
    EC_TRY(lies->bind(worker));
    std::int64_t count = 0;
    EC_TRY(each_row(*lies, [&count](const sql::Statement& row) { count = row.integer(0); }));
    const std::int64_t doublings = std::clamp<std::int64_t>(count - 1, 0, kMostDoublings);
    EC_ASSIGN(sql::Statement * bar, database_.cached("UPDATE liar SET barred_until = ?2 WHERE worker = ?1"));
    return bar->run(worker, now_ms + (bar_ms_ << doublings));
}

Result<bool> Trust::barred(const std::string& worker, std::int64_t now_ms) {
    EC_ASSIGN(sql::Statement * row, database_.cached("SELECT barred_until FROM liar WHERE worker = ?1"));
    EC_TRY(row->bind(worker));
    EC_ASSIGN(const bool there, row->step());
    return there && row->integer(0) > now_ms;
}

}  // namespace ec::swarm
