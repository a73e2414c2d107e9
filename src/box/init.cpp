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

#include "changes.hpp"
#include "payload.hpp"
#include "status.hpp"
#include "sys.hpp"

namespace ec::box {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kTick{10};
// At the process limit for this many looks in a row: a fork bomb, not a busy build.
constexpr int kPidsPatience = 50;
// What waits in a socket belongs to no process; the filter keeps it at the kernel's usual size.
constexpr std::uint64_t kFreeSockets = 64;
constexpr std::uint64_t kSocketBuffer = 212'992;

std::string read_small(int dir, const char* name) {
    char buffer[2048];
    const int fd = ::openat(dir, name, O_RDONLY | O_CLOEXEC);
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
};

class Supervisor {
public:
    Supervisor(const Spec& spec, const Tree& tree, Capabilities capabilities)
        : spec_(spec), tree_(tree), capabilities_(capabilities) {}

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
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        require(::sigprocmask(SIG_BLOCK, &child, nullptr) == 0, "sigprocmask");
        int failure[2];
        require(::pipe2(failure, O_CLOEXEC) == 0, "pipe");
        payload_ = ::fork();
        require(payload_ >= 0, "fork");
        if (payload_ == 0) become_payload(spec_, tree_, failure[1]);
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
        signals_ = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
        require(signals_ >= 0, "signalfd");
        if (tree_.has_proc) proc_ = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
            const int ready = ::poll(fds, 2, next_wait());
            if (ready < 0 && errno != EINTR) break;
            if (fds[0].revents != 0) reap();
            if (fds[1].revents != 0) obey();
            if (ended_) break;
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
        if (n <= 0) ::_exit(124);  // the executor is gone: so is the sandbox, at once
        stop(static_cast<Stop>(reason));
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
        summary_.peak_memory = std::max(summary_.peak_memory, usage.memory);
        // The kernel counts pid 1 as well, and counted the program when it was refused a child and gave up.
        const bool at_limit = usage.tasks + (ended_ ? 2U : 1U) >= spec_.processes;
        patience_ = at_limit ? patience_ + 1 : 0;
        summary_.pids_full = at_limit || (summary_.pids_full && !last);
        if (last) return;
        if (spec_.soft_memory && usage.memory > spec_.memory_bytes) return stop(Stop::memory);
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
        struct statfs info {};
        if (dir < 0 || ::fstatfs(dir, &info) != 0 || info.f_blocks == 0) return false;
        return info.f_bavail < 2 || info.f_ffree == 0;
    }

    Usage measure() const {
        Usage usage;
        const int copy = ::openat(proc_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR* stream = copy < 0 ? nullptr : ::fdopendir(copy);
        if (stream == nullptr) return usage;
        std::uint64_t resident = 0;
        std::uint64_t shared = 0;
        while (const dirent* entry = ::readdir(stream)) {
            const char* name = entry->d_name;
            if (name[0] < '1' || name[0] > '9' || (name[0] == '1' && name[1] == '\0')) continue;
            const std::string status = read_small(proc_, (std::string(name) + "/status").c_str());
            usage.tasks += std::max<std::uint64_t>(1, field(status, "\nThreads:"));
            resident += (field(status, "\nRssAnon:") + field(status, "\nVmPTE:")) << 10;
            shared = std::max(shared, field(status, "\nRssShmem:") << 10);
        }
        // Shared memory counts once, as much as its largest user sees; a socket beyond the first few as its full
        // buffer.
        const std::uint64_t sockets = field(read_small(proc_, "net/sockstat"), "sockets: used ");
        usage.memory = resident + shared + (sockets > kFreeSockets ? sockets - kFreeSockets : 0) * kSocketBuffer;
        ::closedir(stream);
        return usage;
    }

    // Ends everything else in this pid namespace and reaps it, so that what follows sees a still world.
    void kill_all() {
        for (;;) {
            ::kill(-1, SIGKILL);
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
        summary_.cpu_us = micros(usage.ru_utime) + micros(usage.ru_stime);
        summary_.peak_memory = std::max(summary_.peak_memory, static_cast<std::uint64_t>(usage.ru_maxrss) << 10);
        Writer body;
        body.u32(static_cast<std::uint32_t>(summary_.wait_status));
        body.u8(static_cast<std::uint8_t>(summary_.stop));
        body.flag(summary_.pids_full);
        body.flag(summary_.disk_full);
        for (const std::uint64_t value : {summary_.wall_us, summary_.cpu_us, summary_.peak_memory}) body.u64(value);
        send_record(Tag::summary, body.bytes());
        report_artifacts(tree_);
        if (spec_.collect_changes) report_changes(spec_, tree_);
        send_record(Tag::end, {});
        flush_records();
    }

    const Spec& spec_;
    const Tree& tree_;
    Capabilities capabilities_;
    Summary summary_;
    pid_t payload_ = -1;
    int signals_ = -1;
    int proc_ = -1;
    std::uint64_t kills_before_ = 0;
    bool ended_ = false;
    int patience_ = 0;
    SteadyClock::time_point started_{};
    SteadyClock::time_point looked_{};
};

}  // namespace

void set_badness(int oom_fd, std::string_view value) {
    // A kernel that refuses leaves the usual order, in which the largest process goes first anyway.
    if (oom_fd >= 0 && ::pwrite(oom_fd, value.data(), value.size(), 0) < 0) return;
}

void supervise(const Spec& spec, const Tree& tree, Capabilities capabilities) {
    Supervisor(spec, tree, capabilities).run();
}

}  // namespace ec::box
