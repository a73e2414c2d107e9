// Figures of the queue for people and dashboards.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <string>

namespace ec::apps::coordinator {

/// How many tasks of the account wait; of all where it is empty.
Result<std::int64_t> queued_tasks(sql::Database& database, const std::string& account);

}  // namespace ec::apps::coordinator
