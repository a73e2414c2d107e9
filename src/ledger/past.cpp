#include <ec/ledger/past.hpp>

#include "one_row.hpp"

namespace ec::ledger {

Result<Credits> moved_by(sql::Database& database, std::string_view kind, std::string_view dedupe,
                         std::string_view account) {
    Credits moved;
    EC_TRY(one_row(
        database,
        "SELECT entry.amount FROM txn JOIN account ON account.id = ?3 AND account.unit = 'mcredit' "
        "JOIN entry ON entry.account = account.number AND entry.txn = txn.number "
        "WHERE txn.dedupe = ?2 AND txn.kind = ?1",
        [&moved](const sql::Statement& row) { moved = Credits::milli(row.integer(0)); }, kind, dedupe, account));
    return moved;
}

}  // namespace ec::ledger
