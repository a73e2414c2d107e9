// How a text that is written for both databases reads on PostgreSQL; the rules stand in ec/sql/sql.hpp.
#pragma once

#include <string>
#include <string_view>

namespace ec::sql {

struct PostgresText {
    std::string sql;
    int parameters = 0;  ///< $1 to this one
};

/// Knows quotes, comments and dollar quotes, and leaves alone what stands in them.
PostgresText postgres_text(std::string_view sql);

}  // namespace ec::sql
