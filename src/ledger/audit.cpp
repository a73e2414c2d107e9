// The full re-sum: every number that is kept running is added up again from the entries and the holds.
#include <fmt/format.h>

#include <array>
#include <ec/ledger/books.hpp>

#include "one_row.hpp"

namespace ec::ledger {
namespace {

struct Check {
    std::string_view finds;  ///< the first thing that is off, as a text
    std::string_view wrong;
};

constexpr std::array kChecks{
    Check{"SELECT account.id FROM account LEFT JOIN "
          "(SELECT account, sum(amount) AS total, count(*) AS entries, max(sequence) AS last FROM entry "
          "GROUP BY account) AS s ON s.account = account.number WHERE account.balance <> coalesce(s.total, 0) "
          "OR account.entries <> coalesce(s.entries, 0) OR account.entries <> coalesce(s.last, 0) "
          "ORDER BY account.id LIMIT 1",
          "the balance of account {} is not the sum of its entries"},
    Check{"SELECT account.id FROM (SELECT account, balance_after, "
          "sum(amount) OVER (PARTITION BY account ORDER BY sequence) AS running FROM entry) AS e "
          "JOIN account ON account.number = e.account WHERE e.balance_after <> e.running "
          "ORDER BY account.id LIMIT 1",
          "a running balance of account {} is off"},
    Check{"SELECT account.id FROM account LEFT JOIN "
          "(SELECT account, sum(amount - paid) AS total FROM hold WHERE closed = 0 GROUP BY account) AS h "
          "ON h.account = account.number WHERE account.held <> coalesce(h.total, 0) ORDER BY account.id LIMIT 1",
          "what account {} has set aside is not the sum of its open holds"},
    Check{"SELECT account.id FROM account WHERE floor IS NOT NULL AND balance - held < floor ORDER BY id LIMIT 1",
          "account {} is below its floor"},
    Check{"SELECT dedupe FROM txn WHERE sealed <> 1 ORDER BY dedupe LIMIT 1", "transaction {} was never sealed"},
    Check{"SELECT txn.dedupe FROM entry JOIN account ON account.number = entry.account "
          "JOIN txn ON txn.number = entry.txn GROUP BY txn.dedupe, account.unit HAVING sum(entry.amount) <> 0 "
          "ORDER BY txn.dedupe LIMIT 1",
          "transaction {} does not balance"},
    Check{"SELECT unit FROM account GROUP BY unit HAVING sum(balance) <> 0 LIMIT 1",
          "all accounts in {} do not sum to zero"},
};

}  // namespace

Status Books::audit() {
    for (const Check& check : kChecks) {
        std::string off;
        EC_ASSIGN(const bool found,
                  one_row(database_, check.finds, [&](const sql::Statement& row) { off = row.text(0); }));
        if (found) return fail(ErrorCode::corrupt, fmt::format(fmt::runtime(check.wrong), off));
    }
    return {};
}

}  // namespace ec::ledger
