// Statements of which one row is wanted.
#pragma once

#include <ec/sql/sql.hpp>
#include <string_view>

namespace ec::ledger {

/// Calls `read` with the first row; false when there is none. The statement is at its end afterwards, for an open read
/// would keep the log of the database from being emptied.
template <class Read, class... Values>
Result<bool> one_row(sql::Database& database, std::string_view text, Read read, const Values&... values) {
    EC_ASSIGN(sql::Statement * statement, database.cached(text));
    EC_TRY(statement->bind(values...));
    EC_ASSIGN(const bool row, statement->step());
    if (!row) return false;
    read(*statement);
    for (;;) {
        EC_ASSIGN(const bool more, statement->step());
        if (!more) return true;
    }
}

/// Runs a change; how many rows it changed.
template <class... Values>
Result<std::int64_t> change(sql::Database& database, std::string_view text, const Values&... values) {
    EC_ASSIGN(sql::Statement * statement, database.cached(text));
    EC_TRY(statement->run(values...));
    return database.changed_rows();
}

}  // namespace ec::ledger
