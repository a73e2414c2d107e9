// All tables of a coordinator's database, as sets of schema steps in the order in which they are taken.
#pragma once

#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <span>
#include <string_view>

namespace ec::swarm {

struct SchemaSet {
    std::string_view name;  ///< of its record, see ec/sql/migrate.hpp
    std::span<const sql::Migration> steps;
};

/// identity, ledger, swarm; the data is constant and lives for ever.
std::span<const SchemaSet> coordinator_schema();

/// Brings a database up to the last step of each set.
Status migrate_coordinator(sql::Database& database);

}  // namespace ec::swarm
