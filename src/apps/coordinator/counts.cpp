#include "counts.hpp"

namespace ec::apps::coordinator {

Result<std::int64_t> queued_tasks(sql::Database& database, const std::string& account) {
    EC_ASSIGN(sql::Statement * rows,
              database.cached("SELECT coalesce(sum(queued), 0) FROM lane WHERE ?1 = '' OR account = ?1"));
    EC_TRY(rows->bind(account));
    EC_TRY(rows->step());
    return rows->integer(0);
}

}  // namespace ec::apps::coordinator
