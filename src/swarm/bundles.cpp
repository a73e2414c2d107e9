#include "bundles.hpp"

#include <algorithm>
#include <ec/crypto/sha256.hpp>
#include <vector>

#include "rows.hpp"

namespace ec::swarm {
namespace {

Status add_blob(sql::Database& database, const std::string& account, const std::string& bundle, const BlobId& blob) {
    EC_ASSIGN(sql::Statement * refs, database.cached("UPDATE blob SET refs = refs + 1 WHERE account = ?1 AND id = ?2"));
    EC_TRY(refs->run(account, blob.text()));
    if (database.changed_rows() == 0)
        return fail(ErrorCode::not_found, "blobs: one of them is not here", "put what is missing first");
    EC_ASSIGN(sql::Statement * member,
              database.cached("INSERT INTO bundle_blob (account, bundle, blob) VALUES (?1, ?2, ?3)"));
    return member->run(account, bundle, blob.text());
}

}  // namespace

Result<std::string> keep_bundle(sql::Database& database, const std::string& account, std::span<const BlobId> blobs) {
    if (blobs.empty()) return std::string();
    std::vector<BlobId> sorted(blobs.begin(), blobs.end());
    std::ranges::sort(sorted);
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    crypto::Sha256 digest;
    for (const BlobId& blob : sorted) digest.update(blob.text() + "\n");
    const std::string bundle = digest.finish().hex();
    EC_ASSIGN(sql::Statement * known,
              database.cached("UPDATE bundle SET jobs = jobs + 1 WHERE account = ?1 AND id = ?2"));
    EC_TRY(known->run(account, bundle));
    if (database.changed_rows() > 0) return bundle;
    EC_ASSIGN(sql::Statement * made, database.cached("INSERT INTO bundle (account, id, jobs) VALUES (?1, ?2, 1)"));
    EC_TRY(made->run(account, bundle));
    for (const BlobId& blob : sorted) EC_TRY(add_blob(database, account, bundle, blob));
    return bundle;
}

Status leave_bundle(sql::Database& database, const std::string& account, const std::string& bundle) {
    if (bundle.empty()) return {};
    EC_ASSIGN(sql::Statement * fewer,
              database.cached("UPDATE bundle SET jobs = jobs - 1 WHERE account = ?1 AND id = ?2 RETURNING jobs"));
    EC_TRY(fewer->bind(account, bundle));
    std::int64_t jobs = 1;
    EC_TRY(each_row(*fewer, [&jobs](const sql::Statement& row) { jobs = row.integer(0); }));
    if (jobs > 0) return {};
    EC_ASSIGN(sql::Statement * refs,
              database.cached("UPDATE blob SET refs = refs - 1 WHERE account = ?1 AND id IN "
                              "(SELECT blob FROM bundle_blob WHERE account = ?1 AND bundle = ?2)"));
    EC_TRY(refs->run(account, bundle));
    EC_ASSIGN(sql::Statement * members, database.cached("DELETE FROM bundle_blob WHERE account = ?1 AND bundle = ?2"));
    EC_TRY(members->run(account, bundle));
    EC_ASSIGN(sql::Statement * gone, database.cached("DELETE FROM bundle WHERE account = ?1 AND id = ?2"));
    return gone->run(account, bundle);
}

}  // namespace ec::swarm
