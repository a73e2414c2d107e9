// Load for a coordinator: `swarm_load [--edgecoderd PROGRAM] MODE`, figures on stdout. Starts a coordinator of its own
// on an empty data directory, enrols nodes, and speaks HTTP with signatures as nodes do.
//
//   --clients N --batch B   closed loop: each submits B jobs, claims up to B tasks, completes them
//   --latency               from the first byte of a submit to a worker that waits holding its lease
//   --waiting N [--tls]     N workers that wait: the coordinator's memory
//   --idle [--service all]  memory with nothing to do, and the time until it is ready
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <deque>
#include <ec/swarm/protocol.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "raw_client.hpp"
#include "swarm/coordinator_process.hpp"
#include "tls_client.hpp"

namespace ec::bench {
namespace {

// What the version before does on such a machine, nothing signed and nothing logged (reference measurements of the
// project): jobs a second in memory and on PostgreSQL.
constexpr double kPredecessorMemory = 149;
constexpr double kPredecessorPostgres = 76;

struct Wish {
    std::string program = "build/bin/edgecoderd";
    std::string service = "coordinator";
    unsigned clients = 0;
    unsigned batch = 1;
    unsigned waiting = 0;
    unsigned runs = 3;
    double seconds = 5;
    bool latency = false;
    bool idle = false;
    bool tls = false;
};

/// As small as a job gets; what is sealed is opaque to a coordinator, here as ever.
swarm::NewJob small_job(const std::string& salt) {
    swarm::NewJob job;
    job.kind = swarm::JobKind::repair;
    job.spec = "sealed specification " + salt;
    job.verification = swarm::Verification::none;
    job.budget = ledger::Credits::milli(1'000'000);
    swarm::NewTask task;
    task.key = "shard-0";
    task.payload = "sealed payload";
    job.tasks.push_back(std::move(task));
    return job;
}

swarm::ClaimRequest claim_of(unsigned most) {
    swarm::ClaimRequest request;
    request.offer.kinds = {swarm::TaskKind::repair};
    request.offer.languages = {"python"};
    request.offer.memory_mb = 4096;
    request.most = most;
    request.wait_s = 25;
    return request;
}

[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error(why); }
template <class T>
T must(Result<T> result) {
    if (!result) give_up(result.error().message);
    return *std::move(result);
}

std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

std::string submit_request(const Member& client, const std::string& authority, unsigned batch) {
    static std::uint64_t number = 0;
    std::vector<swarm::NewJob> jobs;
    for (unsigned i = 0; i < batch; ++i) jobs.push_back(small_job(std::to_string(number) + "/" + std::to_string(i)));
    const std::string key = fmt::format("Idempotency-Key: load-{}\r\n", ++number);
    return signed_post(client, authority, "/v1/jobs", batch == 1 ? swarm::write(jobs[0]) : swarm::write(jobs), key);
}

std::string claim_request(const Member& worker, const std::string& authority, unsigned most) {
    return signed_post(worker, authority, "/v1/claim", swarm::write(claim_of(most)));
}

std::string complete_request(const Member& worker, const std::string& authority,
                             const std::vector<swarm::Lease>& leases) {
    std::vector<swarm::Report> reports;
    for (const swarm::Lease& lease : leases) {
        swarm::Report report;
        report.task = lease.task;
        report.fence = lease.fence;
        report.outcome = swarm::Outcome::solved;
        report.result = "sealed result";
        report.wall_ms = 1;
        reports.push_back(std::move(report));
    }
    return signed_post(worker, authority, "/v1/complete", swarm::write(reports));
}

/// One of the closed loop's: a client and a worker on one connection.
class Actor {
public:
    Actor(const CoordinatorProcess& coordinator, const Member& client, const Member& worker, unsigned batch)
        : socket_(coordinator.port()),
          authority_(coordinator.authority()),
          client_(client),
          worker_(worker),
          batch_(batch) {}

