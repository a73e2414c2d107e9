#include "worker_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

namespace ec::swarm {
namespace {

using Take = PowerVerdict::Take;
using std::chrono::milliseconds;

constexpr int kClaimWaitS = 25;
constexpr milliseconds kLookAgain{5'000};     // power, heat and load
constexpr milliseconds kSmallAgain{60'000};   // after a task that was too large for a low battery
constexpr std::size_t kMostUndelivered = 64;  // results in the journal, before no more work is taken
constexpr std::int64_t kToleratedOffS = 60;
constexpr milliseconds kDrainStep{50};

Result<UniqueFd> lock_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error || ::chmod(folder.c_str(), 0700) != 0)
        return fail(ErrorCode::io, fmt::format("cannot make the worker's folder {}", folder.string()));
    const std::filesystem::path file = folder / "lock";
    UniqueFd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock.valid()) return fail(from_errno(fmt::format("cannot open {}", file.string()), errno));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(ErrorCode::conflict, fmt::format("another worker uses {}", folder.string()),
                    "end it, or give this one a data directory of its own (EDGECODER_DATA_DIR)");
    return lock;
}

/// What holds against going on with the tasks in hand, too.
bool ends_tasks(std::string_view reason) {
    return reason == "battery_critical" || reason == "ios_battery_critical" || reason == "ios_low_power_mode" ||
           reason == "thermal_critical" || reason == "not_on_power";
}

}  // namespace

WorkerRun::WorkerRun(const WorkerOptions& options, WorkerPorts ports, UniqueFd lock, ResultJournal journal)
    : options_(options),
      ports_(std::move(ports)),
      lock_(std::move(lock)),
      journal_(std::move(journal)),
      blobs_(options_.folder / "blobs", options_.cached_bytes),
      place_{options_.groups, ports_.key, blobs_, options_.folder / "trees"} {}

Result<std::unique_ptr<WorkerRun>> WorkerRun::open(const WorkerOptions& options, WorkerPorts ports) {
    EC_ASSIGN(UniqueFd lock, lock_folder(options.folder));
    EC_ASSIGN(ResultJournal journal, ResultJournal::open(options.folder / "journal.db"));
    std::error_code error;
    std::filesystem::remove_all(options.folder / "trees", error);  // of a worker that was killed
    std::filesystem::create_directories(options.folder / "trees", error);
    if (error) return fail(ErrorCode::io, fmt::format("cannot write in {}", options.folder.string()));
    std::unique_ptr<WorkerRun> run(new WorkerRun(options, std::move(ports), std::move(lock), std::move(journal)));
    EC_ASSIGN(const std::vector<Report> left, run->journal_.all());
    EC_ASSIGN(run->left_, run->journal_.in_hand());
    for (const Report& report : left) run->leases_.add(report.task, report.fence, std::stop_source(std::nostopstate));
    if (!left.empty()) run->says(fmt::format("{} results of an earlier run wait to be delivered", left.size()));
    return run;
}

void WorkerRun::says(const std::string& line) {
    const std::scoped_lock lock(says_mutex_);
    ports_.events.says(line);
}

bool WorkerRun::ends_work(const Error& error) {
    if (error.code != ErrorCode::denied && error.code != ErrorCode::invalid_argument) return false;
    {
        const std::scoped_lock lock(mutex_);
        if (!fatal_) fatal_ = error;
    }
    ending_.request_stop();
    return true;
}

bool WorkerRun::is_fatal() {
    const std::scoped_lock lock(mutex_);
    return fatal_.has_value();
}

Status WorkerRun::work(std::stop_token stop) {
    const std::stop_callback forward(stop, [this] { ending_.request_stop(); });
    std::jthread beats([this](const std::stop_token& end) { beat_until(end); });
    std::jthread delivery([this](const std::stop_token& end) { deliver_until(end); });
    std::vector<std::jthread> slots;
    for (int i = 0; i < options_.slots; ++i) slots.emplace_back([this] { run_slot(); });
    const std::vector<TaskKind> kinds = ports_.runner.offer().kinds;
    const bool checks = !options_.once && std::ranges::find(kinds, TaskKind::verify) != kinds.end();
    if (checks) slots.emplace_back([this] { check_until(ending_.get_token()); });
    Status status = claim_until(ending_.get_token());
    drain(slots);
    delivery.request_stop();
    beats.request_stop();
    delivery.join();
    beats.join();
    if (fatal_) return fail(*fatal_);
    return status;
}

