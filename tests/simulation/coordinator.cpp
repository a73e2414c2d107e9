#include "coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ec/crypto/sha256.hpp>

namespace ec::simulation {
namespace {

using swarm::Outcome;

constexpr std::int64_t kGrant = 1'000'000'000'000;
// Changes of one commit, as the Writer makes one for many. A commit of a database in memory looks at all its pages.
constexpr unsigned kGroup = 20'000;

struct Place {
    std::string job;
    std::int64_t number = 0;
};

/// A task's id is its job's and its number.
Place place_of(std::string_view task) {
    const std::size_t dash = task.rfind('-');
    Place place{.job = std::string(task.substr(0, dash))};
    std::from_chars(task.data() + dash + 1, task.data() + task.size(), place.number);
    return place;
}

Outcome honest_outcome(const swarm::Lease& lease, const JobTruth& truth) {
    if (lease.kind == swarm::TaskKind::verify) {
        const bool good = !lease.inputs.empty() && lease.inputs.front().result == kGood;
        return good ? Outcome::passed : Outcome::rejected;
    }
    if (!truth.after.empty()) return Outcome::solved;
    return lease.shard == truth.solution ? Outcome::solved : Outcome::nothing;
}

/// Whether an answer is true: a patch that works, a search that finds nothing where there is nothing, a just verdict.
bool is_right(const Errand& errand, const swarm::Report& report) {
    if (report.outcome == Outcome::solved) return report.result == kGood;
    return report.outcome == errand.honest;
}

}  // namespace

Coordinator::Coordinator(Clockwork& clock, const Scenario& scenario, Figures& figures)
    : clock_(clock), scenario_(scenario), figures_(figures) {}

Status Coordinator::begin() {
    if (grouped_ >= kGroup) EC_TRY(commit());
    ++grouped_;
    if (group_) return {};
    EC_ASSIGN(sql::Transaction transaction, sql::Transaction::begin(*database_));
    group_.emplace(std::move(transaction));
    return {};
}

template <class Work>
auto Coordinator::within(Work work) -> decltype(work()) {
    EC_TRY(begin());
    return work();
}

template <class Work>
auto Coordinator::within_or_undone(Work work) -> decltype(work()) {
    EC_TRY(begin());
    EC_ASSIGN(sql::Savepoint savepoint, sql::Savepoint::begin(*database_));
    auto result = work();
    if (result) EC_TRY(savepoint.keep());
    return result;
}

Status Coordinator::commit() {
    if (!group_) return {};
    const Status committed = group_->commit();
    group_.reset();
    grouped_ = 0;
    if (!committed) breach("commit: " + committed.error().message);
    return committed;
}

Status Coordinator::open() {
    EC_ASSIGN(database_, sql::Database::open_in_memory());
    EC_TRY(sql::migrate(*database_, "ledger", ledger::ledger_migrations()));
    EC_TRY(sql::migrate(*database_, "swarm", swarm::swarm_migrations()));
    EC_ASSIGN(crypto::SecretKey key, crypto::SecretKey::parse(crypto::sha256("simulation").hex()));
    books_.emplace(*database_);
    log_.emplace(*database_, "simulation.example/log", std::move(key));
    queue_.emplace(swarm::Queue::Parts{.database = *database_,
                                       .books = *books_,
                                       .log = &*log_,
                                       .pricing = pricing_,
                                       .now_ms = [this] { return clock_.now_ms(); },
                                       .random = [this] { return clock_.random(); }},
                   scenario_.rules);
    EC_TRY(within([&] { return books_->open_account("mint", ledger::AccountKind::mint, std::nullopt); }));
    for (const Load& load : scenario_.loads) {
        const std::array<ledger::Entry, 2> entries{
            {{"mint", ledger::Credits::milli(-kGrant)}, {load.account, ledger::Credits::milli(kGrant)}}};
        const ledger::Credits floor;
        EC_TRY(within([&] { return books_->open_account(load.account, ledger::AccountKind::user, floor); }));
        EC_TRY(within([&] { return books_->post("grant", "grant " + load.account, entries, clock_.now_ms()); }));
    }
    return {};
}

void Coordinator::remember(const identity::NodeId& worker, std::int64_t results) {
    for (const swarm::TaskKind kind : {swarm::TaskKind::repair, swarm::TaskKind::subtask, swarm::TaskKind::merge}) {
        check(within([&]() -> Status {
                  EC_ASSIGN(sql::Statement * row,
                            database_->cached("INSERT INTO trust (worker, kind, streak) VALUES (?1, ?2, ?3)"));
                  return row->run(worker.text(), static_cast<int>(kind), results);
              }),
              "remember");
    }
}

void Coordinator::breach(const std::string& what) {
    if (figures_.breach.empty()) figures_.breach = fmt::format("at {} ms: {}", clock_.now_ms(), what);
}

void Coordinator::check(const Status& status, std::string_view what) {
    if (!status) breach(fmt::format("{}: {}", what, status.error().message));
}

Result<swarm::Submitted> Coordinator::submit(const std::string& account, const std::string& key,
                                             const swarm::NewJob& job, const JobTruth& truth) {
    auto submitted = within_or_undone([&] { return queue_->submit(account, key, key, job); });
    if (!submitted) {
        const ErrorCode code = submitted.error().code;
        if (code != ErrorCode::over_quota && code != ErrorCode::unavailable) check(fail(submitted.error()), "submit");
        return submitted;
    }
    const std::string id = submitted->job.text();
    clock_.trace(fmt::format("{} submit {} {} {}", clock_.now_ms(), key, id, submitted->again));
    if (keys_.emplace(hash128(key), hash128(id)).first->second != hash128(id)) breach("one key gave two jobs: " + key);
    if (submitted->again) return submitted;
    ++figures_.jobs;
    watched_[id].truth = truth;
    if (!served_.contains(truth.load)) arrived_.emplace(truth.load, clock_.now_ms());
    return submitted;
}

std::int64_t Coordinator::number_of(std::string_view query, const std::string& job, std::int64_t task) {
    auto rows = database_->cached(query);
    if (!rows || !(*rows)->bind(job, task)) return -1;
    const auto row = (*rows)->step();
    const std::int64_t value = row && *row ? (*rows)->integer(0) : -1;
    while (row && *row) {
        const auto more = (*rows)->step();
        if (!more || !*more) break;
    }
    return value;
}

ErrandPtr Coordinator::claim(const identity::Node& worker, const swarm::Offer& offer) {
    auto leases = within([&] { return queue_->claim(worker, offer, 1); });
    if (!leases) check(fail(leases.error()), "claim");
    if (!leases || leases->empty()) return nullptr;
    auto errand = std::make_shared<Errand>();
    errand->lease = std::move(leases->front());
    const swarm::Lease& lease = errand->lease;
    clock_.trace(
        fmt::format("{} claim {} {} {}", clock_.now_ms(), worker.account, lease.task.text(), lease.fence.value));
    const auto watched = watched_.find(lease.job.text());
    if (watched == watched_.end()) {
        breach("a task was given out of a job that had ended: " + lease.task.text());
        return nullptr;
    }
    const Place place = place_of(lease.task.text());
    errand->honest = honest_outcome(lease, watched->second.truth);
    errand->purpose = static_cast<Purpose>(
        number_of("SELECT role FROM task WHERE job = ?1 AND number = ?2", place.job, place.number));
    watch_lease(worker, lease, watched->second, place.number);
    return errand;
}

void Coordinator::watch_lease(const identity::Node& worker, const swarm::Lease& lease, Watch& watch,
                              std::int64_t number) {
    std::int64_t& fence = watch.fences[number];
    if (lease.fence.value <= fence) breach("a fence did not grow: " + lease.task.text());
    fence = lease.fence.value;
    if (const auto arrived = arrived_.find(watch.truth.load); arrived != arrived_.end()) {
        figures_.longest_wait_ms = std::max(figures_.longest_wait_ms, clock_.now_ms() - arrived->second);
        served_.insert(watch.truth.load);
        arrived_.erase(arrived);
    }
    if (!scenario_.watch_states) return;
    const std::string& job = lease.job.text();
    if (lease.kind == swarm::TaskKind::verify) {
        const std::int64_t own = number_of(
            "SELECT count(*) FROM task AS made JOIN task AS looks ON looks.job = made.job "
            "AND looks.subject = made.number WHERE looks.job = ?1 AND looks.number = ?2 AND made.worker = looks.worker",
            job, number);
        if (own != 0) breach(worker.account + " is to check its own result");
    }
    const std::int64_t waits = number_of(
        "SELECT count(*) FROM task_after JOIN task ON task.job = task_after.job AND task.number = task_after.on_number "
        "WHERE task_after.job = ?1 AND task_after.number = ?2 AND task.state < 4",
        job, number);
    if (waits != 0) breach("a task starts before what it stands on is done: " + lease.task.text());
}

std::optional<swarm::Renewal> Coordinator::renew(const identity::NodeId& worker, const swarm::Held& held) {
    const auto renewals = within([&] { return queue_->renew(worker, {&held, 1}); });
    if (!renewals) check(fail(renewals.error()), "renew");
    if (!renewals || renewals->empty()) return std::nullopt;
    clock_.trace(
        fmt::format("{} renew {} {}", clock_.now_ms(), held.task.text(), static_cast<int>(renewals->front().holding)));
    return renewals->front();
}

void Coordinator::complete(const identity::Node& worker, const Errand& errand, const swarm::Report& report,
                           bool worked) {
    const std::string& job = errand.lease.job.text();
    const auto watched = watched_.find(job);
    const Place place = place_of(report.task.text());
    if (watched != watched_.end()) {
        const Answer answer{.number = place.number,
                            .outcome = report.outcome,
                            .right = is_right(errand, report),
                            .worked = worked,
                            .sort = worker.label};
        watched->second.answers[worker.account].push_back(answer);
    }
    if (worker.label == "honest") honest_.insert(worker.id.text());
    auto completions = within([&] { return queue_->complete(worker, {&report, 1}); });
    if (!completions) return check(fail(completions.error()), "complete");
    const Result<swarm::Completion>& completion = completions->front();
    clock_.trace(fmt::format("{} complete {} {} {}", clock_.now_ms(), worker.account, report.task.text(),
                             completion ? static_cast<int>(completion->task) : -1));
    if (!completion) {
        if (watched != watched_.end()) watched->second.answers[worker.account].pop_back();
        const ErrorCode code = completion.error().code;
        if (code != ErrorCode::conflict && code != ErrorCode::not_found) check(fail(completion.error()), "complete");
        return;
    }
    watch_payments();
    if (!swarm::ended(completion->job) || watched == watched_.end()) return;
    figures_.wrong_jobs += ended_wrongly(job, completion->job, watched->second.truth) ? 1 : 0;
    figures_.jobs_done += completion->job == swarm::State::done ? 1 : 0;
    figures_.jobs_failed += completion->job == swarm::State::done ? 0 : 1;
    watched_.erase(watched);
}

bool Coordinator::ended_wrongly(const std::string& job, swarm::State state, const JobTruth& truth) {
    if (state != swarm::State::done) return truth.solution >= 0;
    return number_of(
               "SELECT count(*) FROM job JOIN sealed ON sealed.job = job.id "
               "AND sealed.place = 2 + 2 * job.result_task WHERE job.id = ?1 AND CAST(bytes AS TEXT) = 'bad' "
               "AND ?2 = 0",
               job, 0) > 0;
}

void Coordinator::give_back(const identity::NodeId& worker, const swarm::Lease& lease) {
    const Status given =
        within_or_undone([&] { return queue_->give_back(worker, lease.task, lease.fence, "busy", false); });
    clock_.trace(fmt::format("{} give back {} {}", clock_.now_ms(), lease.task.text(), given.has_value()));
    if (!given && given.error().code != ErrorCode::conflict && given.error().code != ErrorCode::not_found)
        check(given, "give_back");
}

void Coordinator::sweep() {
    constexpr unsigned kMost = 10'000;
    const auto swept = within([&] { return queue_->sweep(kMost); });
    if (!swept) return check(fail(swept.error()), "sweep");
    if (*swept > 0) clock_.trace(fmt::format("{} sweep {}", clock_.now_ms(), *swept));
    watch_payments();
}

void Coordinator::plant(const std::string& fault) {
    check(within([&] { return database_->execute(fault); }), "planting a fault");
}

// --- payments

void Coordinator::watch_payments() {
    auto rows = database_->cached(
        "SELECT txn.number, txn.kind, txn.dedupe, account.id, entry.amount FROM txn "
        "JOIN entry ON entry.txn = txn.number JOIN account ON account.number = entry.account "
        "WHERE txn.number > ?1 AND (txn.kind = 'pay' OR txn.kind = 'take_back') AND entry.amount > 0 ORDER BY "
        "txn.number");
    if (!rows || !(*rows)->bind(seen_txn_)) return breach("the books cannot be read");
    struct Payment {
        bool back;
        std::string task, account;
        std::int64_t milli;
    };
    std::vector<Payment> payments;
    for (;;) {
        const auto row = (*rows)->step();
        if (!row || !*row) break;
        seen_txn_ = (*rows)->integer(0);
        std::string account = (*rows)->text(3);
        constexpr std::string_view kPending = "pending/";
        if (account.starts_with(kPending)) account.erase(0, kPending.size());
        payments.push_back(
            {(*rows)->text(1) == "take_back", (*rows)->text(2), std::move(account), (*rows)->integer(4)});
    }
    for (const Payment& payment : payments) {
        if (payment.back)
            watch_taken_back(payment.task.substr(payment.task.find(' ') + 1), payment.milli);
        else
            watch_payment(payment.task, payment.account, payment.milli);
    }
}

void Coordinator::watch_payment(const std::string& task, const std::string& account, std::int64_t milli) {
    clock_.trace(fmt::format("paid {} {} {}", task, account, milli));
    paid_milli_ += milli;
    const Place place = place_of(task);
    const auto watched = watched_.find(place.job);
    if (watched == watched_.end()) return breach("paid in a job that had ended: " + task);
    if (!watched->second.paid.insert(place.number).second) return breach("paid twice: " + task);
    const auto answers = watched->second.answers.find(account);
    const bool check = milli < pricing_.price(swarm::TaskKind::repair, {}).milli();
    const Answer* paid_for = nullptr;
    if (answers != watched->second.answers.end()) {
        for (const Answer& answer : answers->second) {
            const bool verdict = answer.outcome == Outcome::passed || answer.outcome == Outcome::rejected;
            if (check ? answer.number == place.number : !verdict) paid_for = &answer;
        }
    }
    if (paid_for == nullptr) return breach(fmt::format("{} was paid for {} and handed nothing in", account, task));
    const std::string reason = reason_of(task);
    Credit credit{
        .check = check, .right = paid_for->right, .worked = paid_for->worked, .honest = paid_for->sort == "honest"};
    if (!credit.right)
        credit.path = path_number(fmt::format("{} {}, {}, to {}", check ? "check:" : "work:", name(paid_for->outcome),
                                              reason, paid_for->sort));
    count(credit, true);
    credits_.emplace(hash128(task), credit);
    if (!check) watch_reason(task, reason, watched->second, account);
}

void Coordinator::watch_taken_back(const std::string& task, std::int64_t milli) {
    clock_.trace(fmt::format("taken back {} {}", task, milli));
    paid_milli_ -= milli;
    const auto credit = credits_.find(hash128(task));
    if (credit == credits_.end()) return breach("taken back and not paid, or taken back twice: " + task);
    count(credit->second, false);
    ++figures_.taken_back;
    figures_.honest_taken_back += credit->second.honest ? 1 : 0;
    credits_.erase(credit);
}

void Coordinator::count(const Credit& credit, bool paid) {
    const std::uint64_t by = paid ? 1 : UINT64_MAX;  // one less
    (credit.check ? figures_.checks_paid : figures_.paid) += by;
    if (!credit.right) (credit.check ? figures_.checks_paid_wrongly : figures_.paid_wrongly) += by;
    if (!credit.right) figures_.wrong[paths_[credit.path]] += by;
    if (credit.right && !credit.worked) figures_.unworked += by;
}

std::uint16_t Coordinator::path_number(const std::string& path) {
    auto found = std::ranges::find(paths_, path);
    if (found == paths_.end()) found = paths_.insert(found, path);
    return static_cast<std::uint16_t>(found - paths_.begin());
}

std::string Coordinator::reason_of(const std::string& task) {
    const Place place = place_of(task);
    auto rows = database_->cached("SELECT reason FROM task WHERE job = ?1 AND number = ?2 AND state = 4");
    if (!rows || !(*rows)->bind(place.job, place.number)) return {};
    const auto row = (*rows)->step();
    if (!row || !*row) return {};
    std::string reason = (*rows)->text(0);
    static_cast<void>((*rows)->step());
    return reason;
}

// Paid means verified: somebody else says so, the answer was known before, or the worker has earned to be believed.
void Coordinator::watch_reason(const std::string& task, const std::string& reason, const Watch& watch,
                               const std::string& account) {
    if (reason == "trusted" || reason == "as_expected") return;
    const Outcome wanted = reason == "verified" ? Outcome::passed : Outcome::nothing;
    const bool known = reason == "verified" || reason == "agreed";
    const bool seconded = std::ranges::any_of(watch.answers, [&](const auto& each) {
        return each.first != account &&
               std::ranges::any_of(each.second, [&](const Answer& answer) { return answer.outcome == wanted; });
    });
    if (!known || !seconded) breach(fmt::format("{} was paid and is \"{}\"", task, reason));
}

void Coordinator::audit() {
    if (!commit()) return;
    check(books_->audit(), "audit");
    const auto integrated = log_->integrate(100'000, clock_.now_ms());
    if (!integrated) check(fail(integrated.error()), "integrate");
    const std::int64_t earned = number_of(
        "SELECT coalesce(sum(balance), 0) FROM account WHERE (id LIKE 'w-%' OR id LIKE 'pending/w-%') AND ?1 <> '' "
        "AND ?2 = 0",
        "workers", 0);
    if (earned != paid_milli_) breach(fmt::format("workers have {}, and {} was paid", earned, paid_milli_));
}

// --- the end

std::int64_t Coordinator::state_of(const std::string& job) {
    return number_of("SELECT state FROM job WHERE id = ?1 AND ?2 = 0", job, 0);
}

void Coordinator::forget_ended() {
    // Looked at twice before it may be removed: one that ended is still there.
    std::erase_if(acknowledged_, [this](const std::string& id) {
        if (watched_.contains(id)) return false;
        if (state_of(id) < 4) breach("an acknowledged job is lost: " + id);
        return true;
    });
    std::erase_if(watched_, [this](const auto& each) {
        const std::int64_t state = state_of(each.first);
        if (state < 0) breach("a job that had not ended is gone: " + each.first);
        figures_.jobs_failed += state >= 4 ? 1 : 0;
        return state >= 4;
    });
}

bool Coordinator::all_ended() {
    // A job that no report ended is still watched.
    return std::ranges::all_of(watched_, [this](const auto& each) {
        return number_of("SELECT count(*) FROM job WHERE id = ?1 AND state < 4 AND ?2 = 0", each.first, 0) == 0;
    });
}

void Coordinator::expect_all_ended() {
    for (const std::string& id : acknowledged_) {
        const std::int64_t state = state_of(id);
        if (state < 0) return breach("an acknowledged job is lost: " + id);
        if (state < 4) return breach("a job does not end: " + id);
    }
    figures_.unserved = arrived_.size();
    for (const std::string& id : honest_)
        figures_.honest_barred +=
            number_of("SELECT count(*) FROM liar WHERE worker = ?1 AND ?2 = 0", id, 0) > 0 ? 1 : 0;
}

}  // namespace ec::simulation
