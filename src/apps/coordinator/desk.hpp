// Everything that is done inside a transaction of the coordinator's database, over one connection: the queue, the
// books, the log, the nodes, blobs and keys that stand in it. One a connection, and of the connection's thread.
#pragma once

#include <ec/crypto/signing.hpp>
#include <ec/identity/registry.hpp>
#include <ec/ledger/books.hpp>
#include <ec/ledger/log.hpp>
#include <ec/sql/sql.hpp>
#include <ec/swarm/pricing.hpp>
#include <ec/swarm/queue.hpp>
#include <ec/swarm/store.hpp>
#include <functional>
#include <string>

namespace ec::apps::coordinator {

/// What all desks have in common.
struct DeskRules {
    const swarm::Pricing& pricing;
    std::string log_origin;
    crypto::SecretKey log_key;
    std::function<std::int64_t()> now_ms;
    std::function<std::uint64_t()> random;
    swarm::QueueRules queue = {};
    swarm::BlobRules blobs = {};
    bool logged = true;
};

struct Desk {
    Desk(sql::Database& connection, const DeskRules& with)
        : rules(with),
          database(connection),
          registry(connection),
          books(connection),
          log(connection, with.log_origin, with.log_key),
          queue({.database = connection,
                 .books = books,
                 .log = with.logged ? &log : nullptr,
                 .pricing = with.pricing,
                 .now_ms = with.now_ms,
                 .random = with.random},
                with.queue),
          blobs(connection, with.blobs),
          keys(connection) {}
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    [[nodiscard]] std::int64_t now_ms() const { return rules.now_ms(); }

    const DeskRules& rules;
    sql::Database& database;
    identity::Registry registry;
    ledger::Books books;
    ledger::Log log;
    swarm::Queue queue;
    swarm::Blobs blobs;
    swarm::Keys keys;
};

}  // namespace ec::apps::coordinator
