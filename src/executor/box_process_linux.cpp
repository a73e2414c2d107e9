#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "box_process.hpp"

namespace ec::executor {
namespace {

constexpr int kSessionPipe = 1 << 20;
constexpr std::uint32_t kLargestRecord = 128U << 20;

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Result<Pipe> make_pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return fail(from_errno("cannot make a pipe", errno));
    return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Status set_nonblocking(const UniqueFd& fd) {
    if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) return fail(from_errno("cannot set up a pipe", errno));
    return {};
}

Result<UniqueFd> sealed_memory(const char* name, std::string_view content) {
    UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd.valid()) return fail(from_errno("cannot make a memory file", errno));
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t n = ::write(fd.get(), content.data() + done, content.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(from_errno("cannot write a memory file", errno));
        done += static_cast<std::size_t>(n);
    }
    if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0 ||
        ::lseek(fd.get(), 0, SEEK_SET) != 0) {
        return fail(from_errno("cannot seal a memory file", errno));
    }
    return fd;
}

// write(2) that answers EPIPE instead of raising SIGPIPE in this thread, whatever the program does with that signal.
ssize_t write_quietly(int fd, const void* data, std::size_t size) {
    sigset_t pipe_only;
    sigset_t before;
    sigset_t pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    const ssize_t n = ::write(fd, data, size);
    const int error = errno;
    if (n < 0 && error == EPIPE && !was_pending) {
        const timespec now{};
        while (::sigtimedwait(&pipe_only, nullptr, &now) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return n;
}

class SpawnActions {
public:
    SpawnActions() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
        sigset_t set;
        sigemptyset(&set);
        ::posix_spawnattr_setsigmask(&attributes_, &set);
        sigfillset(&set);
        ::posix_spawnattr_setsigdefault(&attributes_, &set);
        // A session of its own: Ctrl-C at the terminal is for us to turn into a stop request, not for the box.
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    }
    ~SpawnActions() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;

    // The sources are first moved out of the range of the targets, or one could overwrite another.
    Status give(const UniqueFd& fd, int as) {
        UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 32));
        if (!high.valid()) return fail(from_errno("cannot duplicate a descriptor", errno));
        ::posix_spawn_file_actions_adddup2(&actions_, high.get(), as);
        held_.push_back(std::move(high));
        return {};
    }

    Result<pid_t> spawn(const std::filesystem::path& program) {
        std::string name = program.filename().string();
        char* argv[] = {name.data(), nullptr};
        char* environment[] = {nullptr};
        pid_t pid = -1;
        const int error = ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv, environment);
        if (error != 0) {
            return fail(ErrorCode::unavailable,
                        fmt::format("cannot start {}: {}", program.string(), std::strerror(error)),
                        "build or install edgecoder-box beside the program");
        }
        return pid;
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
    std::vector<UniqueFd> held_;
};

}  // namespace

