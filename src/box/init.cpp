#include "init.hpp"

#include <dirent.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "changes.hpp"
#include "payload.hpp"
#include "processes.hpp"
#include "status.hpp"
#include "sys.hpp"
#include "users.hpp"

namespace ec::box {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kTick{10};
// At the process limit for this many looks in a row: a fork bomb, not a busy build.
constexpr int kPidsPatience = 50;
constexpr const char* kWarmProc = "/new/proc";
// What waits in a socket belongs to no process; the filter keeps it at the kernel's usual size.
constexpr std::uint64_t kFreeSockets = 64;
constexpr std::uint64_t kSocketBuffer = 212'992;

std::string read_small(int dir, const std::string& name) {
    char buffer[2048];
    const int fd = ::openat(dir, name.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    ::close(fd);
    return n <= 0 ? std::string{} : std::string(buffer, static_cast<std::size_t>(n));
}

std::uint64_t field(const std::string& text, std::string_view name) {
    const std::size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + name.size(), nullptr, 10);
}

struct Usage {
    std::uint64_t tasks = 0;   ///< processes and threads besides pid 1
    std::uint64_t memory = 0;  ///< bytes
    bool still = true;         ///< no process ended while its share was read
};

using Held = std::vector<std::pair<std::string, std::uint64_t>>;  // a process and the bytes it holds at most

class Supervisor {
public:
    Supervisor(Spec spec, const Tree& tree, Capabilities capabilities)
        : spec_(std::move(spec)), waiting_(spec_.start == Start::warm), tree_(tree), capabilities_(capabilities) {}

    [[noreturn]] void run() {
        start();
        watch();
        finish();
        ::_exit(0);
    }

private:
    void start() {
        kills_before_ = out_of_memory_kills();
        ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        int failure[2];
        require(::pipe2(failure, O_CLOEXEC) == 0, "pipe");
        payload_ = ::fork();
        require(payload_ >= 0, "fork");
        if (payload_ == 0) {
            if (waiting_) leave_shared_root();
            if (waiting_ && spec_.privileged && !drop_root(spec_, ::open("/proc", O_PATH | O_CLOEXEC)))
                die("user namespace", errno, "warm");
            become_payload(spec_, tree_, failure[1]);
        }
        started_ = SteadyClock::now();
        set_badness(capabilities_.oom_fd, "0");
        ::close(failure[1]);
        // The payload's descriptors must have no second holder, or nobody would see them closed.
        for (const int fd : {0, 1, 2}) ::close(fd);
        if (spec_.session) {
            ::close(kSessionIn);
            ::close(kSessionOut);
        }
        // Not 0 to 2, so that nothing of ours can be mistaken for them.
        while (::open("/", O_PATH | O_CLOEXEC) < 2) {
        }
        const sigset_t child = child_signal();
        signals_ = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
        require(signals_ >= 0, "signalfd");
        proc_ = tree_.has_proc ? ::open(waiting_ ? kWarmProc : "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                               : tree_.outer_proc;
        await_exec(failure[0]);
    }

    void await_exec(int fd) {
        PayloadFailure failure;
        const ssize_t n = ::read(fd, &failure, sizeof failure);
        ::close(fd);
        if (n == sizeof failure && !failure.exec) die(failure.step, failure.error);
        Writer ready;
        ready.u32(static_cast<std::uint32_t>(capabilities_.landlock_abi));
        ready.flag(capabilities_.own_userns);
        ready.flag(tree_.has_proc);
        send_record(Tag::ready, ready.bytes());
        if (n == sizeof failure) {
            Writer body;
            body.u32(static_cast<std::uint32_t>(failure.error));
            send_record(Tag::no_exec, body.bytes());
        }
        if (spec_.session) flush_records();  // somebody waits for the program to be there
    }

    // Poll and not timers: everything this process waits for is a descriptor or the next look at the clock.
    void watch() {
        while (!ended_) {
            pollfd fds[2] = {{signals_, POLLIN, 0}, {kControlFd, POLLIN, 0}};
            const int ready = ::poll(fds, 2, waiting_ ? -1 : next_wait());
            if (ready < 0 && errno != EINTR) break;
            if (fds[0].revents != 0) reap();
            if (fds[1].revents != 0) obey();
            if (ended_ || waiting_) continue;
            const auto elapsed = SteadyClock::now() - started_;
            if (spec_.wall_ms > 0 && elapsed >= std::chrono::milliseconds(spec_.wall_ms)) return stop(Stop::wall);
            look(false);
        }
    }

    int next_wait() const {
        const auto elapsed = SteadyClock::now() - started_;
        // A program that has run for long is looked at less often.
        auto wait = elapsed < std::chrono::seconds(2) || spec_.soft_memory ? kTick : 4 * kTick;
        if (spec_.wall_ms > 0) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  std::chrono::milliseconds(spec_.wall_ms) - elapsed) +
                              std::chrono::milliseconds(1);
            wait = std::clamp(left, std::chrono::milliseconds(0), wait);
        }
        return static_cast<int>(wait.count());
    }

