#include "tests/queue_bed.hpp"

#include <array>
#include <ec/sql/testing/postgres.hpp>

namespace ec::swarm {
namespace {

/// One server for all cases of this program.
Result<sql::testing::Postgres*> server() {
    static const Result<std::unique_ptr<sql::testing::Postgres>> kServer = sql::testing::Postgres::start();
    if (!kServer) return fail(kServer.error());
    return kServer->get();
}

}  // namespace

Result<std::unique_ptr<QueueBed>> QueueBed::make(StoreKind store, QueueRules rules) {
    auto bed = std::make_unique<QueueBed>();
    EC_TRY(bed->open(store));
    EC_TRY(bed->begin(rules));
    return bed;
}

Result<std::unique_ptr<QueueBed>> QueueBed::at(const std::filesystem::path& file) {
    auto bed = std::make_unique<QueueBed>();
    EC_ASSIGN(bed->database, sql::Database::open(file));
    EC_TRY(bed->begin({}));
    return bed;
}

Status QueueBed::open(StoreKind store) {
    own_clock = store != StoreKind::postgres;
    if (store == StoreKind::memory) {
        EC_ASSIGN(database, sql::Database::open_in_memory());
    } else if (store == StoreKind::file) {
        EC_ASSIGN(folder, TempDir::create());
        EC_ASSIGN(database, sql::Database::open(folder->path() / "coordinator.db"));
    } else {
        EC_ASSIGN(sql::testing::Postgres * postgres, server());
        EC_ASSIGN(url, postgres->fresh());
        EC_ASSIGN(database, sql::Database::connect(url));
    }
    return {};
}

Status QueueBed::begin(QueueRules rules) {
    EC_TRY(sql::migrate(*database, "ledger", ledger::ledger_migrations()));
    EC_TRY(sql::migrate(*database, "swarm", swarm_migrations()));
    EC_TRY(sit_down(rules));
    EC_TRY(within([&] { return books->open_account("mint", ledger::AccountKind::mint, std::nullopt); }));
    for (const char* account : {"ann", "bob", "cid"}) {
        EC_TRY(within([&] { return books->open_account(account, ledger::AccountKind::user, ledger::Credits{}); }));
        grant(account, 100'000'000);
    }
    return {};
}

Status QueueBed::connect_again() {
    const QueueRules rules = rules_;
    queue.reset();
    log.reset();
    books.reset();
    EC_ASSIGN(database, sql::Database::connect(url));
    return sit_down(rules);
}

Status QueueBed::sit_down(QueueRules rules) {
    rules_ = rules;
    EC_ASSIGN(crypto::SecretKey key, crypto::SecretKey::parse(crypto::sha256("log key").hex()));
    books.emplace(*database);
    log.emplace(*database, "test/log", std::move(key));
    const Queue::Parts parts{.database = *database,
                             .books = *books,
                             .log = &*log,
                             .pricing = pricing,
                             .now_ms = [this] { return now_ms; },
                             .random = [this] { return random ? *random : rng.next(); }};
    queue.emplace(parts, rules);
    return {};
}

void QueueBed::grant(const std::string& account, std::int64_t milli) {
    const std::array<ledger::Entry, 2> entries{
        {{"mint", ledger::Credits::milli(-milli)}, {account, ledger::Credits::milli(milli)}}};
    const auto granted = within([&] { return books->post("grant", "grant " + account, entries, now_ms); });
    EXPECT_TRUE(granted) << granted.error().message;
}

Result<Submitted> QueueBed::submit(const NewJob& job, const std::string& account, const std::string& key,
                                   const std::string& body) {
    return within([&] { return queue->submit(account, key, body, job); });
}

JobId QueueBed::submitted(const NewJob& job, const std::string& account) {
    const auto submitted = submit(job, account);
    EXPECT_TRUE(submitted) << submitted.error().message;
    return submitted ? submitted->job : JobId{};
}

std::vector<Lease> QueueBed::claim(const identity::Node& worker, unsigned most, const Offer& offer) {
    auto leases = within([&] { return queue->claim(worker, offer, most); });
    EXPECT_TRUE(leases) << leases.error().message;
    return leases ? *leases : std::vector<Lease>{};
}

Lease QueueBed::claim_one(const identity::Node& worker, const Offer& offer) {
    const std::vector<Lease> leases = claim(worker, 1, offer);
    EXPECT_EQ(leases.size(), 1U) << "nothing to claim for " << worker.label;
    return leases.empty() ? Lease{} : leases.front();
}

Result<Completion> QueueBed::report(const identity::Node& worker, const Lease& lease, Outcome outcome,
                                    const std::string& result) {
    Report report;
    report.task = lease.task;
    report.fence = lease.fence;
    report.outcome = outcome;
    report.result = result;
    return complete(worker, report);
}

Result<Completion> QueueBed::complete(const identity::Node& worker, const Report& report) {
    return within([&] { return queue->complete(worker, report); });
}

Lease QueueBed::work(const identity::Node& worker, Outcome outcome, const std::string& result) {
    Lease lease = claim_one(worker);
    const auto done = report(worker, lease, outcome, result);
    EXPECT_TRUE(done) << done.error().message;
    return lease;
}

std::vector<Renewal> QueueBed::renew(const identity::Node& worker, const std::vector<Held>& held) {
    auto renewals = within([&] { return queue->renew(worker.id, held); });
    EXPECT_TRUE(renewals) << renewals.error().message;
    return renewals ? *renewals : std::vector<Renewal>{};
}

JobStatus QueueBed::job(const JobId& id, const std::string& account) {
    auto job = within([&] { return queue->job(account, id); });
    EXPECT_TRUE(job) << job.error().message;
    return job ? *job : JobStatus{};
}

std::vector<std::string> QueueBed::reasons(const JobId& id) {
    auto events = within([&] { return queue->events(id, 0, 1000); });
    EXPECT_TRUE(events) << events.error().message;
    std::vector<std::string> reasons;
    if (events) {
        for (const Event& event : *events) reasons.push_back(event.reason);
    }
    return reasons;
}

std::size_t QueueBed::sweep() {
    auto swept = within([&] { return queue->sweep(1000); });
    EXPECT_TRUE(swept) << swept.error().message;
    return swept.value_or(0);
}

std::int64_t QueueBed::balance(const std::string& account) {
    const auto found = books->account(account);
    return (found ? found->balance.milli() : 0) + pending(account);
}

std::int64_t QueueBed::pending(const std::string& account) {
    const auto found = books->account(pending_account(account));
    return found ? found->balance.milli() : 0;
}

std::int64_t QueueBed::held(const std::string& account) {
    const auto found = books->account(account);
    return found ? found->held.milli() : 0;
}

std::int64_t QueueBed::number(std::string_view sql) {
    auto rows = database->prepare(sql);
    auto row = rows ? rows->step() : Result<bool>(fail(rows.error()));
    EXPECT_TRUE(row && *row) << sql;
    return row && *row ? rows->integer(0) : -1;
}

void QueueBed::pass_a_moment() {
    ++now_ms;
    if (own_clock) return;
    const std::int64_t before = database->now_ms().value_or(0);
    while (database->now_ms().value_or(before + 1) == before) {
    }
}

// The clock of PostgreSQL cannot be moved: there, what is due is made older.
void QueueBed::advance(std::int64_t milliseconds) {
    now_ms += milliseconds;
    if (own_clock) return;
    const auto older = within([&]() -> Status {
        EC_TRY(
            database->run("UPDATE task SET leased_ms = leased_ms - ?1, lease_until = lease_until - ?1, "
                          "due = due - ?1, waits = waits - ?1, queued_ms = queued_ms - ?1",
                          milliseconds));
        EC_TRY(database->run("UPDATE task SET late_ms = late_ms - ?1 WHERE late_ms < ?2", milliseconds, INT64_MAX));
        EC_TRY(database->run("UPDATE task_exclusion SET until_ms = until_ms - ?1 WHERE until_ms < ?2", milliseconds,
                             INT64_MAX));
        EC_TRY(database->run("UPDATE pending SET clears_ms = clears_ms - ?1", milliseconds));
        EC_TRY(database->run("UPDATE liar SET barred_until = barred_until - ?1", milliseconds));
        return database->run("UPDATE job SET ends_ms = ends_ms - ?1, expires = expires - ?1", milliseconds);
    });
    EXPECT_TRUE(older) << older.error().message;
}

}  // namespace ec::swarm
