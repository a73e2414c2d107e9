// The tables of the books and of the log, and the rules that the database itself keeps.
//
// How the rules hold together. An account's balance is moved by updating the account: the trigger writes the entry, so
// that there is no balance without its entries, and an entry is taken only where it is the account's newest and its
// transaction is still open. A transaction is sealed when it balances, in every unit, and one that is not sealed cannot
// be committed (the deferred reference finds no row 0). What an account has set aside moves only while a hold differs
// from what of it was `applied` to the account, which is so only inside the hold's own trigger. Every rule looks at a
// fixed number of rows.
#include "schema.hpp"

namespace ec::ledger::schema {

const std::string_view kBooksSqlite = R"sql(
CREATE TABLE account (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
  unit TEXT NOT NULL CHECK (unit IN ('mcredit', 'msat')),
  kind TEXT NOT NULL CHECK (kind IN
    ('user', 'escrow', 'fee', 'treasury', 'mint', 'ln_clearing', 'btc_clearing', 'suspense')),
  floor INTEGER CHECK (floor BETWEEN -4000000000000000000 AND 0),
  balance INTEGER NOT NULL DEFAULT 0 CHECK (balance BETWEEN -4000000000000000000 AND 4000000000000000000),
  held INTEGER NOT NULL DEFAULT 0 CHECK (held BETWEEN 0 AND 4000000000000000000),
  entries INTEGER NOT NULL DEFAULT 0,
  last_txn INTEGER,
  last_hold INTEGER,
  CHECK (floor IS NULL OR balance - held >= floor)
) STRICT;

CREATE TABLE txn_sealed (value INTEGER PRIMARY KEY CHECK (value = 1)) STRICT;
INSERT INTO txn_sealed (value) VALUES (1);

CREATE TABLE txn (
  number INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
  dedupe TEXT NOT NULL UNIQUE CHECK (length(dedupe) BETWEEN 1 AND 200),
  created_ms INTEGER NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0 REFERENCES txn_sealed (value) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE entry (
  account INTEGER NOT NULL REFERENCES account (number),
  sequence INTEGER NOT NULL CHECK (sequence > 0),
  txn INTEGER NOT NULL REFERENCES txn (number),
  amount INTEGER NOT NULL CHECK (amount <> 0 AND amount BETWEEN -2100000000000000000 AND 2100000000000000000),
  balance_after INTEGER NOT NULL,
  PRIMARY KEY (account, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_txn ON entry (txn);

CREATE TABLE hold (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE CHECK (length(id) BETWEEN 1 AND 200),
  account INTEGER NOT NULL REFERENCES account (number),
  amount INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 2100000000000000000),
  paid INTEGER NOT NULL DEFAULT 0 CHECK (paid BETWEEN 0 AND amount),
  closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
  applied INTEGER NOT NULL DEFAULT 0,
  last_txn INTEGER,
  expires_ms INTEGER NOT NULL
) STRICT;

CREATE TRIGGER account_born BEFORE INSERT ON account
WHEN NEW.balance <> 0 OR NEW.held <> 0 OR NEW.entries <> 0 OR NEW.last_txn IS NOT NULL OR NEW.last_hold IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an account is born empty'); END;
CREATE TRIGGER account_kept BEFORE DELETE ON account BEGIN SELECT RAISE(ABORT, 'an account stays'); END;
CREATE TRIGGER account_moves BEFORE UPDATE ON account BEGIN
  SELECT CASE
    WHEN NEW.number <> OLD.number OR NEW.id <> OLD.id OR NEW.unit <> OLD.unit OR NEW.kind <> OLD.kind
      OR NEW.floor IS NOT OLD.floor THEN RAISE(ABORT, 'an account keeps its name, unit, kind and floor')
    WHEN NEW.entries - OLD.entries <> (NEW.balance <> OLD.balance)
      OR (NEW.balance = OLD.balance AND NEW.last_txn IS NOT OLD.last_txn)
      THEN RAISE(ABORT, 'a balance moves by an entry')
    WHEN NEW.held <> OLD.held AND NOT EXISTS (SELECT 1 FROM hold WHERE number = NEW.last_hold
      AND account = OLD.number AND (1 - closed) * (amount - paid) - applied = NEW.held - OLD.held)
      THEN RAISE(ABORT, 'what is set aside moves by a hold')
  END;
END;
CREATE TRIGGER account_entry AFTER UPDATE OF balance ON account WHEN NEW.balance <> OLD.balance BEGIN
  INSERT INTO entry (account, sequence, txn, amount, balance_after)
    VALUES (NEW.number, NEW.entries, NEW.last_txn, NEW.balance - OLD.balance, NEW.balance);
END;

CREATE TRIGGER txn_born BEFORE INSERT ON txn WHEN NEW.sealed <> 0
BEGIN SELECT RAISE(ABORT, 'a transaction is born open'); END;
CREATE TRIGGER txn_kept BEFORE DELETE ON txn BEGIN SELECT RAISE(ABORT, 'a transaction stays'); END;
CREATE TRIGGER txn_seals BEFORE UPDATE ON txn BEGIN
  SELECT CASE
    WHEN OLD.sealed = 1 OR NEW.sealed <> 1 OR NEW.number <> OLD.number OR NEW.kind <> OLD.kind
      OR NEW.dedupe <> OLD.dedupe OR NEW.created_ms <> OLD.created_ms
      THEN RAISE(ABORT, 'a transaction is sealed once and stays')
    WHEN (SELECT count(*) < 2 OR sum(CASE unit WHEN 'mcredit' THEN amount ELSE 0 END) <> 0
        OR sum(CASE unit WHEN 'msat' THEN amount ELSE 0 END) <> 0
      FROM entry JOIN account ON account.number = entry.account WHERE entry.txn = OLD.number)
      THEN RAISE(ABORT, 'a transaction balances')
  END;
END;

CREATE TRIGGER entry_follows BEFORE INSERT ON entry BEGIN
  SELECT CASE
    WHEN (SELECT sealed FROM txn WHERE number = NEW.txn) = 1 THEN RAISE(ABORT, 'the transaction is sealed')
    WHEN NOT EXISTS (SELECT 1 FROM account WHERE number = NEW.account AND entries = NEW.sequence
      AND balance = NEW.balance_after AND last_txn = NEW.txn) THEN RAISE(ABORT, 'an entry follows its account')
  END;
END;
CREATE TRIGGER entry_fixed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'an entry stays'); END;
CREATE TRIGGER entry_kept BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'an entry stays'); END;

CREATE TRIGGER hold_born BEFORE INSERT ON hold
WHEN NEW.paid <> 0 OR NEW.closed <> 0 OR NEW.applied <> 0 OR NEW.last_txn IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a hold is born open'); END;
CREATE TRIGGER hold_opens AFTER INSERT ON hold BEGIN
  UPDATE account SET held = held + NEW.amount, last_hold = NEW.number WHERE number = NEW.account;
  UPDATE hold SET applied = NEW.amount WHERE number = NEW.number;
END;
CREATE TRIGGER hold_kept BEFORE DELETE ON hold BEGIN SELECT RAISE(ABORT, 'a hold stays'); END;
CREATE TRIGGER hold_moves BEFORE UPDATE ON hold BEGIN
  SELECT CASE
    WHEN NEW.number <> OLD.number OR NEW.id <> OLD.id OR NEW.account <> OLD.account OR NEW.amount <> OLD.amount
      OR NEW.expires_ms <> OLD.expires_ms THEN RAISE(ABORT, 'a hold keeps its name, account and amount')
    WHEN (OLD.closed = 1 AND (NEW.closed <> 1 OR NEW.paid <> OLD.paid)) OR NEW.paid < OLD.paid
      THEN RAISE(ABORT, 'a hold closes once')
    WHEN NEW.applied <> OLD.applied AND (NEW.paid <> OLD.paid OR NEW.closed <> OLD.closed
      OR NEW.applied <> (1 - NEW.closed) * (NEW.amount - NEW.paid))
      THEN RAISE(ABORT, 'what is set aside moves by a hold')
  END;
END;
CREATE TRIGGER hold_applies AFTER UPDATE OF paid, closed ON hold BEGIN
  UPDATE account SET
    held = held + (1 - NEW.closed) * (NEW.amount - NEW.paid) - OLD.applied, last_hold = NEW.number,
    balance = balance - (NEW.paid - OLD.paid), entries = entries + (NEW.paid <> OLD.paid),
    last_txn = CASE WHEN NEW.paid <> OLD.paid THEN NEW.last_txn ELSE last_txn END
    WHERE number = NEW.account;
  UPDATE hold SET applied = (1 - NEW.closed) * (NEW.amount - NEW.paid) WHERE number = NEW.number;
END;
)sql";