Status WorkerRun::greet(CoordinatorClient& client, const std::stop_token& stop) {
    EC_ASSIGN(const ServerTime time, client.hello(stop));
    const std::int64_t off = time.off_s;
    const bool wrong = off > kToleratedOffS || off < -kToleratedOffS;
    if (wrong && (!told_off_s_ || std::abs(off - *told_off_s_) > kToleratedOffS)) {
        says(fmt::format(
            "this machine's clock is {} s {} the coordinator's: set it (timedatectl set-ntp true); going on "
            "with the coordinator's time",
            std::abs(off), off > 0 ? "ahead of" : "behind"));
    }
    told_off_s_ = wrong ? std::optional(off) : std::nullopt;
    return {};
}

// Looks at the machine, not more often than its counters say something new.
PowerVerdict WorkerRun::look() {
    constexpr std::chrono::seconds kLeast{2};
    const auto now = ports_.clock.now();
    if (!seen_ || now - looked_ >= kLeast) {
        Telemetry telemetry = ports_.telemetry();
        looked_ = now;
        const Status possible = plausible(telemetry, seen_);
        seen_ = telemetry;
        if (!possible) return {Take::nothing, "telemetry_implausible", kLookAgain.count()};
        const std::scoped_lock lock(mutex_);
        telemetry_ = std::move(telemetry);
    }
    const std::int64_t since =
        last_lease_.count() < 0 ? -1 : std::chrono::duration_cast<milliseconds>(now - last_lease_).count();
    return may_work(*seen_, options_.power, since, ports_.hour());
}

void WorkerRun::tell_verdict(const PowerVerdict& verdict) {
    const std::string reason = verdict.take == Take::everything ? "" : verdict.reason;
    {
        const std::scoped_lock lock(mutex_);
        if (holding_back_ == reason) return;
        holding_back_ = reason;
        changed_.notify_all();
    }
    says(reason.empty() ? fmt::format("takes work ({})", verdict.reason)
                        : fmt::format("holds back: {} ({})", explain(reason), reason));
}

unsigned WorkerRun::free_slots() {
    if (leases_.undelivered() >= kMostUndelivered) return 0;
    const std::scoped_lock lock(mutex_);
    if (options_.once && (handled_ > 0 || busy_ > 0 || !waiting_.empty())) return 0;
    const int used = busy_ + static_cast<int>(waiting_.size());
    const int free = (options_.once ? 1 : options_.slots) - used;
    return free > 0 ? static_cast<unsigned>(free) : 0;
}

void WorkerRun::take(std::vector<Lease> leases, unsigned asked, bool small, CoordinatorClient& client) {
    unsigned taken = 0;
    for (Lease& lease : leases) {
        if (leases_.holds(lease.task, lease.fence)) continue;  // said twice
        if (taken == asked) {
            give_back(lease, "not_asked_for", client);
            continue;
        }
        if (small && lease.expected_s > kSmallTaskS) {
            give_back(lease, "battery_low", client);
            continue;
        }
        ++taken;
        Taken next{std::move(lease), std::stop_source()};
        hold(next);
        const std::scoped_lock lock(mutex_);
        waiting_.push_back(std::move(next));
        changed_.notify_all();
    }
    if (taken > 0) beat_at_once();
    if (taken > 0) last_lease_ = ports_.clock.now();
    if (taken == 0 && !leases.empty()) (void)ports_.waiter.wait(kSmallAgain, ending_.get_token());
}

bool WorkerRun::wants_checks() {
    return !no_more_ && holding_back_.empty() &&
           busy_ + static_cast<int>(waiting_.size()) >= options_.slots;  // else they are claimed with all else
}

// A check is short, and a job that has its result waits for nothing but that: it does not wait for a slot, or two
// workers that search would each wait for the end of the other's search.
void WorkerRun::check_until(const std::stop_token& stop) {
    const auto client = ports_.connect();
    Backoff backoff(ports_.jitter);
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return wants_checks(); })) return;
        }
        if (leases_.undelivered() >= kMostUndelivered) {
            (void)ports_.waiter.wait(kLookAgain, stop);
            continue;
        }
        Offer checks = offer();
        checks.kinds = {TaskKind::verify};
        auto leases = client->claim({std::move(checks), 1, kClaimWaitS, kProtocol}, stop);
        if (!leases) {
            // What is wrong is said by those who claim all else.
            if (stop.stop_requested() || ends_work(leases.error())) return;
            (void)ports_.waiter.wait(backoff.next(), stop);
            continue;
        }
        backoff.reset();
        for (Lease& lease : *leases) check(std::move(lease), *client);
    }
}

