#include "fair_share.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ec/swarm/types.hpp>

#include "rows.hpp"
#include "shapes.hpp"

namespace ec::swarm {
namespace {

constexpr double kUnit = 4294967296.0;  // 2^32
constexpr double kLeast = 0.001;        // seconds
constexpr std::int64_t kCountEvery = 1000;
constexpr std::int64_t kNoLane = -1;

double inflation(std::int64_t now_ms, std::int64_t half_life_ms) {
    return static_cast<double>(now_ms) / static_cast<double>(half_life_ms);
}

}  // namespace

double use_at(Level level, std::int64_t now_ms, std::int64_t half_life_ms) {
    if (level.value == 0) return 0;
    return std::exp2(static_cast<double>(level.value) / kUnit - inflation(now_ms, half_life_ms));
}

Level with_use(Level level, double seconds, std::int64_t now_ms, std::int64_t half_life_ms) {
    const double use = std::max(kLeast, use_at(level, now_ms, half_life_ms) + seconds);
    return Level{std::llround((inflation(now_ms, half_life_ms) + std::log2(use)) * kUnit)};
}

Level FairShare::Standing::weighed() const {
    return Level{level.value - std::llround(std::log2(static_cast<double>(weight) / 1000.0) * kUnit)};
}

std::int64_t FairShare::lane_id(std::int64_t shape, std::int64_t priority, const std::string& account) {
    const bool same = named_.shape == shape && named_.priority == priority && named_.account == account;
    if (!same || account.empty())
        named_ = {shape, priority, id_of_name(fmt::format("{}|{}|{}", shape, priority, account)), account};
    return named_.id;
}

Result<FairShare::Standing> FairShare::standing(const std::string& account) {
    EC_ASSIGN(sql::Statement * row, database_.cached("SELECT level, weight FROM share WHERE account = ?1"));
    EC_TRY(row->bind(account));
    EC_ASSIGN(const bool there, row->step());
    if (!there) return Standing{};
    return Standing{.level = Level{row->integer(0)}, .weight = row->integer(1)};
}

Status FairShare::keep(const std::string& account, const Standing& standing, std::int64_t lane, std::int64_t taken) {
    EC_ASSIGN(sql::Statement * share,
              database_.cached("INSERT INTO share (account, level, weight) VALUES (?1, ?2, ?3) "
                               "ON CONFLICT (account) DO UPDATE SET level = excluded.level, weight = excluded.weight"));
    EC_TRY(share->run(account, standing.level.value, standing.weight));
    EC_ASSIGN(sql::Statement * lanes,
              database_.cached("UPDATE lane SET level = ?2, queued = queued - CASE WHEN id = ?3 THEN ?4 ELSE 0 END "
                               "WHERE account = ?1"));
    return lanes->run(account, standing.weighed().value, lane, taken);
}

namespace {

/// An account that asks for something else every time would leave a lane behind each time.
Status remove_empty_lanes(sql::Database& database, const std::string& account) {
    constexpr std::int64_t kMany = 512;
    EC_ASSIGN(sql::Statement * count, database.cached("SELECT COUNT(*) FROM lane WHERE account = ?1"));
    EC_TRY(count->bind(account));
    EC_TRY(count->step());
    if (count->integer(0) < kMany) return {};
    EC_ASSIGN(sql::Statement * empty, database.cached("DELETE FROM lane WHERE account = ?1 AND queued = 0"));
    return empty->run(account);
}

}  // namespace

Result<bool> FairShare::arrive(std::int64_t shape, std::int64_t priority, const std::string& account,
                               std::int64_t tasks) {
    const std::int64_t id = lane_id(shape, priority, account);
    EC_ASSIGN(sql::Statement * more, database_.cached("UPDATE lane SET queued = queued + ?2 WHERE id = ?1"));
    EC_TRY(more->run(id, tasks));
    if (database_.changed_rows() > 0) return false;
    EC_TRY(remove_empty_lanes(database_, account));
    EC_ASSIGN(const Standing standing, this->standing(account));
    EC_ASSIGN(sql::Statement * lane,
              database_.cached("INSERT INTO lane (id, shape, priority, account, level, queued) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                               "ON CONFLICT (id) DO UPDATE SET queued = lane.queued + excluded.queued"));
    EC_TRY(lane->run(id, shape, priority, account, standing.weighed().value, tasks));
    return true;
}

Status FairShare::leave(std::int64_t lane, std::int64_t tasks) {
    EC_ASSIGN(sql::Statement * fewer, database_.cached("UPDATE lane SET queued = queued - ?2 WHERE id = ?1"));
    return fewer->run(lane, tasks);
}

Result<FairShare::Use*> FairShare::add(Charges& charges, const std::string& account, std::int64_t milliseconds,
                                       std::int64_t now_ms) {
    auto use = charges.uses_.find(account);
    if (use == charges.uses_.end()) {
        EC_ASSIGN(const Standing standing, this->standing(account));
        use = charges.uses_.emplace(account, Use{.standing = standing, .taken = {}}).first;
    }
    Level& level = use->second.standing.level;
    level = with_use(level, static_cast<double>(milliseconds) / 1000.0, now_ms, half_life_ms_);
    return &use->second;
}

Result<Level> FairShare::take(Charges& charges, const Lane& lane, std::int64_t milliseconds, std::int64_t now_ms) {
    EC_ASSIGN(Use * use, add(charges, lane.account, milliseconds, now_ms));
    ++use->taken[lane.id];
    return use->standing.weighed();
}

Status FairShare::charge(Charges& charges, const std::string& account, std::int64_t milliseconds, std::int64_t now_ms) {
    EC_TRY(add(charges, account, milliseconds, now_ms));
    return {};
}

Status FairShare::settle(Charges& charges) {
    for (const auto& [account, use] : charges.uses_) {
        auto lane = use.taken.begin();
        const bool none = lane == use.taken.end();
        EC_TRY(keep(account, use.standing, none ? kNoLane : lane->first, none ? 0 : lane->second));
        if (none) continue;
        for (++lane; lane != use.taken.end(); ++lane) EC_TRY(leave(lane->first, lane->second));
    }
    charges.uses_.clear();
    return {};
}

Status FairShare::charge(const std::string& account, std::int64_t milliseconds, std::int64_t now_ms) {
    Charges charges;
    EC_TRY(charge(charges, account, milliseconds, now_ms));
    return settle(charges);
}

Status FairShare::set_weight(const std::string& account, std::int64_t milli) {
    if (milli < 1 || milli > 1'000'000)
        return fail(ErrorCode::invalid_argument, "a weight is 1 to 1,000,000 thousandths");
    EC_ASSIGN(Standing standing, this->standing(account));
    standing.weight = milli;
    return keep(account, standing, kNoLane, 0);
}

Result<std::vector<Lane>> FairShare::best(std::int64_t shape, unsigned most) {
    EC_ASSIGN(sql::Statement * rows,
              database_.cached("SELECT id, priority, account, level, queued FROM lane WHERE shape = ?1 AND queued > 0 "
                               "ORDER BY priority DESC, level LIMIT ?2"));
    EC_TRY(rows->bind(shape, most));
    std::vector<Lane> lanes;
    EC_TRY(each_row(*rows, [&lanes](const sql::Statement& row) {
        lanes.push_back({.id = row.integer(0),
                         .priority = row.integer(1),
                         .account = row.text(2),
                         .level = Level{row.integer(3)},
                         .queued = row.integer(4)});
    }));
    return lanes;
}

Result<Queued> FairShare::queued(const std::string& account) {
    EC_ASSIGN(
        sql::Statement * row,
        database_.cached("SELECT CAST(COALESCE(SUM(queued), 0) AS BIGINT), COUNT(CASE WHEN queued > 0 THEN 1 END) "
                         "FROM lane WHERE account = ?1"));
    EC_TRY(row->bind(account));
    EC_TRY(row->step());
    return Queued{.tasks = row->integer(0), .lanes = row->integer(1)};
}

Result<std::int64_t> FairShare::queued_of_all_lately(std::int64_t now_ms) {
    if (counted_ms_ >= 0 && now_ms >= counted_ms_ && now_ms < counted_ms_ + kCountEvery) return counted_;
    EC_ASSIGN(counted_, queued_of_all());
    counted_ms_ = now_ms;
    return counted_;
}

Result<std::int64_t> FairShare::queued_of_all() {
    EC_ASSIGN(sql::Statement * row, database_.cached("SELECT CAST(COALESCE(SUM(queued), 0) AS BIGINT) FROM lane"));
    EC_TRY(row->bind());
    EC_TRY(row->step());
    return row->integer(0);
}

}  // namespace ec::swarm
