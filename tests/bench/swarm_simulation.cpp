// A large swarm, simulated: swarm_simulation [WORKERS] [MINUTES] [SEED] [LIARS of 1000] [WORK_S] [CHECK_S]
// [TRUSTED_AFTER] [KNOWN of 1000] [KNOWN_LIARS] [PATIENT] prints what was wrongly credited, what verification cost, who
// starved, and how fast the simulation ran; how far it is goes to standard error. One account has up to 100,000 jobs
// from the start, two others come later. Nothing here is a measurement of machines: the queue, books and log are the
// real ones, workers, network and clock are not.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "simulation.hpp"

namespace {

std::int64_t argument(int argc, char** argv, int which, std::int64_t otherwise) {
    return argc > which ? std::atoll(argv[which]) : otherwise;
}

double processor_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::int64_t peak_mb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

void tell(std::int64_t minutes, const ec::simulation::Figures& figures) {
    fmt::print(
        stderr,
        "{} min: {} events, {} jobs, {} done; {:.3f} % wrongly credited, {:.1f} % overhead; {:.0f} s of processor "
        "time, {} MB\n",
        minutes, figures.events, figures.jobs, figures.jobs_done, 100 * figures.wrong_share(), 100 * figures.overhead(),
        processor_s(), peak_mb());
}

}  // namespace

int main(int argc, char** argv) {
    using namespace ec::simulation;
    Scenario scenario;
    scenario.workers = static_cast<unsigned>(argument(argc, argv, 1, 100'000));
    scenario.busy_ms = argument(argc, argv, 2, 60) * 60'000;
    scenario.seed = static_cast<std::uint64_t>(argument(argc, argv, 3, 1));
    scenario.liars = static_cast<unsigned>(argument(argc, argv, 4, 100));
    scenario.work_ms = argument(argc, argv, 5, 120) * 1000;
    scenario.check_ms = argument(argc, argv, 6, 6) * 1000;
    scenario.rules.trusted_after = static_cast<int>(argument(argc, argv, 7, scenario.rules.trusted_after));
    scenario.known = static_cast<unsigned>(argument(argc, argv, 8, 0));
    scenario.known_liars = argument(argc, argv, 9, 0) != 0;
    scenario.patient = argument(argc, argv, 10, 0) != 0;
    scenario.rules.lease_ms = 180'000;
    scenario.rules.keep_ms = 5 * 60'000;  // or a large swarm's hour does not fit into memory
    scenario.rules.account_queued = 10'000'000;
    scenario.rules.queued = 10'000'000;
    scenario.heartbeat_ms = 60'000;
    scenario.poll_ms = 30'000;
    scenario.audit_ms = 30 * 60'000;
    scenario.watch_states = false;
    // Four fifths of what the workers could do.
    const auto per_minute = static_cast<unsigned>(scenario.workers * 60'000LL / scenario.work_ms * 6 / 10);
    scenario.loads = {
        {.account = "first", .at_once = std::min(100'000U, scenario.workers * 2), .per_minute = per_minute},
        {.account = "second", .from_ms = scenario.busy_ms / 6, .at_once = 1, .per_minute = per_minute / 10},
        {.account = "third", .from_ms = scenario.busy_ms / 3, .at_once = 1}};
    scenario.watcher = tell;
    const auto start = std::chrono::steady_clock::now();
    const auto figures = simulate(scenario);
    if (!figures) {
        fmt::print(stderr, "failed: {}\n", figures.error().message);
        return 1;
    }
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print(
        "simulated: {} workers ({} of 1000 known{}), {} minutes, {} of 1000 lie{}, seed {}; work {} s, a check {} s\n",
        scenario.workers, scenario.known, scenario.known_liars ? ", liars of all sorts among them" : "",
        scenario.busy_ms / 60'000, scenario.liars, scenario.patient ? " patiently" : "", scenario.seed,
        scenario.work_ms / 1000, scenario.check_ms / 1000);
    fmt::print("breach: {}\n", figures->breach.empty() ? "none" : figures->breach);
    fmt::print("jobs: {}, done {}, without a result {}, ended wrongly {}; the last ended {} s after the load\n",
               figures->jobs, figures->jobs_done, figures->jobs_failed, figures->wrong_jobs,
               figures->quiet_took_ms / 1000);
    fmt::print("paid: {} for work ({} wrongly, {} right without work), {} for checks ({} wrongly); {} lies told\n",
               figures->paid, figures->paid_wrongly, figures->unworked, figures->checks_paid,
               figures->checks_paid_wrongly, figures->lies);
    fmt::print("wrongly credited: {:.3f} %; when the load ended {:.3f} %\n", 100 * figures->wrong_share(),
               100 * figures->load_wrong_share);
    for (const auto& [path, payments] : figures->wrong) {
        if (payments > 0) fmt::print("  {:4}  {}\n", payments, path);
    }
    fmt::print("taken back from liars: {} payments, {} of them from {} workers that never lied\n", figures->taken_back,
               figures->honest_taken_back, figures->honest_barred);
    fmt::print(
        "overhead of verification: {:.1f} % ({:.1f} % running tests again, {:.1f} % searching again); when the "
        "load ended {:.1f} %\n",
        100 * figures->overhead(), 100 * figures->check_s / figures->work_s, 100 * figures->again_s / figures->work_s,
        100 * figures->load_overhead);
    fmt::print("starvation: {} accounts never served, longest wait for a first claim {:.1f} s\n", figures->unserved,
               static_cast<double>(figures->longest_wait_ms) / 1000);
    fmt::print("{} events, {:.0f} a second of {:.0f} s ({:.0f} s of processor time), {} MB; trace {}\n",
               figures->events, static_cast<double>(figures->events) / wall, wall, processor_s(), peak_mb(),
               figures->trace);
    return figures->breach.empty() ? 0 : 1;
}
