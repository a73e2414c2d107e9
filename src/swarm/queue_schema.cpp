#include <array>
#include <ec/swarm/queue.hpp>

namespace ec::swarm {
namespace {

// waits: when a task that waits may be claimed, which is also its place in the lane; NULL while it does not wait.
// due: when sweep() has to look at a lease. holder: who has it or made the result that is being checked.
// pending: payments that lie beside their account until clears_ms, then move to it, or back to the payer if forfeited.
// level: log2 of decayed use, in units of 2^-32, inflated by one for every half-life since 1970, so that decay never
// rewrites a row; a lane's is its account's less the weight.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE shape (
  id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (id)
) STRICT;
CREATE TABLE share (
  account TEXT NOT NULL, level INTEGER NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY (account)
) STRICT, WITHOUT ROWID;
CREATE TABLE lane (
  id INTEGER NOT NULL, shape INTEGER NOT NULL, priority INTEGER NOT NULL, account TEXT NOT NULL,
  level INTEGER NOT NULL, queued INTEGER NOT NULL, PRIMARY KEY (id)
) STRICT;
CREATE INDEX lane_best ON lane (shape, priority DESC, level) WHERE queued > 0;
CREATE INDEX lane_account ON lane (account);
CREATE TABLE job (
  id TEXT NOT NULL, account TEXT NOT NULL, idem_key TEXT, body_hash BLOB NOT NULL, kind INTEGER NOT NULL,
  state INTEGER NOT NULL, reason TEXT NOT NULL, verification INTEGER NOT NULL, priority INTEGER NOT NULL,
  trust_group TEXT NOT NULL, group_key BLOB NOT NULL, cache_key TEXT NOT NULL, snapshot TEXT NOT NULL,
  bundle TEXT NOT NULL, expected INTEGER NOT NULL, same_as TEXT NOT NULL, held INTEGER NOT NULL, spent INTEGER NOT NULL,
  owed INTEGER NOT NULL,
  tasks INTEGER NOT NULL, open INTEGER NOT NULL, checking INTEGER NOT NULL, live INTEGER NOT NULL,
  graph INTEGER NOT NULL, events INTEGER NOT NULL, result_task INTEGER NOT NULL, submitted_ms INTEGER NOT NULL,
  ends_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX job_idem ON job (account, idem_key) WHERE idem_key IS NOT NULL;
CREATE INDEX job_account ON job (account, id);
CREATE INDEX job_expires ON job (expires);
CREATE TABLE task (
  job TEXT NOT NULL, number INTEGER NOT NULL, task_key TEXT NOT NULL, kind INTEGER NOT NULL, role INTEGER NOT NULL,
  subject INTEGER NOT NULL, decides INTEGER NOT NULL, state INTEGER NOT NULL, shape INTEGER NOT NULL,
  lane INTEGER NOT NULL, waits INTEGER, queued_ms INTEGER NOT NULL, after_left INTEGER NOT NULL,
  attempt INTEGER NOT NULL, failures INTEGER NOT NULL, helpers INTEGER NOT NULL, fence INTEGER NOT NULL,
  reported INTEGER NOT NULL, worker TEXT NOT NULL, worker_account TEXT NOT NULL, holder TEXT,
  leased_ms INTEGER NOT NULL, lease_until INTEGER NOT NULL, late_ms INTEGER NOT NULL, due INTEGER,
  expected_s INTEGER NOT NULL, shard INTEGER NOT NULL, shards INTEGER NOT NULL, price INTEGER NOT NULL,
  outcome INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_waits ON task (lane, waits, job, number) WHERE waits IS NOT NULL;
CREATE INDEX task_due ON task (due) WHERE due IS NOT NULL;
CREATE INDEX task_holder ON task (holder) WHERE holder IS NOT NULL;
CREATE TABLE task_after (
  job TEXT NOT NULL, number INTEGER NOT NULL, on_number INTEGER NOT NULL, PRIMARY KEY (job, number, on_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_after_on ON task_after (job, on_number);
CREATE TABLE task_exclusion (
  job TEXT NOT NULL, number INTEGER NOT NULL, worker TEXT NOT NULL, until_ms INTEGER NOT NULL,
  PRIMARY KEY (job, number, worker)
) STRICT, WITHOUT ROWID;
CREATE TABLE sealed (
  job TEXT NOT NULL, place INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (job, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  job TEXT NOT NULL, sequence INTEGER NOT NULL, task INTEGER NOT NULL, type TEXT NOT NULL, state INTEGER NOT NULL,
  reason TEXT NOT NULL, node TEXT NOT NULL, data BLOB NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (job, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE trust (
  worker TEXT NOT NULL, kind INTEGER NOT NULL, streak INTEGER NOT NULL, PRIMARY KEY (worker, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE liar (
  worker TEXT NOT NULL, lies INTEGER NOT NULL, barred_until INTEGER NOT NULL, PRIMARY KEY (worker)
) STRICT, WITHOUT ROWID;
CREATE TABLE pending (
  job TEXT NOT NULL, number INTEGER NOT NULL, worker TEXT NOT NULL, account TEXT NOT NULL, payer TEXT NOT NULL,
  milli INTEGER NOT NULL, clears_ms INTEGER NOT NULL, forfeited INTEGER NOT NULL, PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_clears ON pending (clears_ms);
CREATE INDEX pending_worker ON pending (worker);
CREATE TABLE work_cache (
  scope TEXT NOT NULL, cache_key TEXT NOT NULL, job TEXT NOT NULL, PRIMARY KEY (scope, cache_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_cache_job ON work_cache (job);
CREATE TABLE job_key (
  job TEXT NOT NULL, node TEXT NOT NULL, sealed BLOB, PRIMARY KEY (job, node)
) STRICT, WITHOUT ROWID;
CREATE TABLE store_account (
  account TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (account)
) STRICT, WITHOUT ROWID;
CREATE TABLE blob (
  account TEXT NOT NULL, id TEXT NOT NULL, bytes BLOB NOT NULL, size INTEGER NOT NULL, refs INTEGER NOT NULL,
  used_ms INTEGER NOT NULL, PRIMARY KEY (account, id)
) STRICT;
CREATE INDEX blob_unused ON blob (used_ms) WHERE refs = 0;
CREATE TABLE bundle (
  account TEXT NOT NULL, id TEXT NOT NULL, jobs INTEGER NOT NULL, PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE bundle_blob (
  account TEXT NOT NULL, bundle TEXT NOT NULL, blob TEXT NOT NULL, PRIMARY KEY (account, bundle, blob)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_blob (
  job TEXT NOT NULL, blob TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (job, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_blob_name ON job_blob (blob);
)sql";

constexpr std::string_view kFirstDown = R"sql(
DROP TABLE job_blob; DROP TABLE bundle_blob; DROP TABLE bundle; DROP TABLE blob; DROP TABLE store_account;
DROP TABLE job_key; DROP TABLE work_cache; DROP TABLE pending; DROP TABLE liar; DROP TABLE trust; DROP TABLE event; DROP TABLE sealed;
DROP TABLE task_exclusion; DROP TABLE task_after; DROP TABLE task; DROP TABLE job; DROP TABLE lane; DROP TABLE share;
DROP TABLE shape;
)sql";

}  // namespace

std::span<const sql::Migration> swarm_migrations() {
    static constexpr std::array<sql::Migration, 1> kSteps{
        {{.number = 1, .name = "queue", .sql = kFirst, .down = kFirstDown}}};
    return kSteps;
}

}  // namespace ec::swarm