    [[nodiscard]] int descriptor() const { return socket_.descriptor(); }
    void submit() {
        step_ = Step::submitting;
        socket_.send(submit_request(client_, authority_, batch_));
    }
    /// A whole answer is here: does the next step. How many jobs that ended.
    std::size_t go_on() {
        const std::string answer = socket_.receive();
        const int status = net::status_of(answer);
        if (status / 100 != 2) give_up(fmt::format("step {}: {}", static_cast<int>(step_), answer));
        if (step_ == Step::submitting || leases_wanted(answer)) {
            step_ = Step::claiming;
            socket_.send(claim_request(worker_, authority_, batch_));
            return 0;
        }
        if (step_ == Step::claiming) {
            step_ = Step::completing;
            socket_.send(complete_request(worker_, authority_, leases_));
            return 0;
        }
        for (const auto& one : must(swarm::read_completions(body_of(answer)))) {
            if (!one) give_up("a report was refused: " + one.error().message);
        }
        const std::size_t ended = leases_.size();
        submit();
        return ended;
    }

private:
    enum class Step { submitting, claiming, completing };
    /// Reads what a claim brought; whether that was nothing.
    bool leases_wanted(const std::string& answer) {
        if (step_ != Step::claiming) return false;
        leases_ = must(swarm::read_leases(body_of(answer)));
        return leases_.empty();
    }

    net::RawClient socket_;
    std::string authority_;
    const Member& client_;
    const Member& worker_;
    unsigned batch_;
    Step step_ = Step::submitting;
    std::vector<swarm::Lease> leases_;
};

double cpu_of_this() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Jobs a second.
double closed_loop(const Wish& wish) {
    const CoordinatorProcess coordinator = must(CoordinatorProcess::start({.program = wish.program}));
    const auto clients = must(coordinator.enrol(identity::NodeKind::client, wish.clients));
    const auto workers = must(coordinator.enrol(identity::NodeKind::worker, wish.clients));
    const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    std::vector<std::unique_ptr<Actor>> actors;
    for (unsigned i = 0; i < wish.clients; ++i) {
        actors.push_back(std::make_unique<Actor>(coordinator, clients[i], workers[i], wish.batch));
        epoll_event event{.events = EPOLLIN, .data = {.ptr = actors.back().get()}};
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, actors.back()->descriptor(), &event);
        actors.back()->submit();
    }
    constexpr double kWarm = 1'000;
    const double begin = now_ms() + kWarm;
    double since = 0;
    double cpu = 0;
    double own = 0;
    std::size_t ended = 0;
    while (now_ms() < begin + wish.seconds * 1'000) {
        epoll_event events[64];
        const int count = ::epoll_wait(epoll.get(), events, 64, 10'000);
        if (count == 0) give_up("nothing moves");
        for (int i = 0; i < count; ++i) ended += static_cast<Actor*>(events[i].data.ptr)->go_on();
        if (since == 0 && now_ms() >= begin) {
            since = now_ms();
            cpu = coordinator.cpu_s();
            own = cpu_of_this();
            ended = 0;
        }
    }
    const double took = (now_ms() - since) / 1'000;
    const auto jobs = static_cast<double>(ended);
    fmt::print(
        "  {:.0f} jobs/s; of the coordinator {:.0f} us of processor a job, of this program {:.0f} us; {:.0f} MB\n",
        jobs / took, (coordinator.cpu_s() - cpu) * 1e6 / jobs, (cpu_of_this() - own) * 1e6 / jobs,
        static_cast<double>(coordinator.resident_bytes()) / 1e6);
    return jobs / took;
}

void latency(const Wish& wish) {
    constexpr int kRounds = 1'000;
    const CoordinatorProcess coordinator = must(CoordinatorProcess::start({.program = wish.program}));
    const auto client = must(coordinator.enrol(identity::NodeKind::client, 1));
    const auto worker = must(coordinator.enrol(identity::NodeKind::worker, 1));
    net::RawClient submitting(coordinator.port());
    net::RawClient waiting(coordinator.port());
    const std::string authority = coordinator.authority();
    std::vector<double> took;
    for (int i = 0; i < kRounds; ++i) {
        waiting.send(claim_request(worker[0], authority, 1));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));  // so that it waits
        const std::string submit = submit_request(client[0], authority, 1);
        const double since = now_ms();
        submitting.send(submit);
        const std::string answer = waiting.receive();
        took.push_back(now_ms() - since);
        const auto leases = must(swarm::read_leases(body_of(answer)));
        if (leases.empty()) give_up("the worker was sent away");
        if (net::status_of(submitting.receive()) != 201) give_up("the job was not taken");
        waiting.send(complete_request(worker[0], authority, leases));
        if (net::status_of(waiting.receive()) != 200) give_up("the report was not taken");
    }
    std::ranges::sort(took);
    fmt::print("  submit to a waiting worker: p50 {:.2f} ms, p99 {:.2f} ms ({} rounds)\n", took[took.size() / 2],
               took[took.size() * 99 / 100], kRounds);
}

