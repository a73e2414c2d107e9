// Shapes: the distinct sorts of tasks (kind, needs, group). Those that are queued now are so few that a worker's offer
// is matched against all of them in memory; what somebody once asked for costs a claim nothing.
//
// Threads: as the Database. What is remembered of a transaction that was rolled back does no harm: a shape without
// lanes.
#pragma once

#include <cstdint>
#include <ec/sql/sql.hpp>
#include <ec/swarm/job.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ec::swarm {

struct Shape {
    TaskKind kind = TaskKind::repair;
    Needs needs;
    GroupId group;
    bool operator==(const Shape&) const = default;
};

/// What an offer lacks for a shape, in the order in which it is asked; `nothing` when they match.
enum class Lack { nothing, kind, group, language, memory, model, gpu };
Lack lacking(const Shape& shape, const Offer& offer);

/// The first 63 bits of the name's SHA-256: the id of rows that are named by what they stand for.
std::int64_t id_of_name(std::string_view name);

class Shapes {
public:
    explicit Shapes(sql::Database& database) : database_(database) {}

    static std::string name_of(const Shape& shape);
    /// Its id, remembered; not written yet.
    std::int64_t id(const Shape& shape);
    /// Makes its row where that is missing: with the first task that waits for others, and with every new lane, so that
    /// no lane is without its shape whatever was rolled back.
    Status write(std::int64_t id);
    Result<Shape> at(std::int64_t id);
    /// Ids of those that the offer serves and of which something is queued.
    Result<std::vector<std::int64_t>> matching(const Offer& offer);

private:
    /// Reads those that others added.
    Status refresh();

    sql::Database& database_;
    std::map<std::int64_t, Shape> known_;
    Shape named_shape_;  ///< the one that was named last, and its id; 0: none was
    std::int64_t named_ = 0;
};

}  // namespace ec::swarm
