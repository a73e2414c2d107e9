// What transactions of the books have done, for whoever has to know whether one asked for again is the same.
#pragma once

#include <ec/ledger/books.hpp>
#include <ec/sql/sql.hpp>
#include <string_view>

namespace ec::ledger {

/// What the transaction `dedupe` of this kind moved on one account; zero where it did not touch it, or where there is
/// none. Looks at the account's entries: not for every payment.
Result<Credits> moved_by(sql::Database& database, std::string_view kind, std::string_view dedupe,
                         std::string_view account);

}  // namespace ec::ledger