BoxProcess::BoxProcess(BoxProcess&& other) noexcept
    : received(std::move(other.received)),
      to_send_(std::move(other.to_send_)),
      sent_(other.sent_),
      pid_(std::exchange(other.pid_, -1)),
      gone_(other.gone_),
      flooded_(other.flooded_),
      stop_requested_(other.stop_requested_),
      session_closed_(other.session_closed_),
      pidfd_(std::move(other.pidfd_)),
      stdout_(std::move(other.stdout_)),
      stderr_(std::move(other.stderr_)),
      status_(std::move(other.status_)),
      control_(std::move(other.control_)),
      session_out_(std::move(other.session_out_)),
      session_in_(std::move(other.session_in_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      flood_(other.flood_),
      pending_(std::move(other.pending_)),
      report_(std::move(other.report_)) {}

BoxProcess::~BoxProcess() {
    if (pid_ < 0) return;
    kill();
    close();
}

Result<BoxProcess> BoxProcess::start(const std::filesystem::path& program, const box::Spec& spec, const RunSpec& run,
                                     UniqueFd proxy) {
    EC_ASSIGN(const UniqueFd spec_file, sealed_memory("edgecoder-spec", box::encode(spec)));
    UniqueFd input;
    if (run.stdin_text.empty()) {
        input.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!input.valid()) return fail(from_errno("cannot open /dev/null", errno));
    } else {
        EC_ASSIGN(input, sealed_memory("edgecoder-stdin", run.stdin_text));
    }
    EC_ASSIGN(Pipe out, make_pipe());
    EC_ASSIGN(Pipe err, make_pipe());
    EC_ASSIGN(Pipe status, make_pipe());
    EC_ASSIGN(Pipe control, make_pipe());
    SpawnActions actions;
    EC_TRY(actions.give(input, 0));
    EC_TRY(actions.give(out.write, 1));
    EC_TRY(actions.give(err.write, 2));
    EC_TRY(actions.give(spec_file, box::kSpecFd));
    EC_TRY(actions.give(status.write, box::kStatusFd));
    EC_TRY(actions.give(control.read, box::kControlFd));
    if (spec.proxy) EC_TRY(actions.give(proxy, box::kProxyFd));
    BoxProcess process(run);
    if (spec.session) {
        EC_ASSIGN(Pipe requests, make_pipe());
        EC_ASSIGN(Pipe answers, make_pipe());
        EC_TRY(actions.give(requests.read, box::kSessionIn));
        EC_TRY(actions.give(answers.write, box::kSessionOut));
        // Large frames pass in fewer turns; a refusal (too many pipes of this user) costs only time.
        static_cast<void>(::fcntl(requests.write.get(), F_SETPIPE_SZ, kSessionPipe));
        static_cast<void>(::fcntl(answers.write.get(), F_SETPIPE_SZ, kSessionPipe));
        process.session_out_ = std::move(requests.write);
        process.session_in_ = std::move(answers.read);
        EC_TRY(set_nonblocking(process.session_out_));
        EC_TRY(set_nonblocking(process.session_in_));
    }
    process.stdout_ = std::move(out.read);
    process.stderr_ = std::move(err.read);
    process.status_ = std::move(status.read);
    process.control_ = std::move(control.write);
    for (const UniqueFd* fd : {&process.stdout_, &process.stderr_, &process.status_, &process.control_}) {
        EC_TRY(set_nonblocking(*fd));
    }
    EC_ASSIGN(process.pid_, actions.spawn(program));
    process.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, process.pid_, 0)));
    return process;
}

void BoxProcess::pump(std::chrono::milliseconds wait, int wake_fd) {
    pollfd fds[7];
    const auto watch = [](const UniqueFd& fd, bool wanted) {
        return pollfd{wanted && fd.valid() ? fd.get() : -1, POLLIN, 0};
    };
    fds[0] = watch(stdout_, true);
    fds[1] = watch(stderr_, true);
    fds[2] = watch(status_, true);
    fds[3] = watch(pidfd_, !gone_);
    fds[4] = watch(session_in_, true);
    fds[5] = watch(session_out_, sending());
    fds[5].events = POLLOUT;
    fds[6] = pollfd{wake_fd, POLLIN, 0};
    if (::poll(fds, 7, static_cast<int>(wait.count())) < 0) return;
    if (fds[0].revents != 0) drain(stdout_, out_);
    if (fds[1].revents != 0) drain(stderr_, err_);
    if (fds[4].revents != 0) read_session();
    if (fds[5].revents != 0) send_session();
    if (fds[2].revents != 0) read_status();
    if (fds[3].revents != 0 && !status_.valid()) gone_ = true;
    if (!flooded_ && (out_.total() > flood_ || err_.total() > flood_)) {
        flooded_ = true;
        request_stop(box::Stop::output);
    }
}

void BoxProcess::drain(UniqueFd& fd, Capture& capture) {
    char buffer[65536];
    // A bounded number of reads, so that a flood on one pipe does not starve the others.
    for (int i = 0; i < 16 && fd.valid(); ++i) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n > 0) {
            capture.add({buffer, static_cast<std::size_t>(n)});
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            fd.reset();
        } else {
            return;
        }
    }
}

