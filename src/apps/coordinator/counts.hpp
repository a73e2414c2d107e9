// Figures of the queue for people and dashboards, and what the first version asks of its jobs.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <string>

namespace ec::apps::coordinator {

/// How many tasks of the account wait; of all where it is empty.
Result<std::int64_t> queued_tasks(sql::Database& database, const std::string& account);

/// The id of the account's job that was submitted under this idempotency key; empty where there is none.
Result<std::string> job_of_key(sql::Database& database, const std::string& account, const std::string& key);

}  // namespace ec::apps::coordinator
