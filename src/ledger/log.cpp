#include <fmt/format.h>

#include <algorithm>
#include <ec/crypto/base64.hpp>
#include <ec/ledger/log.hpp>

#include "note.hpp"
#include "one_row.hpp"
#include "tiles.hpp"

namespace ec::ledger {
namespace {

constexpr std::size_t kMostLeaf = 65'535;
constexpr std::int64_t kIntegratorLock = 0x6563'6c6f'6700;

/// How large the tree is, and how large it was when it was last signed; -1: never.
struct Head {
    std::uint64_t size = 0;
    std::int64_t signed_size = -1;
    std::string note;
};

Result<Head> read_head(sql::Database& database) {
    Head head;
    EC_TRY(one_row(database, "SELECT size, signed_size, note FROM log_head", [&](const sql::Statement& row) {
        head = {static_cast<std::uint64_t>(row.integer(0)), row.integer(1), row.text(2)};
    }));
    return head;
}

// One integrator at a time: on SQLite a transaction is alone anyhow.
Status become_integrator(sql::Database& database) {
    if (database.dialect() != sql::Dialect::postgres) return {};
    EC_TRY(one_row(database, "SELECT pg_advisory_xact_lock(?1)", [](const sql::Statement&) {}, kIntegratorLock));
    return {};
}

struct Pending {
    std::int64_t number = 0;
    std::int64_t at_ms = 0;
    std::string leaf;
};

/// Takes the oldest of those whose transactions are committed.
Result<std::vector<Pending>> take_pending(sql::Database& database, unsigned most) {
    std::vector<Pending> taken;
    EC_ASSIGN(
        sql::Statement * rows,
        database.cached("DELETE FROM log_pending WHERE number IN "
                        "(SELECT number FROM log_pending ORDER BY number LIMIT ?1) RETURNING number, at_ms, leaf"));
    EC_TRY(rows->bind(most));
    for (;;) {
        EC_ASSIGN(const bool row, rows->step());
        if (!row) break;
        taken.push_back({rows->integer(0), rows->integer(1), rows->text(2)});
    }
    std::ranges::sort(taken, {}, &Pending::number);
    return taken;
}

Result<std::uint64_t> next_place(sql::Database& database) {
    std::uint64_t next = 0;
    EC_TRY(one_row(database, "SELECT coalesce(max(position), -1) + 1 FROM log_leaf",
                   [&](const sql::Statement& row) { next = static_cast<std::uint64_t>(row.integer(0)); }));
    return next;
}

/// The first place from which on leaves are of `at_ms` or later.
Result<std::uint64_t> first_from(sql::Database& database, std::uint64_t count, std::int64_t at_ms) {
    std::uint64_t low = 0;
    std::uint64_t high = count;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        std::int64_t at = 0;
        EC_TRY(one_row(
            database, "SELECT at_ms FROM log_leaf WHERE position = ?1",
            [&at](const sql::Statement& row) { at = row.integer(0); }, middle));
        if (at < at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Status put_leaf(sql::Database& database, std::uint64_t place, std::int64_t at_ms, std::string_view leaf) {
    const crypto::Sha256Digest hash = crypto::leaf_hash(leaf);
    EC_TRY(change(database, "INSERT INTO log_leaf (position, at_ms, leaf, hash) VALUES (?1, ?2, ?3, ?4)", place, at_ms,
                  sql::Blob{leaf}, sql::Blob{hash.bytes()}));
    return {};
}

}  // namespace

Status Log::append(std::string_view leaf, std::int64_t now_ms) {
    if (leaf.size() > kMostLeaf)
        return fail(ErrorCode::too_large, fmt::format("a leaf of the log is at most {} bytes", kMostLeaf));
    if (database_.dialect() == sql::Dialect::sqlite) {
        // Who writes there is alone until the commit: the next place is free, and commits are in the order of places.
        const crypto::Sha256Digest hash = crypto::leaf_hash(leaf);
        EC_TRY(change(database_,
                      "INSERT INTO log_leaf (position, at_ms, leaf, hash) "
                      "VALUES ((SELECT coalesce(max(position), -1) + 1 FROM log_leaf), ?1, ?2, ?3)",
                      now_ms, sql::Blob{leaf}, sql::Blob{hash.bytes()}));
        return {};
    }
    EC_TRY(change(database_, "INSERT INTO log_pending (at_ms, leaf) VALUES (?1, ?2)", now_ms, sql::Blob{leaf}));
    return {};
}

Result<std::uint64_t> Log::place(unsigned most) {
    EC_TRY(check_origin(origin_));
    EC_TRY(become_integrator(database_));
    EC_ASSIGN(const Head head, read_head(database_));
    EC_ASSIGN(std::uint64_t next, next_place(database_));
    const std::uint64_t end = head.size + most;
    if (next < end) {
        EC_ASSIGN(const std::vector<Pending> pending, take_pending(database_, static_cast<unsigned>(end - next)));
        for (const Pending& each : pending) EC_TRY(put_leaf(database_, next++, each.at_ms, each.leaf));
    }
    const std::uint64_t size = std::min(next, end);
    if (size == head.size) return 0U;
    EC_TRY(store_tiles(database_, head.size, size));
    EC_TRY(change(database_, "UPDATE log_head SET size = ?1", size));
    return size - head.size;
}

Status Log::check_signer() {
    EC_ASSIGN(const Head head, read_head(database_));
    if (head.signed_size < 0 || signed_by(head.note, key_.public_key())) return {};
    return fail(ErrorCode::conflict, "the log in this database is signed by another key",
                "copy secrets/log-key from the coordinator that made it");
}

Status Log::sign(std::int64_t now_ms) {
    EC_TRY(check_origin(origin_));
    EC_TRY(become_integrator(database_));
    EC_TRY(check_signer());
    EC_ASSIGN(const Head head, read_head(database_));
    if (head.signed_size == static_cast<std::int64_t>(head.size)) return {};
    TileReader tree(database_, head.size);
    EC_ASSIGN(const crypto::Sha256Digest root, crypto::tree_root(head.size, tree.nodes()));
    EC_TRY(change(database_, "UPDATE log_head SET signed_size = ?1, signed_ms = ?2, note = ?3", head.size, now_ms,
                  sign_checkpoint(origin_, head.size, root, key_)));
    return {};
}

// Two transactions: only a tree that is on the disk is ever signed, so that nobody has to remember a signature over a
// tree that a crash took back.
Result<std::uint64_t> Log::integrate(unsigned most, std::int64_t now_ms) {
    std::uint64_t placed = 0;
    {
        EC_ASSIGN(sql::Transaction transaction, sql::Transaction::begin(database_, sql::Writers::several));
        EC_ASSIGN(placed, place(most));
        EC_TRY(transaction.commit());
    }
    EC_ASSIGN(sql::Transaction transaction, sql::Transaction::begin(database_, sql::Writers::several));
    EC_TRY(sign(now_ms));
    EC_TRY(transaction.commit());
    return placed;
}

Result<std::string> Log::checkpoint() {
    EC_ASSIGN(Head head, read_head(database_));
    if (head.signed_size < 0) return fail(ErrorCode::not_found, "the log has no checkpoint yet");
    return std::move(head.note);
}

Result<std::string> Log::tile(std::string_view path) {
    EC_ASSIGN(const TileName name, parse_tile(path));
    EC_ASSIGN(const Head head, read_head(database_));
    const std::uint64_t all = hashes_of_level(head.size, name.level);
    if (name.number > all / kTileWidth || name.number * kTileWidth + name.width > all)
        return fail(ErrorCode::not_found, "the log has no such tile yet");
    TileReader tree(database_, head.size);
    if (name.entries) return tree.entries(name.number, name.width);
    EC_ASSIGN(std::string hashes, tree.hashes(name.level, name.number));
    hashes.resize(name.width * crypto::Sha256Digest::kBytes);
    return hashes;
}

// Nothing but the place of a leaf is indexed: leaves are written in the middle of everything, and looked for once in a
// while. Of two that commit at about the same time the later one may have the earlier time.
Result<Log::Leaf> Log::find(std::int64_t at_ms, std::string_view part) {
    constexpr std::int64_t kMostApart = 1'000;
    EC_ASSIGN(const std::uint64_t count, next_place(database_));
    EC_ASSIGN(const std::uint64_t first, first_from(database_, count, at_ms - kMostApart));
    EC_ASSIGN(const std::uint64_t end, first_from(database_, count, at_ms + kMostApart + 1));
    EC_ASSIGN(sql::Statement * rows, database_.cached("SELECT position, leaf FROM log_leaf "
                                                      "WHERE position >= ?1 AND position < ?2 AND at_ms = ?3"));
    EC_TRY(rows->bind(first, end, at_ms));
    Result<Leaf> found = fail(ErrorCode::not_found, "the log has no such leaf yet");
    for (;;) {  // to the end: an open read would keep the database's own log from being emptied
        EC_ASSIGN(const bool row, rows->step());
        if (!row) return found;
        std::string leaf = rows->text(1);
        if (!found && leaf.find(part) != std::string::npos)
            found = Leaf{static_cast<std::uint64_t>(rows->integer(0)), std::move(leaf)};
    }
}

Result<std::string> Log::receipt(std::uint64_t index) {
    EC_ASSIGN(const Head head, read_head(database_));
    if (head.signed_size < 0 || index >= static_cast<std::uint64_t>(head.signed_size))
        return fail(ErrorCode::not_found, "no checkpoint covers this leaf yet");
    TileReader tree(database_, static_cast<std::uint64_t>(head.signed_size));
    EC_ASSIGN(const crypto::Proof proof,
              crypto::inclusion_proof(index, static_cast<std::uint64_t>(head.signed_size), tree.nodes()));
    std::string text = fmt::format("c2sp.org/tlog-proof@v1\nindex {}\n", index);
    for (const crypto::Sha256Digest& hash : proof) text += crypto::base64(hash.bytes()) + '\n';
    return text + '\n' + head.note;
}

std::string Log::verifier_key() const { return ledger::verifier_key(origin_, key_.public_key()); }

}  // namespace ec::ledger