    void reap() {
        signalfd_siginfo info{};
        while (::read(signals_, &info, sizeof info) > 0) {
        }
        for (;;) {
            int status = 0;
            const pid_t pid = ::waitpid(-1, &status, WNOHANG);
            if (pid <= 0) return;
            if (pid == payload_) {
                summary_.wait_status = status;
                ended_ = true;
                summary_.wall_us = wall_us();
                look(true);
            }
        }
    }

    void obey() {
        char reason = 0;
        const ssize_t n = ::read(kControlFd, &reason, 1);
        if (n <= 0) {  // the executor is gone: so is the sandbox, at once
            if (spec_.confinement == Confinement::landlock) kill_all();
            ::_exit(124);
        }
        if (reason == kHandOff) return hand_off();
        stop(static_cast<Stop>(reason));
    }

    // Everything that was not known when the sandbox was made; the program waits for the request that follows this.
    void hand_off() {
        if (!waiting_) return;
        waiting_ = false;
        spec_ = read_spec(spec_.end);
        ::close(kSpecFd);
        make_mounts(spec_, -1, tree_);
        if (spec_.privileged) follow_payload(spec_, payload_, kWarmProc);
        require(set_limits(payload_, spec_, tree_.has_proc), "setrlimit");
        clockid_t clock{};
        timespec used{};
        if (::clock_getcpuclockid(payload_, &clock) == 0 && ::clock_gettime(clock, &used) == 0)
            warming_us_ =
                static_cast<std::uint64_t>(used.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(used.tv_nsec) / 1000;
        started_ = SteadyClock::now();
        send_record(Tag::handed, {});
        flush_records();
    }

    void stop(Stop reason) {
        if (ended_) return;
        summary_.stop = reason;
        look(true);
        ended_ = true;
        summary_.wall_us = wall_us();
    }

    std::uint64_t wall_us() const {
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - started_).count());
    }

    // One look at what the sandbox uses. `last`: the program just ended, or is about to be ended.
    void look(bool last) {
        const auto now = SteadyClock::now();
        if (!last && now - looked_ < kTick) return;
        looked_ = now;
        summary_.disk_full = summary_.disk_full || full(tree_.upper) || full(tree_.temporary) || full(tree_.shared);
        if (!last && out_of_memory_kills() > kills_before_) return stop(Stop::memory);
        if (proc_ < 0) return;
        const Usage usage = measure();
        // While processes end, the shares of those that are read later grow: then one sum above the limit may be a
        // mistake, and two in a row are not.
        over_ = usage.memory > spec_.memory_bytes ? over_ + 1 : 0;
        const bool too_much = over_ > 1 || (over_ == 1 && usage.still);
        summary_.peak_memory =
            std::max(summary_.peak_memory, too_much ? usage.memory : std::min(usage.memory, spec_.memory_bytes));
        // The kernel counts pid 1 as well, and counted the program when it was refused a child and gave up.
        const bool at_limit = usage.tasks + (ended_ ? 2U : 1U) >= spec_.processes;
        patience_ = at_limit ? patience_ + 1 : 0;
        summary_.pids_full = at_limit || (summary_.pids_full && !last);
        if (last) return;
        if (spec_.soft_memory && too_much) return stop(Stop::memory);
        if (patience_ >= kPidsPatience) stop(Stop::pids);
    }

    // The kernel kills one process of the group, and the others may wait for it for ever.
    std::uint64_t out_of_memory_kills() const {
        char buffer[512];
        if (capabilities_.memory_events < 0) return 0;
        const ssize_t n = ::pread(capabilities_.memory_events, buffer, sizeof buffer, 0);
        return n <= 0 ? 0 : field(std::string(buffer, static_cast<std::size_t>(n)), "oom_kill ");
    }

    static bool full(int dir) {
        struct statfs info{};
        if (dir < 0 || ::fstatfs(dir, &info) != 0 || info.f_blocks == 0) return false;
        return info.f_bavail < 2 || info.f_ffree == 0;
    }

    // What the processes hold in memory of their own and in shared memory. Summed as if nothing were shared, which is
    // quick; only when that is too much does the kernel count each page by its share (Pss), which takes it a walk.
    Usage measure() const {
        Usage usage;
        Held held;
        std::uint64_t unshared = 0;
        for (const std::string& name : processes()) {
            const std::string status = read_small(proc_, name + "/status");
            usage.tasks += std::max<std::uint64_t>(1, field(status, "\nThreads:"));
            const std::uint64_t tables = field(status, "\nVmPTE:") << 10;
            held.emplace_back(name, (field(status, "\nRssAnon:") + field(status, "\nRssShmem:")) << 10);
            unshared += tables;
            usage.memory += held.back().second + tables;
        }
        if (spec_.soft_memory && spec_.confinement == Confinement::namespaces) {
            const std::uint64_t sockets = field(read_small(proc_, "net/sockstat"), "sockets: used ");
            const std::uint64_t buffers = (std::max(sockets, kFreeSockets) - kFreeSockets) * kSocketBuffer;
            unshared += buffers;
            usage.memory += buffers;
        }
        for (int i = 0; i < 3 && usage.memory > spec_.memory_bytes; ++i) {
            usage.still = true;
            usage.memory = std::min(usage.memory, unshared + shares(held, usage.still));
            if (usage.still) break;
        }
        return usage;
    }

    std::uint64_t shares(const Held& held, bool& still) const {
        std::uint64_t sum = 0;
        for (const auto& [name, most] : held) {
            const std::string text = read_small(proc_, name + "/smaps_rollup");
            const bool alive =
                !text.empty() || read_small(proc_, name + "/status").find("\nRssAnon:") != std::string::npos;
            still = still && alive;
            // A program that not even pid 1 may read counts whole; one that is ending holds nothing any more.
            sum += text.empty() ? (alive ? most : 0) : (field(text, "\nPss_Anon:") + field(text, "\nPss_Shmem:")) << 10;
        }
        return sum;
    }

    // Everything in the sandbox but this process, as /proc names it.
    std::vector<std::string> processes() const {
        std::vector<std::string> names;
        if (!tree_.has_proc) {
            for (const pid_t pid : descendants(proc_)) names.push_back(std::to_string(pid));
            return names;
        }
        const int copy = ::openat(proc_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* stream = copy < 0 ? nullptr : ::fdopendir(copy);
        while (const dirent* entry = stream == nullptr ? nullptr : ::readdir(stream)) {
            const std::string_view name = entry->d_name;
            if (name.front() >= '1' && name.front() <= '9' && name != "1") names.emplace_back(name);
        }
        if (stream != nullptr) ::closedir(stream);
        return names;
    }

    // Ends everything else in this sandbox and reaps it, so that what follows sees a still world.
    void kill_all() {
        for (;;) {
            if (spec_.confinement == Confinement::landlock) {
                kill_descendants(proc_);
            } else {
                ::kill(-1, SIGKILL);
            }
            int status = 0;
            const pid_t pid = ::waitpid(-1, &status, 0);
            if (pid < 0 && errno == ECHILD) return;
            if (pid == payload_ && summary_.stop != Stop::none) summary_.wait_status = status;
        }
    }

    void finish() {
        kill_all();
        rusage usage{};
        ::getrusage(RUSAGE_CHILDREN, &usage);
        const auto micros = [](const timeval& time) {
            return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
        };
        const std::uint64_t cpu = micros(usage.ru_utime) + micros(usage.ru_stime);
        summary_.cpu_us = cpu - std::min(cpu, warming_us_);
        summary_.peak_memory = std::max(summary_.peak_memory, static_cast<std::uint64_t>(usage.ru_maxrss) << 10);
        Writer body;
        body.u32(static_cast<std::uint32_t>(summary_.wait_status));
        body.u8(static_cast<std::uint8_t>(summary_.stop));
        body.flag(summary_.pids_full);
        body.flag(summary_.disk_full);
        for (const std::uint64_t value : {summary_.wall_us, summary_.cpu_us, summary_.peak_memory}) body.u64(value);
        send_record(Tag::summary, body.bytes());
        report_artifacts(tree_);
        Writer end;
        end.flag(spec_.collect_changes && !report_changes(spec_, tree_));
        send_record(Tag::end, end.bytes());
        flush_records();
    }

    Spec spec_;
    bool waiting_;  ///< warm, and not yet handed to a run
    Tree tree_;
    Capabilities capabilities_;
    Summary summary_;
    pid_t payload_ = -1;
    int signals_ = -1;
    int proc_ = -1;
    std::uint64_t kills_before_ = 0;
    std::uint64_t warming_us_ = 0;  ///< processor time of the program before it was handed its request
    bool ended_ = false;
    int patience_ = 0;
    int over_ = 0;  ///< looks in a row that saw more memory than allowed
    SteadyClock::time_point started_{};
    SteadyClock::time_point looked_{};
};

}  // namespace

sigset_t child_signal() {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    return child;
}

void set_badness(int oom_fd, std::string_view value) {
    // A kernel that refuses leaves the usual order, in which the largest process goes first anyway.
    if (oom_fd >= 0 && ::pwrite(oom_fd, value.data(), value.size(), 0) < 0) return;
}

void supervise(Spec spec, const Tree& tree, Capabilities capabilities) {
    Supervisor(std::move(spec), tree, capabilities).run();
}

}  // namespace ec::box
