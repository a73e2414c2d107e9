#include "schema.hpp"

#include <array>
#include <ec/ledger/books.hpp>

namespace ec::ledger {

std::span<const sql::Migration> ledger_migrations() {
    static const std::array kSteps{sql::Migration{.number = 1,
                                                  .name = "books",
                                                  .sql = schema::kBooksSqlite,
                                                  .postgres = schema::kBooksPostgres,
                                                  .down = schema::kBooksDown,
                                                  .postgres_down = schema::kBooksPostgresDown},
                                   sql::Migration{.number = 2,
                                                  .name = "log",
                                                  .sql = schema::kLogSqlite,
                                                  .postgres = schema::kLogPostgres,
                                                  .down = schema::kLogDown,
                                                  .postgres_down = schema::kLogPostgresDown}};
    return kSteps;
}

}  // namespace ec::ledger
