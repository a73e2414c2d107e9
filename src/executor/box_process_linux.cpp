#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

#include <cerrno>
#include <ec/core/spawn.hpp>

#include "box_process.hpp"

namespace ec::executor {
namespace {

constexpr int kSessionPipe = 1 << 20;

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

Status append(const UniqueFd& fd, std::string_view content) {
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t n = ::write(fd.get(), content.data() + done, content.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(from_errno("cannot write a memory file", errno));
        done += static_cast<std::size_t>(n);
    }
    return {};
}

Result<UniqueFd> memory_file(const char* name, std::string_view content) {
    UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd.valid()) return fail(from_errno("cannot make a memory file", errno));
    EC_TRY(append(fd, content));
    return fd;
}

Result<UniqueFd> sealed_memory(const char* name, std::string_view content) {
    EC_ASSIGN(UniqueFd fd, memory_file(name, content));
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

}  // namespace

BoxProcess::BoxProcess(BoxProcess&& other) noexcept
    : frames(std::move(other.frames)),
      to_send_(std::move(other.to_send_)),
      sent_(other.sent_),
      pid_(std::exchange(other.pid_, -1)),
      gone_(other.gone_),
      box_reaped_(other.box_reaped_),
      flooded_(other.flooded_),
      stop_requested_(other.stop_requested_),
      session_closed_(other.session_closed_),
      first_output_(other.first_output_),
      spec_(std::move(other.spec_)),
      stdout_(std::move(other.stdout_)),
      stderr_(std::move(other.stderr_)),
      status_(std::move(other.status_)),
      control_(std::move(other.control_)),
      session_out_(std::move(other.session_out_)),
      session_in_(std::move(other.session_in_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      flood_(other.flood_),
      parser_(std::move(other.parser_)) {}

BoxProcess::~BoxProcess() {
    if (pid_ < 0) return;
    kill();
    close();
}

Result<BoxProcess> BoxProcess::start(const std::filesystem::path& program, const box::Spec& spec, const RunSpec& run,
                                     UniqueFd proxy) {
    EC_ASSIGN(UniqueFd spec_file, (spec.start == box::Start::whole ? sealed_memory : memory_file)(
                                      "edgecoder-spec", box::encode_with_head(spec)));
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
    Spawn child;
    EC_TRY(child.give(input, 0));
    EC_TRY(child.give(out.write, 1));
    EC_TRY(child.give(err.write, 2));
    EC_TRY(child.give(spec_file, box::kSpecFd));
    EC_TRY(child.give(status.write, box::kStatusFd));
    EC_TRY(child.give(control.read, box::kControlFd));
    if (spec.proxy) EC_TRY(child.give(proxy, box::kProxyFd));
    BoxProcess process(run);
    if (spec.session) {
        EC_ASSIGN(Pipe requests, make_pipe());
        EC_ASSIGN(Pipe answers, make_pipe());
        EC_TRY(child.give(requests.read, box::kSessionIn));
        EC_TRY(child.give(answers.write, box::kSessionOut));
        // Large frames pass in fewer turns; a refusal (too many pipes of this user) costs only time.
        static_cast<void>(::fcntl(requests.write.get(), F_SETPIPE_SZ, kSessionPipe));
        static_cast<void>(::fcntl(answers.write.get(), F_SETPIPE_SZ, kSessionPipe));
        process.session_out_ = std::move(requests.write);
        process.session_in_ = std::move(answers.read);
        EC_TRY(set_nonblocking(process.session_out_));
        EC_TRY(set_nonblocking(process.session_in_));
    }
    if (spec.start != box::Start::whole) process.spec_ = std::move(spec_file);
    process.stdout_ = std::move(out.read);
    process.stderr_ = std::move(err.read);
    process.status_ = std::move(status.read);
    process.control_ = std::move(control.write);
    for (const UniqueFd* fd : {&process.stdout_, &process.stderr_, &process.status_, &process.control_}) {
        EC_TRY(set_nonblocking(*fd));
    }
    EC_ASSIGN(process.pid_, child.start(program, {}, Spawn::Environment::none));
    return process;
}

Status BoxProcess::hand_over(const box::Spec& second, const RunSpec& run) {
    out_.keep(run.limits.kept_output_bytes);
    err_.keep(run.limits.kept_output_bytes);
    flood_ = run.limits.output_flood_bytes;
    parser_.expect(content_limit(run));
    EC_TRY(append(spec_, box::encode_with_head(second)));
    spec_.reset();
    const char order = box::kHandOff;
    if (write_quietly(control_.get(), &order, 1) != 1) return fail(from_errno("cannot reach the sandbox", errno));
    return {};
}

void BoxProcess::pump(std::chrono::milliseconds wait, int wake_fd) {
    pollfd fds[6];
    const auto watch = [](const UniqueFd& fd, bool wanted) {
        return pollfd{wanted && fd.valid() ? fd.get() : -1, POLLIN, 0};
    };
    fds[0] = watch(stdout_, true);
    fds[1] = watch(stderr_, true);
    fds[2] = watch(status_, true);
    fds[3] = watch(session_in_, !frames.full());
    fds[4] = watch(session_out_, sending());
    fds[4].events = POLLOUT;
    fds[5] = pollfd{wake_fd, POLLIN, 0};
    if (::poll(fds, 6, static_cast<int>(wait.count())) < 0) return;
    if (fds[0].revents != 0) {
        out_.drain(stdout_);
        if (!first_output_ && out_.total() > 0) first_output_ = std::chrono::steady_clock::now();
    }
    if (fds[1].revents != 0) err_.drain(stderr_);
    if (fds[3].revents != 0) read_session();
    if (fds[4].revents != 0) send_session();
    if (fds[2].revents != 0) read_status();
    if (!flooded_ && (out_.total() > flood_ || err_.total() > flood_)) {
        flooded_ = true;
        request_stop(box::Stop::output);
    }
}

void BoxProcess::read_status() {
    char buffer[65536];
    for (int i = 0; i < 64; ++i) {
        const ssize_t n = ::read(status_.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            status_.reset();  // only the box and then pid 1 hold the other end
            gone_ = true;
            break;
        }
        parser_.feed({buffer, static_cast<std::size_t>(n)});
        if (parser_.corrupt()) return kill();  // nothing that it goes on to say can be believed
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
            frames.feed({buffer, static_cast<std::size_t>(n)});
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
    // Pid 1 of the sandbox takes the closed pipe as the order to die, and ends in order: after everything in it.
    // Nothing reads its report any more, so it cannot be stuck in writing that either.
    control_.reset();
    if (report().init < 0) reap_box();
    status_.reset();
    gone_ = true;
}

// The box ends by itself once it has told pid 1's pid, so this waits for next to nothing.
void BoxProcess::reap_box() {
    if (box_reaped_) return;
    box_reaped_ = report().init == pid_;  // tier C: the box itself is the supervisor
    if (box_reaped_) return;
    wait_for_child(pid_);
    box_reaped_ = true;
    if (report().init < 0 && status_.valid()) read_status();
}

void BoxProcess::close() {
    const Ending ending = let_go();
    if (ending.init > 0) wait_for_child(ending.init);
}

Ending BoxProcess::let_go() {
    reap_box();
    // Whoever could still have written is dead by now, so what is in the pipes is all there will be.
    out_.drain(stdout_);
    err_.drain(stderr_);
    pid_ = -1;
    return {report().init, std::nullopt};
}

}  // namespace ec::executor
