// Schemas as numbered steps, taken once each and in order, and undone in the other order.
//
// A program's schema may have several sets of steps, one a module, each with numbers of its own: the record of each set
// is a table of its own in the database (schema_step, or schema_step_SET). Each step is one transaction that holds all
// other writers off, so that programs which start at the same time do not collide.
//
// The text of a step is written once, for both ends; sql.hpp says how it reads on PostgreSQL. Where that is not enough
// (triggers), the step carries a text of its own for PostgreSQL.
#pragma once

#include <ec/core/result.hpp>
#include <span>
#include <string_view>

namespace ec::sql {

class Database;

/// A numbered step of a schema. A step that has been released never changes.
struct Migration {
    unsigned number = 0;  ///< 1, 2, 3, … without a gap
    std::string_view name;
    std::string_view sql;
    std::string_view postgres = {};       ///< as it stands, instead of `sql`; empty: `sql`, translated
    std::string_view down = {};           ///< undoes it; empty: it cannot be undone
    std::string_view postgres_down = {};  ///< empty: `down`, translated
};

/// Brings a database up to the last step of the set (small letters and '_'), with a record of each step's text. Fails
/// with `conflict` when a step that was taken reads differently now, or when the database has steps that are not in the
/// list (a newer program made it); nothing is changed then.
Status migrate(Database& database, std::string_view set, std::span<const Migration> steps);
/// The same for a database with one set, which has no name.
Status migrate(Database& database, std::span<const Migration> steps);

/// Up or down to the step `number`; 0 undoes all. `unavailable` when a step on the way down cannot be undone; nothing
/// is changed then.
Status migrate_to(Database& database, std::string_view set, std::span<const Migration> steps, unsigned number);

/// The last step that was taken; 0: none.
Result<unsigned> last_step(Database& database, std::string_view set);

}  // namespace ec::sql
