// Whose turn it is: decayed use of the swarm per account, after HTCondor's (PRIORITY_HALFLIFE), and the lanes in which
// tasks wait.
//
// A lane holds the tasks of one account, shape and priority; within it they go by the time they were queued. Of the
// lanes of a shape the one of the highest priority comes first, then the one whose account stands lowest. An account is
// charged the expected seconds when a task is claimed, and the difference when it was measured.
//
// Use is kept as its logarithm, inflated by 2^(time / half-life): whoever used the swarm earlier counts less without
// any row being touched. Threads: as the Database.
#pragma once

#include <cstdint>
#include <ec/sql/sql.hpp>
#include <map>
#include <string>
#include <vector>

namespace ec::swarm {

/// In units of 2^-32 of a doubling.
struct Level {
    std::int64_t value = 0;
    auto operator<=>(const Level&) const = default;
};
/// The level after `seconds` more (or fewer) of use at `now_ms`; never less than a thousandth of a second of use.
Level with_use(Level level, double seconds, std::int64_t now_ms, std::int64_t half_life_ms);
/// What is left of the use at `now_ms`, in seconds.
double use_at(Level level, std::int64_t now_ms, std::int64_t half_life_ms);

struct Lane {
    std::int64_t id = 0;
    std::int64_t priority = 0;
    std::string account;
    Level level;
    std::int64_t queued = 0;
};

struct Queued {
    std::int64_t tasks = 0;
    std::int64_t lanes = 0;  ///< that they are in
};

class FairShare {
public:
    FairShare(sql::Database& database, std::int64_t half_life_ms) : database_(database), half_life_ms_(half_life_ms) {}

    std::int64_t lane_id(std::int64_t shape, std::int64_t priority, const std::string& account);
    /// `tasks` more wait there; true: the lane was missing, and was made.
    Result<bool> arrive(std::int64_t shape, std::int64_t priority, const std::string& account, std::int64_t tasks);
    Status leave(std::int64_t lane, std::int64_t tasks);
    /// What one call charges and takes. It counts when settle() has written it, each account once.
    class Charges;
    /// One task is taken from the lane of an account, for so long. Where the account's lanes stand then.
    Result<Level> take(Charges& charges, const Lane& lane, std::int64_t milliseconds, std::int64_t now_ms);
    /// The account uses the swarm for so long, or used it for so much less than was thought.
    Status charge(Charges& charges, const std::string& account, std::int64_t milliseconds, std::int64_t now_ms);
    Status settle(Charges& charges);
    /// charge() and settle().
    Status charge(const std::string& account, std::int64_t milliseconds, std::int64_t now_ms);
    Status set_weight(const std::string& account, std::int64_t milli);
    /// The best of a shape's lanes in which tasks wait.
    Result<std::vector<Lane>> best(std::int64_t shape, unsigned most);
    /// What waits, of one account; tasks of all, and of all as of at most a second ago.
    Result<Queued> queued(const std::string& account);
    Result<std::int64_t> queued_of_all();
    Result<std::int64_t> queued_of_all_lately(std::int64_t now_ms);

private:
    struct Standing {
        Level level;
        std::int64_t weight = 1000;
        [[nodiscard]] Level weighed() const;
    };
    /// An account's part of them.
    struct Use {
        Standing standing;
        std::map<std::int64_t, std::int64_t> taken;  ///< tasks, by lane
    };
    Result<Standing> standing(const std::string& account);
    Result<Use*> add(Charges& charges, const std::string& account, std::int64_t milliseconds, std::int64_t now_ms);
    Status keep(const std::string& account, const Standing& standing, std::int64_t lane, std::int64_t taken);

    sql::Database& database_;
    std::int64_t half_life_ms_;
    std::int64_t counted_ = 0, counted_ms_ = -1;
    /// The lane that was named last: names are hashed, and one after the other is of the same.
    struct {
        std::int64_t shape = 0, priority = 0, id = 0;
        std::string account;
    } named_;
};

class FairShare::Charges {
    friend class FairShare;
    std::map<std::string, Use> uses_;
};

}  // namespace ec::swarm