void BoxProcess::read_status() {
    char buffer[65536];
    for (;;) {
        const ssize_t n = ::read(status_.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            status_.reset();
            gone_ = gone_ || report_.setup_error.has_value();
            break;
        }
        pending_.append(buffer, static_cast<std::size_t>(n));
    }
    std::size_t at = 0;
    while (pending_.size() - at >= 5) {
        box::Parser head(std::string_view(pending_).substr(at, 5));
        const auto tag = static_cast<box::Tag>(head.u8());
        const std::uint32_t size = head.u32();
        if (size > kLargestRecord) {
            gone_ = true;
            break;
        }
        if (pending_.size() - at - 5 < size) break;
        take_record(tag, std::string_view(pending_).substr(at + 5, size));
        at += 5 + size;
    }
    pending_.erase(0, at);
}

void BoxProcess::take_record(box::Tag tag, std::string_view body) {
    box::Parser in(body);
    switch (tag) {
        case box::Tag::ready:
            report_.ready = true;
            report_.landlock_abi = static_cast<int>(in.u32());
            report_.own_userns = in.flag();
            report_.has_proc = in.flag();
            break;
        case box::Tag::error: {
            SetupError error;
            error.error = static_cast<int>(in.u32());
            error.step = in.text();
            error.detail = in.text();
            report_.setup_error = std::move(error);
            break;
        }
        case box::Tag::no_exec:
            report_.exec_error = static_cast<int>(in.u32());
            break;
        case box::Tag::summary: {
            box::Summary summary;
            summary.wait_status = static_cast<std::int32_t>(in.u32());
            summary.stop = static_cast<box::Stop>(in.u8());
            summary.pids_full = in.flag();
            summary.disk_full = in.flag();
            summary.wall_us = in.u64();
            summary.cpu_us = in.u64();
            summary.peak_memory = in.u64();
            if (in.ok()) report_.summary = summary;
            break;
        }
        case box::Tag::change: {
            Change change;
            change.kind = static_cast<Change::Kind>(in.u8());
            change.symlink = in.flag();
            change.content_missing = in.flag();
            change.mode = in.u32();
            change.path = in.text();
            change.symlink_target = in.text();
            change.content = in.text();
            if (in.ok()) report_.changes.push_back(std::move(change));
            break;
        }
        case box::Tag::artifact: {
            std::string name = in.text();
            std::string content = in.text();
            if (in.ok()) report_.artifacts.insert_or_assign(std::move(name), std::move(content));
            break;
        }
        case box::Tag::end:
            report_.complete = true;
            break;
    }
}

void BoxProcess::send_session() {
    while (sending()) {
        const std::string_view rest = std::string_view(to_send_).substr(sent_);
        const ssize_t n = write_quietly(session_out_.get(), rest.data(), rest.size());
        if (n > 0) {
            sent_ += static_cast<std::size_t>(n);
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else {
            if (n < 0 && errno != EAGAIN) {
                session_closed_ = true;
                session_out_.reset();
            }
            return;
        }
    }
    to_send_.clear();
    sent_ = 0;
}

void BoxProcess::read_session() {
    char buffer[65536];
    for (int i = 0; i < 64; ++i) {
        const ssize_t n = ::read(session_in_.get(), buffer, sizeof buffer);
        if (n > 0) {
            received.append(buffer, static_cast<std::size_t>(n));
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            session_closed_ = true;
            session_in_.reset();
            return;
        } else {
            return;
        }
    }
}

void BoxProcess::request_stop(box::Stop reason) {
    if (stop_requested_ || !control_.valid()) return;
    stop_requested_ = true;
    const char byte = static_cast<char>(reason);
    if (write_quietly(control_.get(), &byte, 1) != 1) control_.reset();
}

void BoxProcess::kill() {
    // Pid 1 of the sandbox takes the closed pipe as the order to die, and the box then ends in order: after everything
    // in it. Nothing reads its report any more, so it cannot be stuck in writing that either.
    control_.reset();
    status_.reset();
    gone_ = true;
}

void BoxProcess::close() {
    const Ending ending = let_go();
    if (ending.pid > 0) wait_for(ending);
}

Ending BoxProcess::let_go() {
    // Whoever could still have written is dead by now, so what is in the pipes is all there will be.
    drain(stdout_, out_);
    drain(stderr_, err_);
    return {std::exchange(pid_, -1), std::move(pidfd_), std::nullopt};
}

}  // namespace ec::executor
