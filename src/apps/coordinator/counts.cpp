#include "counts.hpp"

namespace ec::apps::coordinator {

Result<std::int64_t> queued_tasks(sql::Database& database, const std::string& account) {
    EC_ASSIGN(sql::Statement * rows,
              database.cached("SELECT coalesce(sum(queued), 0) FROM lane WHERE ?1 = '' OR account = ?1"));
    EC_TRY(rows->bind(account));
    EC_TRY(rows->step());
    return rows->integer(0);
}

Result<std::string> job_of_key(sql::Database& database, const std::string& account, const std::string& key) {
    EC_ASSIGN(sql::Statement * rows, database.cached("SELECT id FROM job WHERE account = ?1 AND idem_key = ?2"));
    EC_TRY(rows->bind(account, key));
    EC_ASSIGN(const bool found, rows->step());
    std::string id = found ? rows->text(0) : std::string();
    if (found) EC_TRY(rows->step());  // to the end: an open row holds what it was read from
    return id;
}

}  // namespace ec::apps::coordinator
