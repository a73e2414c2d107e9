#include <fmt/format.h>

#include <ec/core/hash.hpp>
#include <ec/sql/sql.hpp>
#include <map>

namespace ec::sql {
namespace {

constexpr std::string_view kRecord =
    "CREATE TABLE IF NOT EXISTS schema_step ("
    "number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT";

// Finds a text that was edited by mistake; nothing here withstands somebody who may write the database.
std::string checksum(const Migration& step) { return hash128(step.sql).hex(); }

Result<std::map<std::int64_t, std::string>> taken_steps(Database& database) {
    std::map<std::int64_t, std::string> taken;
    EC_ASSIGN(Statement rows, database.prepare("SELECT number, checksum FROM schema_step"));
    for (;;) {
        EC_ASSIGN(const bool row, rows.step());
        if (!row) return taken;
        taken.emplace(rows.integer(0), rows.text(1));
    }
}

Status check(std::span<const Migration> steps, const std::map<std::int64_t, std::string>& taken) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].number != i + 1)
            return fail(ErrorCode::internal,
                        fmt::format("schema step {} stands where {} should", steps[i].number, i + 1));
    }
    for (const auto& [number, sum] : taken) {
        if (number < 1 || number > static_cast<std::int64_t>(steps.size()))
            return fail(ErrorCode::conflict, "a newer version of this program made the database",
                        "use that version, or move the file away");
        const Migration& step = steps[static_cast<std::size_t>(number - 1)];
        if (sum != checksum(step))
            return fail(ErrorCode::conflict, fmt::format("schema step {} ({}) is not the one that made the database",
                                                         step.number, step.name));
    }
    return {};
}

}  // namespace

Status migrate(Database& database, std::span<const Migration> steps) {
    EC_TRY(database.execute(kRecord));
    {
        EC_ASSIGN(const auto taken, taken_steps(database));
        EC_TRY(check(steps, taken));
        if (taken.size() == steps.size()) return {};
    }
    for (const Migration& step : steps) {
        EC_ASSIGN(Transaction transaction, Transaction::begin(database));
        // Asked inside, for another process may have been here first.
        EC_ASSIGN(const auto taken, taken_steps(database));
        EC_TRY(check(steps, taken));
        if (taken.contains(step.number)) continue;
        EC_TRY(database.execute(step.sql));
        EC_TRY(database.run("INSERT INTO schema_step (number, name, checksum) VALUES (?, ?, ?)", step.number, step.name,
                            checksum(step)));
        EC_TRY(transaction.commit());
    }
    return {};
}

}  // namespace ec::sql
