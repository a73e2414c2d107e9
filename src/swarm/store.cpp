#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/swarm/store.hpp>

#include "rows.hpp"

namespace ec::swarm {
namespace {

constexpr std::size_t kMostIds = 65'536;
constexpr std::size_t kMostFetched = 1024;
constexpr std::size_t kMostBytes = 64U << 20;
constexpr std::size_t kMostKey = 4096;
constexpr std::size_t kRowBytes = 128;  // that a blob takes beside its bytes: many small ones are much, too

Status check_count(std::size_t count, std::size_t most) {
    if (count <= most) return {};
    return fail(ErrorCode::too_large, fmt::format("at most {} blobs at once", most));
}

Status add_bytes(sql::Database& database, const std::string& account, std::int64_t more) {
    EC_ASSIGN(sql::Statement * statement,
              database.cached("INSERT INTO store_account (account, bytes) VALUES (?1, ?2) "
                              "ON CONFLICT (account) DO UPDATE SET bytes = store_account.bytes + excluded.bytes"));
    return statement->run(account, more);
}

Result<std::int64_t> bytes_of(sql::Database& database, const std::string& account) {
    EC_ASSIGN(sql::Statement * row, database.cached("SELECT bytes FROM store_account WHERE account = ?1"));
    EC_TRY(row->bind(account));
    EC_ASSIGN(const bool there, row->step());
    return there ? row->integer(0) : 0;
}

/// Whose names a node may ask for: its own account's, and those of the jobs that it works on or that are its account's.
struct Sight {
    std::vector<std::pair<std::string, std::string>> bundles;  ///< account and id
    std::vector<std::string> jobs;
};

Result<Sight> sight_of(sql::Database& database, const identity::Node& node) {
    Sight sight;
    EC_ASSIGN(sql::Statement * rows, database.cached("SELECT DISTINCT job.account, job.bundle, job.id FROM task "
                                                     "JOIN job ON job.id = task.job WHERE task.holder = ?1"));
    EC_TRY(rows->bind(node.id.text()));
    EC_TRY(each_row(*rows, [&sight](const sql::Statement& row) {
        if (!row.text(1).empty()) sight.bundles.emplace_back(row.text(0), row.text(1));
        sight.jobs.push_back(row.text(2));
    }));
    return sight;
}

/// The account under whose name the node sees this blob; empty: none.
Result<std::string> seen_under(sql::Database& database, const identity::Node& node, const Sight& sight,
                               const std::string& blob) {
    EC_ASSIGN(sql::Statement * own, database.cached("SELECT 1 FROM blob WHERE account = ?1 AND id = ?2"));
    EC_TRY(own->bind(node.account, blob));
    EC_ASSIGN(const bool is_own, own->step());
    if (is_own) return node.account;
    EC_ASSIGN(sql::Statement * member, database.cached("SELECT 1 FROM bundle_blob "
                                                       "WHERE account = ?1 AND bundle = ?2 AND blob = ?3"));
    for (const auto& [account, bundle] : sight.bundles) {
        EC_TRY(member->bind(account, bundle, blob));
        EC_ASSIGN(const bool there, member->step());
        if (there) return account;
    }
    EC_ASSIGN(sql::Statement * of_job, database.cached("SELECT account FROM job_blob WHERE job = ?1 AND blob = ?2"));
    for (const std::string& job : sight.jobs) {
        EC_TRY(of_job->bind(job, blob));
        EC_ASSIGN(const bool there, of_job->step());
        if (there) return of_job->text(0);
    }
    EC_ASSIGN(sql::Statement * results, database.cached("SELECT job_blob.account FROM job_blob "
                                                        "JOIN job ON job.id = job_blob.job "
                                                        "WHERE job_blob.blob = ?1 AND job.account = ?2 LIMIT 1"));
    EC_TRY(results->bind(blob, node.account));
    EC_ASSIGN(const bool there, results->step());
    return there ? results->text(0) : std::string();
}

}  // namespace

Result<std::vector<BlobId>> Blobs::missing(const std::string& account, std::span<const BlobId> ids,
                                           std::int64_t now_ms) {
    EC_TRY(check_count(ids.size(), kMostIds));
    EC_ASSIGN(sql::Statement * touch, database_.cached("UPDATE blob SET used_ms = ?3 WHERE account = ?1 AND id = ?2"));
    std::vector<BlobId> missing;
    for (const BlobId& id : ids) {
        EC_TRY(touch->run(account, id.text(), now_ms));
        if (database_.changed_rows() == 0) missing.push_back(id);
    }
    return missing;
}

Status Blobs::put(const std::string& account, std::span<const SealedBlob> blobs, std::int64_t now_ms) {
    EC_TRY(check_count(blobs.size(), kMostFetched));
    EC_ASSIGN(sql::Statement * insert,
              database_.cached("INSERT INTO blob (account, id, bytes, size, refs, used_ms) "
                               "VALUES (?1, ?2, ?3, ?4, 0, ?5) ON CONFLICT (account, id) DO NOTHING"));
    std::int64_t more = 0;
    for (const SealedBlob& blob : blobs) {
        if (blob.id.empty()) return fail(ErrorCode::invalid_argument, "a blob has a name");
        if (blob.bytes.size() > kBlobBytes)
            return fail(ErrorCode::too_large, fmt::format("a blob has at most {} bytes", kBlobBytes));
        const auto size = static_cast<std::int64_t>(blob.bytes.size() + kRowBytes);
        EC_TRY(insert->run(account, blob.id.text(), sql::Blob{blob.bytes}, size, now_ms));
        if (database_.changed_rows() > 0) more += size;
    }
    EC_ASSIGN(const std::int64_t stored, bytes_of(database_, account));
    if (stored + more > rules_.account_bytes)
        return fail({ErrorCode::over_quota,
                     "this account stores as much as it may",
                     "blobs that no job names are removed after a day",
                     {},
                     3600});
    return add_bytes(database_, account, more);
}

Result<std::vector<SealedBlob>> Blobs::fetch(const identity::Node& node, std::span<const BlobId> ids) {
    EC_TRY(check_count(ids.size(), kMostFetched));
    EC_ASSIGN(const Sight sight, sight_of(database_, node));
    EC_ASSIGN(sql::Statement * read, database_.cached("SELECT bytes FROM blob WHERE account = ?1 AND id = ?2"));
    std::vector<SealedBlob> blobs;
    std::size_t bytes = 0;
    for (const BlobId& id : ids) {
        EC_ASSIGN(const std::string account, seen_under(database_, node, sight, id.text()));
        if (account.empty()) continue;
        EC_TRY(read->bind(account, id.text()));
        EC_ASSIGN(const bool there, read->step());
        if (!there) continue;
        blobs.push_back({.id = id, .bytes = read->text(0)});
        bytes += blobs.back().bytes.size();
        if (bytes > kMostBytes)
            return fail(ErrorCode::too_large, "so many bytes at once are too many", "ask for fewer");
    }
    return blobs;
}

Result<std::size_t> Blobs::sweep(unsigned most, std::int64_t now_ms) {
    EC_ASSIGN(sql::Statement * rows,
              database_.cached("SELECT account, id, size FROM blob WHERE refs = 0 AND used_ms < ?1 "
                               "ORDER BY used_ms LIMIT ?2"));
    EC_TRY(rows->bind(now_ms - rules_.keep_ms, most));
    struct Old {
        std::string account, id;
        std::int64_t size;
    };
    std::vector<Old> old;
    EC_TRY(each_row(*rows, [&old](const sql::Statement& row) {
        old.push_back({.account = row.text(0), .id = row.text(1), .size = row.integer(2)});
    }));
    EC_ASSIGN(sql::Statement * remove, database_.cached("DELETE FROM blob WHERE account = ?1 AND id = ?2"));
    for (const Old& blob : old) {
        EC_TRY(remove->run(blob.account, blob.id));
        EC_TRY(add_bytes(database_, blob.account, -blob.size));
    }
    return old.size();
}

// --- keys

Status Keys::give(const std::string& account, const JobId& id, const identity::NodeId& node, std::string_view sealed) {
    if (sealed.empty() || sealed.size() > kMostKey)
        return fail_field("sealed", fmt::format("sealed: 1 to {} bytes", kMostKey));
    Rows rows(database_);
    EC_ASSIGN(const JobRow job, rows.job(id.text()));
    if (job.account != account) return fail(ErrorCode::not_found, "there is no such job");
    if (ended(job.state)) return fail(ErrorCode::conflict, "this job has ended");
    EC_ASSIGN(sql::Statement * statement,
              database_.cached("INSERT INTO job_key (job, node, sealed) VALUES (?1, ?2, ?3) "
                               "ON CONFLICT (job, node) DO UPDATE SET sealed = COALESCE(job_key.sealed, "
                               "excluded.sealed)"));
    return statement->run(job.id, node.text(), sql::Blob{sealed});
}

Result<std::string> Keys::key_of(const identity::Node& worker, const TaskId& id, Fence fence, std::int64_t now_ms) {
    EC_ASSIGN(const TaskPlace place, place_of(id));
    Rows rows(database_);
    EC_ASSIGN(JobRow job, rows.job(place.job));
    EC_ASSIGN(const TaskRow task, rows.task(place.job, place.number));
    const bool held = task.state == State::leased || task.state == State::running;
    if (!held || task.worker != worker.id.text() || task.fence != fence.value)
        return fail(ErrorCode::conflict, "stale_lease: this task is not yours any more");
    EC_ASSIGN(sql::Statement * row, database_.cached("SELECT sealed FROM job_key WHERE job = ?1 AND node = ?2"));
    EC_TRY(row->bind(job.id, worker.id.text()));
    EC_ASSIGN(const bool there, row->step());
    if (there) return row->text(0);
    EC_ASSIGN(sql::Statement * asked,
              database_.cached("INSERT INTO job_key (job, node, sealed) VALUES (?1, ?2, NULL)"));
    EC_TRY(asked->run(job.id, worker.id.text()));
    EC_TRY(rows.note(job, {.task = id,
                           .type = "key_wanted",
                           .state = task.state,
                           .reason = "key_wanted",
                           .node = worker.id,
                           .data = worker.key.hex(),
                           .at_ms = now_ms}));
    EC_TRY(rows.save(job));
    return std::string();
}

}  // namespace ec::swarm
