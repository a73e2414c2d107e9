// What somebody with the database in hand might try: the database itself refuses, and nothing has changed.
#include "books_fixture.hpp"

namespace ec::ledger {
namespace {

struct Attack {
    std::string_view what;
    std::vector<std::string_view> statements;
};

// alice (2) has 1000 less 100 paid to bob (3) out of hold 1 of 400, which is open; hold 2 is closed. Transaction 1 is
// the grant, 2 the payment.
const std::vector<Attack> kAttacks{
    {"an account is born rich", {"INSERT INTO account (id, unit, kind, balance) VALUES ('eve', 'mcredit', 'user', 5)"}},
    {"an account is born with something set aside",
     {"INSERT INTO account (id, unit, kind, held) VALUES ('eve', 'mcredit', 'user', 5)"}},
    {"an account is born with entries",
     {"INSERT INTO account (id, unit, kind, entries) VALUES ('eve', 'mcredit', 'user', 5)"}},
    {"a balance is edited", {"UPDATE account SET balance = 5000 WHERE id = 'bob'"}},
    {"a balance is edited and counted",
     {"UPDATE account SET balance = balance + 5, entries = entries + 1 WHERE id = 'bob'"}},
    {"a balance is edited under a transaction that is sealed",
     {"UPDATE account SET balance = balance + 5, entries = entries + 1, last_txn = 1 WHERE id = 'bob'"}},
    {"a balance is edited under a transaction that is not there",
     {"UPDATE account SET balance = balance + 5, entries = entries + 1, last_txn = 99 WHERE id = 'bob'"}},
    {"the count of entries is edited", {"UPDATE account SET entries = entries + 1 WHERE id = 'bob'"}},
    {"the last transaction is edited", {"UPDATE account SET last_txn = 1 WHERE id = 'bob'"}},
    {"a floor is lowered", {"UPDATE account SET floor = -5000 WHERE id = 'bob'"}},
    {"a floor is taken away", {"UPDATE account SET floor = NULL WHERE id = 'bob'"}},
    {"a unit is changed", {"UPDATE account SET unit = 'msat' WHERE id = 'bob'"}},
    {"a kind is changed", {"UPDATE account SET kind = 'mint' WHERE id = 'bob'"}},
    {"an account is renamed", {"UPDATE account SET id = 'eve' WHERE id = 'bob'"}},
    {"an account is renumbered", {"UPDATE account SET number = 77 WHERE id = 'carol'"}},
    {"an account is deleted", {"DELETE FROM account WHERE id = 'carol'"}},
    {"what is set aside is freed", {"UPDATE account SET held = 0 WHERE id = 'alice'"}},
    {"what is set aside is freed by a hold that is closed",
     {"UPDATE account SET held = 0, last_hold = 2 WHERE id = 'alice'"}},
    {"what is set aside is freed by the hold that holds it",
     {"UPDATE account SET held = held - 300, last_hold = 1 WHERE id = 'alice'"}},
    {"an entry is edited", {"UPDATE entry SET amount = amount + 1 WHERE sequence = 1"}},
    {"an entry is deleted", {"DELETE FROM entry WHERE txn = 2"}},
    {"an entry is added to a transaction that is sealed",
     {"INSERT INTO entry (account, sequence, txn, amount, balance_after) SELECT number, entries + 1, 1, 5, balance + 5 "
      "FROM account WHERE id = 'bob'"}},
    {"an entry is added without its account",
     {"INSERT INTO txn (number, kind, dedupe, created_ms) VALUES (50, 'x', 'x', 0)",
      "INSERT INTO entry (account, sequence, txn, amount, balance_after) SELECT number, entries + 1, 50, 5, balance + "
      "5 "
      "FROM account WHERE id = 'bob'"}},
    {"a transaction is born sealed", {"INSERT INTO txn (kind, dedupe, created_ms, sealed) VALUES ('x', 'x', 0, 1)"}},
    {"a transaction is left open", {"INSERT INTO txn (kind, dedupe, created_ms) VALUES ('x', 'x', 0)"}},
    {"a transaction is sealed without entries",
     {"INSERT INTO txn (number, kind, dedupe, created_ms) VALUES (50, 'x', 'x', 0)",
      "UPDATE txn SET sealed = 1 WHERE number = 50"}},
    {"a transaction is sealed with one entry",
     {"INSERT INTO txn (number, kind, dedupe, created_ms) VALUES (50, 'x', 'x', 0)",
      "UPDATE account SET balance = balance + 5, entries = entries + 1, last_txn = 50 WHERE id = 'bob'",
      "UPDATE txn SET sealed = 1 WHERE number = 50"}},
    {"a transaction is sealed that does not balance",
     {"INSERT INTO txn (number, kind, dedupe, created_ms) VALUES (50, 'x', 'x', 0)",
      "UPDATE account SET balance = balance + 5, entries = entries + 1, last_txn = 50 WHERE id = 'bob'",
      "UPDATE account SET balance = balance - 4, entries = entries + 1, last_txn = 50 WHERE id = 'mint'",
      "UPDATE txn SET sealed = 1 WHERE number = 50"}},
    {"a transaction balances over two units only",
     {"INSERT INTO account (id, unit, kind) VALUES ('sats', 'msat', 'ln_clearing')",
      "INSERT INTO txn (number, kind, dedupe, created_ms) VALUES (50, 'x', 'x', 0)",
      "UPDATE account SET balance = balance + 5, entries = entries + 1, last_txn = 50 WHERE id = 'bob'",
      "UPDATE account SET balance = balance - 5, entries = entries + 1, last_txn = 50 WHERE id = 'sats'",
      "UPDATE txn SET sealed = 1 WHERE number = 50"}},
    {"an account goes below its floor",
     {"INSERT INTO txn (number, kind, dedupe, created_ms) VALUES (50, 'x', 'x', 0)",
      "UPDATE account SET balance = balance - 601, entries = entries + 1, last_txn = 50 WHERE id = 'alice'"}},
    {"a transaction is opened again", {"UPDATE txn SET sealed = 0 WHERE number = 2"}},
    {"a transaction is renamed", {"UPDATE txn SET dedupe = 'x' WHERE number = 2"}},
    {"a transaction is deleted", {"DELETE FROM txn WHERE number = 2"}},
    {"a name is used twice", {"INSERT INTO txn (kind, dedupe, created_ms) VALUES ('pay', 'task-1', 0)"}},
    {"a hold is born closed", {"INSERT INTO hold (id, account, amount, closed, expires_ms) VALUES ('h', 2, 1, 1, 0)"}},
    {"a hold is born paid", {"INSERT INTO hold (id, account, amount, paid, expires_ms) VALUES ('h', 2, 1, 1, 0)"}},
    {"a hold is born counted already",
     {"INSERT INTO hold (id, account, amount, applied, expires_ms) VALUES ('h', 2, 1, 1, 0)"}},
    {"a hold takes more than there is", {"INSERT INTO hold (id, account, amount, expires_ms) VALUES ('h', 2, 601, 0)"}},
    {"a hold is of nothing", {"INSERT INTO hold (id, account, amount, expires_ms) VALUES ('h', 2, 0, 0)"}},
    {"a hold is closed twice", {"UPDATE hold SET closed = 0 WHERE id = 'job-2'"}},
    {"a closed hold pays", {"UPDATE hold SET paid = paid + 1 WHERE id = 'job-2'"}},
    {"a hold pays more than it has", {"UPDATE hold SET paid = amount + 1 WHERE id = 'job-1'"}},
    {"a hold pays without a transaction", {"UPDATE hold SET paid = paid + 1 WHERE id = 'job-1'"}},
    {"a payment is taken back", {"UPDATE hold SET paid = 0 WHERE id = 'job-1'"}},
    {"a hold is made smaller", {"UPDATE hold SET amount = 100 WHERE id = 'job-1'"}},
    {"a hold is given to another", {"UPDATE hold SET account = 3 WHERE id = 'job-1'"}},
    {"a hold is not counted", {"UPDATE hold SET applied = 0 WHERE id = 'job-1'"}},
    {"a hold is deleted", {"DELETE FROM hold WHERE id = 'job-2'"}},
    {"an amount is too large",
     {"INSERT INTO hold (id, account, amount, expires_ms) VALUES ('h', 1, 2100000000000000001, 0)"}},
};

const std::vector<Attack> kPostgresAttacks{
    {"an entry is put in another's place",
     {"INSERT INTO entry SELECT account, sequence, txn, amount + 1, balance_after FROM entry WHERE account = 2 "
      "ON CONFLICT (account, sequence) DO UPDATE SET amount = excluded.amount"}},
    {"the entries are emptied", {"TRUNCATE entry"}},
    {"everything is emptied", {"TRUNCATE account, txn, entry, hold"}},
    {"a hold is of no account", {"INSERT INTO hold (id, account, amount, expires_ms) VALUES ('h', 99, 1, 0)"}},
    {"an entry is of no transaction",
     {"INSERT INTO entry (account, sequence, txn, amount, balance_after) SELECT number, entries + 1, 99, 5, balance + "
      "5 "
      "FROM account WHERE id = 'bob'"}},
};

const std::vector<Attack> kSqliteAttacks{
    {"an account is replaced",
     {"INSERT OR REPLACE INTO account (number, id, unit, kind) VALUES (2, 'alice', 'mcredit', 'user')"}},
    {"an entry is replaced",
     {"INSERT OR REPLACE INTO entry SELECT account, sequence, txn, amount, balance_after FROM entry WHERE account = "
      "2"}},
    {"a transaction is replaced",
     {"INSERT OR REPLACE INTO txn (number, kind, dedupe, created_ms) VALUES (2, 'pay', 'task-1', 0)"}},
    {"a hold is replaced",
     {"INSERT OR REPLACE INTO hold (number, id, account, amount, expires_ms) VALUES (1, 'job-1', 2, 1, 0)"}},
    {"an account is renumbered by its rowid", {"UPDATE account SET rowid = 77 WHERE id = 'carol'"}},
    {"an amount is a fraction", {"INSERT INTO hold (id, account, amount, expires_ms) VALUES ('h', 2, 1.5, 0)"}},
    {"an amount is a text", {"INSERT INTO hold (id, account, amount, expires_ms) VALUES ('h', 2, 'much', 0)"}},
};

class Attacks : public BooksFixture {
protected:
    void SetUp() override {
        BooksFixture::SetUp();
        if (!books_) return;
        ASSERT_TRUE(hold("job-1", "alice", 400));
        ASSERT_EQ(pay("job-1", "task-1", "bob", 100), true);
        ASSERT_TRUE(hold("job-2", "alice", 200));
        ASSERT_TRUE(release("job-2"));
    }
    /// All rows of the books.
    std::string everything() {
        std::string all;
        for (const char* query :
             {"SELECT number || ' ' || id || ' ' || unit || ' ' || kind || ' ' || coalesce(floor, 1) || ' ' || balance "
              "|| "
              "' ' || held || ' ' || entries || ' ' || coalesce(last_txn, 0) FROM account ORDER BY number",
              "SELECT number || ' ' || kind || ' ' || dedupe || ' ' || sealed FROM txn ORDER BY number",
              "SELECT account || ' ' || sequence || ' ' || txn || ' ' || amount || ' ' || balance_after FROM entry "
              "ORDER BY account, sequence",
              "SELECT number || ' ' || id || ' ' || account || ' ' || amount || ' ' || paid || ' ' || closed || ' ' || "
              "applied FROM hold ORDER BY number"}) {
            auto rows = database_->prepare(query);
            EXPECT_TRUE(rows) << rows.error().message;
            while (*rows->step()) all += rows->text(0) + '\n';
        }
        return all;
    }
    /// Whether all of it could be committed.
    Status commit(const Attack& attack) {
        return within([&]() -> Status {
            for (const std::string_view statement : attack.statements) EC_TRY(database_->run(statement));
            return {};
        });
    }
    void expect_refused(const std::vector<Attack>& attacks) {
        const std::string before = everything();
        ASSERT_NE(before.find("2 alice mcredit user 0 900 300 2 2"), std::string::npos) << before;
        for (const Attack& attack : attacks) {
            const Status outcome = commit(attack);
            EXPECT_EQ(code(outcome), ErrorCode::conflict)
                << attack.what << ": " << (outcome ? "it was taken" : outcome.error().message);
            EXPECT_EQ(everything(), before) << attack.what;
        }
    }
};

EC_ON_EVERY_ENGINE(Attacks);

TEST_P(Attacks, TheSchemaRefusesThem) { expect_refused(kAttacks); }
TEST_P(Attacks, TheSchemaRefusesThoseThatThisEngineMakesPossible) {
    expect_refused(GetParam() == sql::Dialect::sqlite ? kSqliteAttacks : kPostgresAttacks);
}

}  // namespace
}  // namespace ec::ledger