void waiting(const Wish& wish) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    const CoordinatorProcess coordinator = must(CoordinatorProcess::start({.program = wish.program, .tls = wish.tls}));
    const auto idle = static_cast<double>(coordinator.resident_bytes()) / 1e6;
    std::vector<Member> workers;
    constexpr unsigned kOneToken = 10'000;
    for (unsigned left = wish.waiting; left > 0; left -= std::min(left, kOneToken)) {
        for (Member& member : must(coordinator.enrol(identity::NodeKind::worker, std::min(left, kOneToken))))
            workers.push_back(std::move(member));
    }
    const auto enrolled = static_cast<double>(coordinator.resident_bytes()) / 1e6;
    std::vector<std::unique_ptr<net::RawClient>> plain;
    std::vector<std::unique_ptr<net::TlsClient>> tls;
    const double since = now_ms();
    for (const Member& worker : workers) {
        const std::string request = claim_request(worker, coordinator.authority(), 1);
        if (wish.tls) {
            tls.push_back(std::make_unique<net::TlsClient>(coordinator.port()));
            tls.back()->send(request);
        } else {
            plain.push_back(std::make_unique<net::RawClient>(coordinator.port()));
            plain.back()->send(request);
        }
    }
    const double took = (now_ms() - since) / 1'000;
    if (took > 22) fmt::print("  they came slowly: the first ones have been answered and wait no more\n");
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const double cpu = coordinator.cpu_s();
    std::this_thread::sleep_for(std::chrono::seconds(2));
    fmt::print(
        "  {} workers wait{}: {:.1f} MB (idle {:.1f} MB, with the nodes known {:.1f} MB), connected in {:.1f} s, "
        "{:.1f} % "
        "of a core\n",
        workers.size(), wish.tls ? " with TLS" : "", static_cast<double>(coordinator.resident_bytes()) / 1e6, idle,
        enrolled, took, (coordinator.cpu_s() - cpu) * 50);
}

void idle(const Wish& wish) {
    std::vector<double> ready;
    double resident = 0;
    for (unsigned i = 0; i < wish.runs; ++i) {
        const CoordinatorProcess process =
            must(CoordinatorProcess::start({.program = wish.program, .service = wish.service}));
        std::this_thread::sleep_for(std::chrono::seconds(1));
        ready.push_back(process.ready_ms());
        resident = static_cast<double>(process.resident_bytes()) / 1e6;
    }
    std::ranges::sort(ready);
    fmt::print("  {}: {:.1f} MB, ready in {:.0f} ms (median of {})\n", wish.service, resident, ready[ready.size() / 2],
               ready.size());
}

int run(const Wish& wish) {
    fmt::print("{}\n", machine());
    if (wish.idle) idle(wish);
    if (wish.latency) {
        for (unsigned i = 0; i < wish.runs; ++i) latency(wish);
    }
    if (wish.waiting > 0) waiting(wish);
    if (wish.clients > 0) {
        std::vector<double> rates;
        for (unsigned i = 0; i < wish.runs; ++i) rates.push_back(closed_loop(wish));
        std::ranges::sort(rates);
        const double median = rates[rates.size() / 2];
        fmt::print(
            "{} clients, batches of {}: {:.0f} jobs/s (median of {}), {:.1f} times the version before in memory "
            "({:.0f}/s), {:.1f} times on PostgreSQL ({:.0f}/s)\n",
            wish.clients, wish.batch, median, rates.size(), median / kPredecessorMemory, kPredecessorMemory,
            median / kPredecessorPostgres, kPredecessorPostgres);
    }
    fmt::print("{}\n", machine());
    return 0;
}

}  // namespace
}  // namespace ec::bench

int main(int argc, char** argv) {
    ec::bench::Wish wish;
    CLI::App app("Load for a coordinator.", "swarm_load");
    app.add_option("--edgecoderd", wish.program, "The program");
    app.add_option("--service", wish.service, "With --idle: coordinator, or all");
    app.add_option("--clients", wish.clients, "Closed loop with so many");
    app.add_option("--batch", wish.batch, "Jobs in one request");
    app.add_option("--waiting", wish.waiting, "So many workers wait");
    app.add_option("--runs", wish.runs, "Of which the median counts");
    app.add_option("--seconds", wish.seconds, "Of each run, after one to warm up");
    app.add_flag("--latency", wish.latency, "Submit to a waiting worker");
    app.add_flag("--idle", wish.idle, "Memory and start");
    app.add_flag("--tls", wish.tls, "With --waiting");
    CLI11_PARSE(app, argc, argv);
    try {
        return ec::bench::run(wish);
    } catch (const std::runtime_error& error) {
        fmt::print(stderr, "swarm_load: {}\n", error.what());
        return 1;
    }
}
