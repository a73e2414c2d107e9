// Double-entry books: accounts, holds, and transactions whose entries sum to zero, in millicredits.
//
// Tables of the coordinator's database (ledger_migrations()); every method works inside the transaction that the caller
// has open, so that money moves with what it is paid for, or not at all. The database itself refuses to change or drop
// an entry, to unbalance a transaction, to close a hold twice, and to take an account below its floor.
//
// Whatever is to happen once carries a `dedupe` name: the second time gives the first outcome and moves nothing.
// Threads: as the Database. Errors: `denied` for an account that has too little, `conflict`, `not_found`,
// `invalid_argument` for amounts out of range.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/sql/sql.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ec::ledger {

std::span<const sql::Migration> ledger_migrations();

/// Millicredits; sums and products are checked.
class Credits {
public:
    constexpr Credits() = default;
    static constexpr Credits milli(std::int64_t amount) { return Credits(amount); }
    [[nodiscard]] constexpr std::int64_t milli() const { return milli_; }
    [[nodiscard]] Result<Credits> plus(Credits other) const;
    auto operator<=>(const Credits&) const = default;

private:
    explicit constexpr Credits(std::int64_t milli) : milli_(milli) {}
    std::int64_t milli_ = 0;
};

enum class AccountKind { user, escrow, fee, treasury, mint, ln_clearing, btc_clearing, suspense };

struct Account {
    std::string id;
    AccountKind kind = AccountKind::user;
    Credits balance;
    Credits held;                  ///< in open holds
    std::optional<Credits> floor;  ///< balance less holds stays at or above; none: without a limit
};

struct Entry {
    std::string account;
    Credits amount;
};

/// What becomes of what a payment leaves in its hold.
enum class Rest { held, released };

class Books {
public:
    explicit Books(sql::Database& database) : database_(database) {}

    /// As it is where it exists already (`conflict` when it is of another kind).
    Status open_account(std::string_view id, AccountKind kind, std::optional<Credits> floor);
    Result<Account> account(std::string_view id);
    Result<std::vector<Account>> accounts(std::string_view after, unsigned most);

    /// Sets `amount` of the account aside under the name `hold`.
    Status hold(std::string_view hold, std::string_view account, Credits amount, std::int64_t expires_ms);
    /// Pays out of an open hold, in one transaction named `dedupe`; the hold stays open for the rest of it, or ends as
    /// by release(). False: that transaction was made before, nothing moved.
    Result<bool> pay(std::string_view hold, std::string_view dedupe, std::string_view to, Credits amount,
                     std::int64_t now_ms, Rest rest = Rest::held);
    /// Ends the hold; what was not paid is the account's again. Closing it again changes nothing.
    Status release(std::string_view hold);
    /// Entries that sum to zero. False as in pay().
    Result<bool> post(std::string_view kind, std::string_view dedupe, std::span<const Entry> entries,
                      std::int64_t now_ms);
    /// When the transaction of that name was made; `not_found`.
    Result<std::int64_t> made_at(std::string_view dedupe);
    /// Adds everything up from the entries and compares: `corrupt` names the first account that is off.
    Status audit();

private:
    sql::Database& database_;
};

}  // namespace ec::ledger
