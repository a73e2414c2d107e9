// The schema of books and log: one text an engine, for triggers differ.
#pragma once

#include <string_view>

namespace ec::ledger::schema {

extern const std::string_view kBooksSqlite;
extern const std::string_view kBooksPostgres;
extern const std::string_view kBooksDown;
extern const std::string_view kBooksPostgresDown;
extern const std::string_view kLogSqlite;
extern const std::string_view kLogPostgres;
extern const std::string_view kLogDown;
extern const std::string_view kLogPostgresDown;

}  // namespace ec::ledger::schema