const std::string_view kBooksDown = R"sql(
DROP TABLE hold;
DROP TABLE entry;
DROP TABLE txn;
DROP TABLE txn_sealed;
DROP TABLE account;
)sql";

// A leaf has its place at once, next to what it tells of; it is part of the tree when the head's size says so. With
// several writers (PostgreSQL) it waits in log_pending for its place. A tile is kept when it is complete; one that is
// not is made of the rows below it.
const std::string_view kLogSqlite = R"sql(
CREATE TABLE log_pending (
  number INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  leaf BLOB NOT NULL CHECK (length(leaf) <= 65535)
) STRICT;

CREATE TABLE log_leaf (
  position INTEGER PRIMARY KEY CHECK (position >= 0),
  at_ms INTEGER NOT NULL,
  leaf BLOB NOT NULL CHECK (length(leaf) <= 65535),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE log_tile (
  level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 63),
  number INTEGER NOT NULL CHECK (number >= 0),
  hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
  root BLOB NOT NULL CHECK (length(root) = 32),
  UNIQUE (level, number)
) STRICT;

CREATE TABLE log_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size INTEGER NOT NULL CHECK (size >= 0),
  signed_size INTEGER NOT NULL CHECK (signed_size BETWEEN -1 AND size),
  signed_ms INTEGER NOT NULL,
  note TEXT NOT NULL
) STRICT;
INSERT INTO log_head (id, size, signed_size, signed_ms, note) VALUES (1, 0, -1, 0, '');

