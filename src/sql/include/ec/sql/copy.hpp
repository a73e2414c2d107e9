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

/// Holds other writers of both off and changes nothing in the source. What the target's tables hold is replaced;
/// whoever calls has made sure that it is nothing but what the schema itself puts there (same_rows()). Triggers of the
/// schema do not run; references and constraints are checked at the end, then the counts and sums of every column on
/// both sides, then `check`, in the same transaction. Records of schema steps are not copied. `corrupt` when the two
/// sides differ after all, `invalid_argument` when the source has columns of another type than INTEGER, TEXT and BLOB.
Result<CopyReport> copy_to_postgres(Database& source, Database& target, const std::function<Status(Database&)>& check);

/// Whether each table of `database` (SQLite) has as many rows in `other`, whichever that is.
Result<bool> same_rows(Database& database, Database& other);

}  // namespace ec::sql
