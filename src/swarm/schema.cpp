#include <array>
#include <ec/identity/registry.hpp>
#include <ec/ledger/books.hpp>
#include <ec/swarm/queue.hpp>
#include <ec/swarm/schema.hpp>

namespace ec::swarm {

std::span<const SchemaSet> coordinator_schema() {
    static const std::array<SchemaSet, 3> kSets{{{"identity", identity::identity_migrations()},
                                                 {"ledger", ledger::ledger_migrations()},
                                                 {"swarm", swarm_migrations()}}};
    return kSets;
}

Status migrate_coordinator(sql::Database& database) {
    for (const SchemaSet& set : coordinator_schema()) EC_TRY(sql::migrate(database, set.name, set.steps));
    return {};
}

}  // namespace ec::swarm
