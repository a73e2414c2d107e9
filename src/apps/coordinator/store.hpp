// The coordinator's database: changes go through one writer that commits in groups, reads through connections of their
// own. On SQLite that is a file in the data directory, on PostgreSQL what other coordinators share.
//
// A database that goes away is not the end: changes and reads fail (`unavailable`) until it is back, and connections
// are made anew. Threads: any.
#pragma once

#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <ec/swarm/writer.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "desk.hpp"

namespace ec::apps::coordinator {

/// Where the database is.
struct StorePlace {
    std::filesystem::path file;  ///< SQLite
    std::string url;             ///< PostgreSQL, when not empty: from DATABASE_URL, and never shown
    [[nodiscard]] bool shared() const { return !url.empty(); }
    [[nodiscard]] Result<sql::Database> connect() const;
};

class Store {
public:
    /// Brings the schema up to date first.
    static Result<std::unique_ptr<Store>> open(StorePlace place, DeskRules rules);

    /// May be run more than once, each time from the start: what it finds out it leaves in something that it shares
    /// with its Done, which is called on the writer's thread when all is on the disk, or with what went wrong, when
    /// nothing has happened. An error of the change itself undoes it alone.
    using Change = std::function<Status(Desk&)>;
    void change(Change change, swarm::Writer::Done done);
    /// Waits.
    Status change_and_wait(Change change);

    /// Reads what is committed, on another connection.
    template <class Value, class Reading>
    Result<Value> read(Reading reading) {
        std::optional<Result<Value>> value;
        EC_TRY(read_with([&](Desk& desk) { value.emplace(reading(desk)); }));
        return *std::move(value);
    }

    [[nodiscard]] const DeskRules& rules() const { return rules_; }
    [[nodiscard]] const StorePlace& place() const { return place_; }
    /// Finishes what waits; later changes are refused.
    void close();

private:
    /// A connection and what is done over it.
    struct Seat {
        Seat(sql::Database made, const DeskRules& rules) : database(std::move(made)), desk(database, rules) {}
        sql::Database database;
        Desk desk;
    };

    Store(StorePlace place, DeskRules rules) : place_(std::move(place)), rules_(std::move(rules)) {}
    Status read_with(const std::function<void(Desk&)>& reading);
    Desk& writers_desk(sql::Database& database);

    static constexpr std::size_t kReaders = 2;
    const StorePlace place_;
    const DeskRules rules_;
    std::unique_ptr<Desk> desk_;  ///< of the writer's connection; the writer's thread alone
    std::mutex mutex_;
    std::vector<std::unique_ptr<Seat>> idle_;  ///< guarded by mutex_
    std::unique_ptr<swarm::Writer> writer_;    ///< last: it ends first
};

}  // namespace ec::apps::coordinator
