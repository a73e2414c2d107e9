// Moves what a SQLite database holds into a PostgreSQL database with the same schema: all rows of all tables, or none.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <functional>

namespace ec::sql {

struct CopyReport {
    std::int64_t tables = 0;
    std::int64_t rows = 0;
};

/// `fresh` is a SQLite database with the schema of the source and nothing else. A target that holds more than the
/// schema itself puts there is refused (`conflict`); tables that only SQLite's schema has, for its own rules, stay
/// behind.
///
/// Holds other writers of both off and changes nothing in the source. Triggers of the schema do not run; references and
/// constraints are checked at the end, then the counts and sums of every column on both sides, then `check`, in the
/// same transaction. Records of schema steps are not copied. `corrupt` when the two sides differ after all,
/// `invalid_argument` when the source has columns of another type than INTEGER, TEXT and BLOB, or a text that
/// PostgreSQL cannot hold.
Result<CopyReport> copy_to_postgres(Database& source, Database& fresh, Database& target,
                                    const std::function<Status(Database&)>& check);

}  // namespace ec::sql