void WorkerRun::check(Lease lease, CoordinatorClient& client) {
    if (leases_.holds(lease.task, lease.fence)) return;  // said twice
    if (lease.kind != TaskKind::verify) return give_back(lease, "not_asked_for", client);
    const Taken taken{std::move(lease), std::stop_source()};
    hold(taken);
    beat_at_once();
    {
        const std::scoped_lock lock(mutex_);
        checking_ = true;
    }
    run_lease(taken, client);
    const std::scoped_lock lock(mutex_);
    checking_ = false;
}

Status WorkerRun::claim_until(const std::stop_token& stop) {
    const auto client = ports_.connect();
    Backoff backoff(ports_.jitter);
    auto slept = ports_.asleep();
    bool greeted = false, broken = false;
    const auto failed = [&](const Error& error) {
        if (stop.stop_requested() || ends_work(error)) return;
        if (!std::exchange(broken, true)) says(fmt::format("no work for now: {}", error.message));
        (void)ports_.waiter.wait(backoff.next(), stop);
    };
    while (!stop.stop_requested()) {
        if (ports_.asleep() - slept > std::chrono::seconds(2)) greeted = false;
        slept = ports_.asleep();
        const PowerVerdict verdict = look();
        tell_verdict(verdict);
        if (verdict.take == Take::nothing) {
            if (ends_tasks(verdict.reason)) leases_.give_all_back(verdict.reason);
            const milliseconds again(std::max<std::int64_t>(verdict.again_ms, 1));
            (void)ports_.waiter.wait(std::min(again, kLookAgain), stop);
            continue;
        }
        const unsigned free = free_slots();
        if (free == 0) {
            std::unique_lock lock(mutex_);
            if (options_.once && handled_ > 0) break;
            const int before = handled_;
            changed_.wait_for(lock, stop, kLookAgain, [&] { return handled_ != before; });
            continue;
        }
        if (!greeted) {
            if (const Status hello = greet(*client, stop); !hello) {
                failed(hello.error());
                continue;
            }
            greeted = true;
        }
        auto leases = client->claim({offer(), free, kClaimWaitS, kProtocol}, stop);
        if (!leases) {
            greeted = greeted && leases.error().code != ErrorCode::conflict;  // perhaps a clock that moved
            failed(leases.error());
            continue;
        }
        backoff.reset();
        if (std::exchange(broken, false)) says("the coordinator answers again");
        take(*std::move(leases), free, verdict.take == Take::small, *client);
    }
    return {};
}

// What is in hand is finished as long as there is time, what has not begun is given back at once.
void WorkerRun::drain(std::vector<std::jthread>& slots) {
    std::deque<Taken> unbegun;
    bool at_once = false;
    {
        const std::scoped_lock lock(mutex_);
        no_more_ = true;
        unbegun.swap(waiting_);
        at_once = fatal_.has_value();
        changed_.notify_all();
    }
    const auto client = ports_.connect();
    for (const Taken& taken : unbegun) {
        if (!at_once) give_back(taken.lease, "drain", *client);
        leases_.remove(taken.lease.task);
    }
    const auto deadline = ports_.clock.now() + (at_once ? milliseconds(0) : options_.drain);
    const auto busy = [this] {
        const std::scoped_lock lock(mutex_);
        return busy_ > 0 || checking_;
    };
    while (busy() && ports_.clock.now() < deadline) (void)ports_.waiter.wait(kDrainStep, {});
    leases_.give_all_back("drain");
    slots.clear();  // joins
    const auto flushed = ports_.clock.now() + options_.flush;
    while (!at_once && leases_.undelivered() > 0 && ports_.clock.now() < flushed)
        (void)ports_.waiter.wait(kDrainStep, {});
    if (const std::size_t left = leases_.undelivered(); left > 0)
        says(fmt::format("{} results wait in the journal for the next run", left));
}

}  // namespace ec::swarm