CREATE TRIGGER log_leaf_next BEFORE INSERT ON log_leaf
WHEN NEW.position <> coalesce((SELECT max(position) FROM log_leaf), -1) + 1
BEGIN SELECT RAISE(ABORT, 'a leaf takes the next place'); END;
CREATE TRIGGER log_leaf_fixed BEFORE UPDATE ON log_leaf BEGIN SELECT RAISE(ABORT, 'a leaf stays'); END;
CREATE TRIGGER log_leaf_kept BEFORE DELETE ON log_leaf BEGIN SELECT RAISE(ABORT, 'a leaf stays'); END;
CREATE TRIGGER log_tile_fixed BEFORE UPDATE ON log_tile BEGIN SELECT RAISE(ABORT, 'a tile stays'); END;
CREATE TRIGGER log_tile_kept BEFORE DELETE ON log_tile BEGIN SELECT RAISE(ABORT, 'a tile stays'); END;
CREATE TRIGGER log_head_grows BEFORE UPDATE ON log_head
WHEN NEW.size < OLD.size OR NEW.signed_size < OLD.signed_size
  OR (NEW.signed_size = OLD.signed_size AND NEW.note <> OLD.note)
BEGIN SELECT RAISE(ABORT, 'a log grows'); END;
CREATE TRIGGER log_head_kept BEFORE DELETE ON log_head BEGIN SELECT RAISE(ABORT, 'a log stays'); END;
)sql";

const std::string_view kLogDown = R"sql(
DROP TABLE log_head;
DROP TABLE log_tile;
DROP TABLE log_leaf;
DROP TABLE log_pending;
)sql";

}  // namespace ec::ledger::schema
