#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ec/ledger/books.hpp>

#include "one_row.hpp"

namespace ec::ledger {
namespace {

// As the checks of the tables: a sum of one balance and one amount stays inside 64 bits.
constexpr std::int64_t kMostAmount = 2'100'000'000'000'000'000;
constexpr std::int64_t kMostBalance = 4'000'000'000'000'000'000;
constexpr std::size_t kMostName = 200;
constexpr std::size_t kMostKind = 64;

constexpr std::array<std::string_view, 8> kKinds{"user", "escrow",      "fee",          "treasury",
                                                 "mint", "ln_clearing", "btc_clearing", "suspense"};

std::string_view name(AccountKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

Result<AccountKind> parse_kind(std::string_view text) {
    const auto found = std::ranges::find(kKinds, text);
    if (found == kKinds.end()) return fail(ErrorCode::corrupt, fmt::format("\"{}\" is no kind of account", text));
    return static_cast<AccountKind>(found - kKinds.begin());
}

Status check_name(std::string_view text, std::string_view what, std::size_t most = kMostName) {
    if (!text.empty() && text.size() <= most) return {};
    return fail(ErrorCode::invalid_argument, fmt::format("{} is 1 to {} bytes", what, most));
}

Status check_amount(std::int64_t amount) {
    if (amount >= 1 && amount <= kMostAmount) return {};
    return fail(ErrorCode::invalid_argument, fmt::format("an amount is 1 to {} millicredits", kMostAmount));
}

constexpr std::string_view kReadAccount =
    "SELECT id, kind, balance, held, floor FROM account WHERE id = ?1 AND unit = 'mcredit'";
constexpr std::string_view kReadAccounts =
    "SELECT id, kind, balance, held, floor FROM account WHERE id > ?1 AND unit = 'mcredit' ORDER BY id LIMIT ?2";

Result<Account> read_account(const sql::Statement& row) {
    EC_ASSIGN(const AccountKind kind, parse_kind(row.text(1)));
    return Account{row.text(0), kind, Credits::milli(row.integer(2)), Credits::milli(row.integer(3)),
                   row.is_null(4) ? std::nullopt : std::optional(Credits::milli(row.integer(4)))};
}

std::unexpected<Error> no_account(std::string_view id) {
    return fail(ErrorCode::not_found, fmt::format("there is no account {}", id));
}

Result<bool> made_before(sql::Database& database, std::string_view dedupe) {
    return one_row(database, "SELECT 1 FROM txn WHERE dedupe = ?1", [](const sql::Statement&) {}, dedupe);
}

/// Refuses with `error`, unless the transaction was made before: then the first outcome stands.
Result<bool> unless_made_before(sql::Database& database, std::string_view dedupe, std::unexpected<Error> error) {
    EC_ASSIGN(const bool made, made_before(database, dedupe));
    if (made) return false;
    return error;
}

/// The number of the new transaction; none when there is one of this name.
Result<std::optional<std::int64_t>> open_transaction(sql::Database& database, std::string_view kind,
                                                     std::string_view dedupe, std::int64_t now_ms) {
    return database.insert(
        "INSERT INTO txn (kind, dedupe, created_ms) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (dedupe) DO NOTHING",
        "number", kind, dedupe, now_ms);
}

// What was looked at before must still hold; on PostgreSQL another coordinator may have been between.
Status expect_one(std::int64_t changed) {
    if (changed == 1) return {};
    return fail(ErrorCode::conflict, "the books were moved by somebody else at the same time", "try again");
}

Status move(sql::Database& database, std::int64_t transaction, std::int64_t account, std::int64_t amount) {
    EC_ASSIGN(const std::int64_t changed,
              change(database,
                     "UPDATE account SET balance = balance + ?1, entries = entries + 1, last_txn = ?2 "
                     "WHERE number = ?3",
                     amount, transaction, account));
    return expect_one(changed);
}

Status seal(sql::Database& database, std::int64_t transaction) {
    EC_ASSIGN(const std::int64_t changed, change(database, "UPDATE txn SET sealed = 1 WHERE number = ?1", transaction));
    return expect_one(changed);
}

struct Leg {
    std::int64_t account = 0;
    std::int64_t amount = 0;
};

/// The account's number and how far its balance may go up and down.
struct Room {
    std::int64_t number = 0;
    std::int64_t up = 0;
    std::int64_t down = 0;
};

Result<Room> room_of(sql::Database& database, std::string_view id) {
    Room room;
    EC_ASSIGN(const bool found,
              one_row(
                  database, "SELECT number, balance, held, floor FROM account WHERE id = ?1 AND unit = 'mcredit'",
                  [&](const sql::Statement& row) {
                      const std::int64_t balance = row.integer(1);
                      const std::int64_t lowest = row.is_null(3) ? -kMostBalance : row.integer(3) + row.integer(2);
                      room = {row.integer(0), kMostBalance - balance, balance - lowest};
                  },
                  id));
    if (!found) return no_account(id);
    return room;
}

/// The legs of a transaction that the accounts can bear, what comes in before what goes out, so that an account that
/// has both is never lower in between than at the end.
Result<std::vector<Leg>> legs_of(sql::Database& database, std::span<const Entry> entries) {
    std::vector<Leg> legs;
    std::vector<Room> rooms;
    for (const bool in : {true, false}) {
        for (const Entry& entry : entries) {
            const std::int64_t amount = entry.amount.milli();
            if ((amount > 0) != in) continue;
            EC_ASSIGN(const Room found, room_of(database, entry.account));
            auto room = std::ranges::find(rooms, found.number, &Room::number);
            if (room == rooms.end()) room = rooms.insert(rooms.end(), found);
            room->up -= amount;
            room->down += amount;
            if (room->up < 0)
                return fail(ErrorCode::invalid_argument, fmt::format("account {} cannot hold so much", entry.account));
            if (room->down < 0)
                return fail(ErrorCode::denied, fmt::format("account {} has too little credit", entry.account));
            legs.push_back({room->number, amount});
        }
    }
    return legs;
}

Status check_entries(std::span<const Entry> entries) {
    Credits sum;
    if (entries.size() < 2) return fail(ErrorCode::invalid_argument, "a transaction has two entries or more");
    for (const Entry& entry : entries) {
        EC_TRY(check_name(entry.account, "an account"));
        EC_TRY(check_amount(entry.amount < Credits() ? -std::max(entry.amount.milli(), -INT64_MAX)
                                                     : entry.amount.milli()));
        EC_ASSIGN(sum, sum.plus(entry.amount));
    }
    if (sum == Credits()) return {};
    return fail(ErrorCode::invalid_argument, "the entries of a transaction sum to zero");
}

#define EC_ACCOUNT_WITH_ROOM                                                           \
    "FROM account WHERE id = ?1 AND unit = 'mcredit' AND held <= 1900000000000000000 " \
    "AND balance - held >= coalesce(floor, -4000000000000000000) + ?2"

/// False: there is no such account, it has too little, or there is a hold of that name.
Result<bool> set_aside(sql::Database& database, std::string_view hold, std::string_view account, std::int64_t amount,
                       std::int64_t expires_ms) {
    if (database.dialect() == sql::Dialect::postgres) {
        EC_ASSIGN(const std::int64_t made,
                  change(database,
                         "INSERT INTO hold (id, account, amount, expires_ms) "
                         "SELECT CAST(?3 AS TEXT), number, CAST(?2 AS BIGINT), "
                         "CAST(?4 AS BIGINT) " EC_ACCOUNT_WITH_ROOM " ON CONFLICT (id) DO NOTHING",
                         account, amount, hold, expires_ms));
        return made == 1;
    }
    // In one statement SQLite would put what it read into a table of its own first.
    std::int64_t number = 0;
    EC_ASSIGN(const bool room, one_row(
                                   database, "SELECT number " EC_ACCOUNT_WITH_ROOM,
                                   [&number](const sql::Statement& row) { number = row.integer(0); }, account, amount));
    if (!room) return false;
    EC_ASSIGN(const std::int64_t made, change(database,
                                              "INSERT INTO hold (id, account, amount, expires_ms) "
                                              "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO NOTHING",
                                              hold, number, amount, expires_ms));
    return made == 1;
}

#undef EC_ACCOUNT_WITH_ROOM

/// A hold and whom it is to pay, as pay() needs them.
struct Payment {
    std::int64_t hold = 0;
    bool closed = false;
    std::int64_t rest = 0;
    std::int64_t payee = 0;  ///< 0: there is none of that name
    std::int64_t room = 0;
};

Result<std::optional<Payment>> look_up(sql::Database& database, std::string_view hold, std::string_view to) {
    Payment payment;
    EC_ASSIGN(const bool found, one_row(
                                    database,
                                    "SELECT hold.number, hold.closed, hold.amount - hold.paid, account.number, "
                                    "account.balance FROM hold LEFT JOIN account "
                                    "ON account.id = ?2 AND account.unit = 'mcredit' WHERE hold.id = ?1",
                                    [&](const sql::Statement& row) {
                                        payment = {row.integer(0), row.integer(1) != 0, row.integer(2), row.integer(3),
                                                   kMostBalance - row.integer(4)};
                                    },
                                    hold, to));
    return found ? std::optional(payment) : std::nullopt;
}

Status check_payment(const std::optional<Payment>& payment, std::string_view hold, std::string_view to,
                     std::int64_t amount) {
    if (!payment) return fail(ErrorCode::not_found, fmt::format("there is no hold {}", hold));
    if (payment->payee == 0) return no_account(to);
    if (payment->closed) return fail(ErrorCode::conflict, fmt::format("hold {} is closed", hold));
    if (payment->rest < amount) return fail(ErrorCode::denied, fmt::format("hold {} has too little left", hold));
    if (payment->room < amount)
        return fail(ErrorCode::invalid_argument, fmt::format("account {} cannot hold so much", to));
    return {};
}

}  // namespace

Status Books::open_account(std::string_view id, AccountKind kind, std::optional<Credits> floor) {
    EC_TRY(check_name(id, "an account"));
    if (floor && (*floor > Credits() || floor->milli() < -kMostBalance))
        return fail(ErrorCode::invalid_argument, "the floor of an account is zero or below");
    const std::optional<std::int64_t> lowest = floor ? std::optional(floor->milli()) : std::nullopt;
    EC_TRY(change(database_,
                  "INSERT INTO account (id, unit, kind, floor) VALUES (?1, 'mcredit', ?2, ?3) "
                  "ON CONFLICT (id) DO NOTHING",
                  id, name(kind), lowest));
    std::string have;
    EC_TRY(one_row(
        database_, "SELECT unit, kind FROM account WHERE id = ?1",
        [&](const sql::Statement& row) { have = row.text(0) + " " + row.text(1); }, id));
    if (have == fmt::format("mcredit {}", name(kind))) return {};
    return fail(ErrorCode::conflict, fmt::format("account {} is there and of another kind", id));
}

Result<Account> Books::account(std::string_view id) {
    Result<Account> account = Account{};
    EC_ASSIGN(const bool found,
              one_row(database_, kReadAccount, [&](const sql::Statement& row) { account = read_account(row); }, id));
    if (!found) return no_account(id);
    return account;
}

Result<std::vector<Account>> Books::accounts(std::string_view after, unsigned most) {
    std::vector<Account> accounts;
    EC_ASSIGN(sql::Statement * rows, database_.cached(kReadAccounts));
    EC_TRY(rows->bind(after, most));
    for (;;) {
        EC_ASSIGN(const bool row, rows->step());
        if (!row) return accounts;
        EC_ASSIGN(Account account, read_account(*rows));
        accounts.push_back(std::move(account));
    }
}

Status Books::hold(std::string_view hold, std::string_view account, Credits amount, std::int64_t expires_ms) {
    EC_TRY(check_name(hold, "a hold"));
    EC_TRY(check_name(account, "an account"));
    EC_TRY(check_amount(amount.milli()));
    EC_ASSIGN(const bool made, set_aside(database_, hold, account, amount.milli(), expires_ms));
    if (made) return {};
    bool same = false;
    EC_ASSIGN(const bool there,
              one_row(
                  database_,
                  "SELECT account.id, hold.amount FROM hold JOIN account ON account.number = hold.account "
                  "WHERE hold.id = ?1",
                  [&](const sql::Statement& row) { same = row.text(0) == account && row.integer(1) == amount.milli(); },
                  hold));
    if (same) return {};
    if (there) return fail(ErrorCode::conflict, fmt::format("hold {} is there and differs", hold));
    EC_TRY(this->account(account));
    return fail(ErrorCode::denied, fmt::format("account {} has too little credit", account));
}

Result<bool> Books::pay(std::string_view hold, std::string_view dedupe, std::string_view to, Credits amount,
                        std::int64_t now_ms, Rest rest) {
    EC_TRY(check_name(dedupe, "the name of a transaction"));
    EC_TRY(check_amount(amount.milli()));
    EC_ASSIGN(const std::optional<Payment> payment, look_up(database_, hold, to));
    if (Status good = check_payment(payment, hold, to, amount.milli()); !good)
        return unless_made_before(database_, dedupe, std::unexpected(std::move(good).error()));
    EC_ASSIGN(const std::optional<std::int64_t> transaction, open_transaction(database_, "pay", dedupe, now_ms));
    if (!transaction) return false;
    EC_ASSIGN(const std::int64_t taken, change(database_,
                                               "UPDATE hold SET paid = paid + ?1, last_txn = ?2, closed = ?4 "
                                               "WHERE number = ?3 AND closed = 0 AND amount - paid >= ?1",
                                               amount.milli(), *transaction, payment->hold, rest == Rest::released));
    EC_TRY(expect_one(taken));
    EC_TRY(move(database_, *transaction, payment->payee, amount.milli()));
    EC_TRY(seal(database_, *transaction));
    return true;
}

Status Books::release(std::string_view hold) {
    EC_ASSIGN(const std::int64_t closed,
              change(database_, "UPDATE hold SET closed = 1 WHERE id = ?1 AND closed = 0", hold));
    if (closed == 1) return {};
    EC_ASSIGN(const bool there,
              one_row(database_, "SELECT 1 FROM hold WHERE id = ?1", [](const sql::Statement&) {}, hold));
    if (there) return {};
    return fail(ErrorCode::not_found, fmt::format("there is no hold {}", hold));
}

Result<bool> Books::post(std::string_view kind, std::string_view dedupe, std::span<const Entry> entries,
                         std::int64_t now_ms) {
    EC_TRY(check_name(kind, "the kind of a transaction", kMostKind));
    EC_TRY(check_name(dedupe, "the name of a transaction"));
    EC_TRY(check_entries(entries));
    Result<std::vector<Leg>> legs = legs_of(database_, entries);
    if (!legs) return unless_made_before(database_, dedupe, std::unexpected(std::move(legs).error()));
    EC_ASSIGN(const std::optional<std::int64_t> transaction, open_transaction(database_, kind, dedupe, now_ms));
    if (!transaction) return false;
    for (const Leg& leg : *legs) EC_TRY(move(database_, *transaction, leg.account, leg.amount));
    EC_TRY(seal(database_, *transaction));
    return true;
}

Result<std::int64_t> Books::made_at(std::string_view dedupe) {
    std::int64_t at_ms = 0;
    EC_ASSIGN(const bool made, one_row(
                                   database_, "SELECT created_ms FROM txn WHERE dedupe = ?1",
                                   [&at_ms](const sql::Statement& row) { at_ms = row.integer(0); }, dedupe));
    if (made) return at_ms;
    return fail(ErrorCode::not_found, "there is no such transaction");
}

}  // namespace ec::ledger
