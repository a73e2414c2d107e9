// The tamper-evident log: C2SP tlog-tiles over an RFC 6962 Merkle tree, with signed checkpoints (C2SP tlog-checkpoint,
// signed-note). Anybody can verify it with standard tools.
//
// append() puts a leaf into the transaction that the caller has open: what happened and its leaf are there together, or
// neither. place() later counts the leaves into the tree, in the order of commits, and keeps its hashes; sign() signs a
// checkpoint; one at a time, whoever runs it. A checkpoint that was signed is kept before it is shown, and no later one
// contradicts it.
//
// A leaf is at most 65,535 bytes and holds hashes and ids, never a payload. Threads: as the Database.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/merkle.hpp>
#include <ec/crypto/signing.hpp>
#include <ec/sql/sql.hpp>
#include <string>
#include <string_view>

namespace ec::ledger {

class Log {
public:
    /// `origin`: the first line of checkpoints and the name of the key, such as "coordinator.example/log".
    Log(sql::Database& database, std::string origin, crypto::SecretKey key)
        : database_(database), origin_(std::move(origin)), key_(std::move(key)) {}

    Status append(std::string_view leaf, std::int64_t now_ms);

    /// `conflict` where the newest checkpoint was signed by another key: nobody would believe the two together.
    Status check_signer();
    /// Makes up to `most` leaves part of the tree, in the transaction that the caller has open; how many.
    Result<std::uint64_t> place(unsigned most);
    /// Signs a checkpoint over the tree, in the transaction that the caller has open: a later one than place()'s, for
    /// only a tree that is on the disk may be signed. Nothing where there is nothing new, but for an empty log's first.
    /// Errors as check_signer().
    Status sign(std::int64_t now_ms);
    /// place() and sign(), each in a transaction of its own; how many leaves were placed.
    Result<std::uint64_t> integrate(unsigned most, std::int64_t now_ms);

    /// The newest signed checkpoint, a signed note; `not_found` before the first integrate().
    Result<std::string> checkpoint();
    /// `path` as in the specification: "tile/0/x001/067", "tile/0/000.p/15", "tile/entries/000"; `not_found`,
    /// `invalid_argument`.
    Result<std::string> tile(std::string_view path);
    struct Leaf {
        std::uint64_t index = 0;
        std::string bytes;
    };
    /// The leaf that was appended at `at_ms` and holds `part`; `not_found` also while it has no place. Leaves lie in
    /// the order of their commits, so that one of a moment from which the clock was set back may not be found.
    Result<Leaf> find(std::int64_t at_ms, std::string_view part);
    /// A C2SP tlog-proof for a leaf that is placed: an offline receipt.
    Result<std::string> receipt(std::uint64_t index);
    /// The verifier key of signed notes: "origin+hash+key".
    [[nodiscard]] std::string verifier_key() const;

private:
    sql::Database& database_;
    std::string origin_;
    crypto::SecretKey key_;
};

}  // namespace ec::ledger
