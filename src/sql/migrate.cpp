#include <fmt/format.h>

#include <algorithm>
#include <ec/core/hash.hpp>
#include <ec/sql/sql.hpp>
#include <map>

namespace ec::sql {
namespace {

using Taken = std::map<std::int64_t, std::string>;

/// One set of steps, as the database that is to have them reads it.
class Schema {
public:
    Schema(Database& database, std::string_view set, std::span<const Migration> steps)
        : database_(database),
          record_(set.empty() ? "schema_step" : fmt::format("schema_step_{}", set)),
          steps_(steps) {}

    Status check_numbers(std::string_view set) const {
        if (!std::ranges::all_of(set, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }))
            return fail(ErrorCode::internal, fmt::format("\"{}\" is no name of a set of schema steps", set));
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            if (steps_[i].number != i + 1)
                return fail(ErrorCode::internal,
                            fmt::format("schema step {} stands where {} should", steps_[i].number, i + 1));
        }
        return {};
    }

    /// Those that the database has; empty where it has no record yet.
    Result<Taken> taken() const {
        // Of the table itself: to_regclass() remembers what was missing before the lock was had.
        EC_ASSIGN(Statement known,
                  database_.prepare(is_postgres() ? "SELECT 1 FROM pg_class WHERE relname = ?1 AND relnamespace = "
                                                    "current_schema()::regnamespace"
                                                  : "SELECT 1 FROM sqlite_schema WHERE name = ?1"));
        EC_TRY(known.bind(record_));
        EC_ASSIGN(const bool recorded, known.step());
        Taken taken;
        if (!recorded) return taken;
        EC_ASSIGN(Statement rows, database_.prepare(fmt::format("SELECT number, checksum FROM {}", record_)));
        for (;;) {
            EC_ASSIGN(const bool row, rows.step());
            if (!row) return taken;
            taken.emplace(rows.integer(0), rows.text(1));
        }
    }

    Status check(const Taken& taken) const {
        for (const auto& [number, sum] : taken) {
            if (number < 1 || number > static_cast<std::int64_t>(steps_.size()))
                return fail(ErrorCode::conflict, "a newer version of this program made the database",
                            "use that version, or move the database away");
            const Migration& step = steps_[static_cast<std::size_t>(number - 1)];
            if (sum != checksum(step))
                return fail(
                    ErrorCode::conflict,
                    fmt::format("schema step {} ({}) is not the one that made the database", step.number, step.name));
        }
        return {};
    }

    Status up(const Migration& step) const {
        EC_ASSIGN(Transaction transaction, Transaction::begin(database_));
        // Asked inside, for another process may have been here first.
        EC_ASSIGN(const auto have, taken());
        EC_TRY(check(have));
        if (have.contains(step.number)) return {};
        EC_TRY(
            database_.execute(fmt::format("CREATE TABLE IF NOT EXISTS {} (number INTEGER PRIMARY KEY, "
                                          "name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT",
                                          record_)));
        EC_TRY(run(step.sql, step.postgres));
        EC_TRY(database_.run(fmt::format("INSERT INTO {} (number, name, checksum) VALUES (?, ?, ?)", record_),
                             step.number, step.name, checksum(step)));
        return transaction.commit();
    }

    Status down(const Migration& step) const {
        EC_ASSIGN(Transaction transaction, Transaction::begin(database_));
        EC_ASSIGN(const auto have, taken());
        EC_TRY(check(have));
        if (!have.contains(step.number)) return {};
        EC_TRY(run(step.down, step.postgres_down));
        EC_TRY(database_.run(fmt::format("DELETE FROM {} WHERE number = ?", record_), step.number));
        return transaction.commit();
    }

    [[nodiscard]] bool can_be_undone(const Migration& step) const {
        return !step.down.empty() || (is_postgres() && !step.postgres_down.empty());
    }

private:
    [[nodiscard]] bool is_postgres() const { return database_.dialect() == Dialect::postgres; }

    Status run(std::string_view both, std::string_view postgres) const {
        if (is_postgres() && !postgres.empty()) return database_.execute_as_it_stands(postgres);
        return database_.execute(both);
    }

    // Finds a text that was edited by mistake; nothing here withstands somebody who may write the database.
    [[nodiscard]] std::string checksum(const Migration& step) const {
        return hash128(is_postgres() && !step.postgres.empty() ? step.postgres : step.sql).hex();
    }

    Database& database_;
    std::string record_;
    std::span<const Migration> steps_;
};

}  // namespace

Status migrate_to(Database& database, std::string_view set, std::span<const Migration> steps, unsigned number) {
    const Schema schema(database, set, steps);
    EC_TRY(schema.check_numbers(set));
    if (number > steps.size())
        return fail(ErrorCode::invalid_argument,
                    fmt::format("there is no schema step {}, the last is {}", number, steps.size()));
    EC_ASSIGN(const auto taken, schema.taken());
    EC_TRY(schema.check(taken));
    for (const Migration& step : steps.first(number)) {
        if (!taken.contains(step.number)) EC_TRY(schema.up(step));
    }
    for (const Migration& step : steps.subspan(number)) {
        if (taken.contains(step.number) && !schema.can_be_undone(step))
            return fail(ErrorCode::unavailable,
                        fmt::format("schema step {} ({}) cannot be undone", step.number, step.name),
                        "go back to a backup that was made before it");
    }
    for (std::size_t i = steps.size(); i > number; --i) {
        if (taken.contains(steps[i - 1].number)) EC_TRY(schema.down(steps[i - 1]));
    }
    return {};
}

Status migrate(Database& database, std::string_view set, std::span<const Migration> steps) {
    return migrate_to(database, set, steps, static_cast<unsigned>(steps.size()));
}

Status migrate(Database& database, std::span<const Migration> steps) { return migrate(database, "", steps); }

Result<unsigned> last_step(Database& database, std::string_view set) {
    EC_ASSIGN(const auto taken, Schema(database, set, {}).taken());
    return taken.empty() ? 0U : static_cast<unsigned>(taken.rbegin()->first);
}

}  // namespace ec::sql
