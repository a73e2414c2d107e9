#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cerrno>
#include <cstring>
#include <ec/net/allow_list_proxy.hpp>
#include <future>
#include <set>
#include <thread>
#include <utility>

#include "proxy_connection.hpp"

namespace ec::net {
namespace asio = boost::asio;
namespace {

using boost::system::error_code;

constexpr std::size_t kLookupThreads = 4;
constexpr std::chrono::milliseconds kAcceptPause{100};

// What came over the control socket: its end, one listening TCP socket, or something that has no business there.
struct Received {
    bool nothing_yet = false;
    bool ended = false;
    UniqueFd listener;
};

bool listens_on_tcp(int fd) {
    int listening = 0;
    int type = 0;
    socklen_t size = sizeof listening;
    sockaddr_storage name{};
    socklen_t name_size = sizeof name;
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening == 1 &&
           ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &name_size) == 0 && name.ss_family == AF_INET;
}

Received receive(int control) {
    char byte = 0;
    iovec data{&byte, 1};
    alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = ancillary;
    message.msg_controllen = sizeof ancillary;
    Received received;
    const ssize_t n = ::recvmsg(control, &message, MSG_DONTWAIT);
    received.nothing_yet = n < 0 && (errno == EAGAIN || errno == EINTR);
    received.ended = n <= 0 && !received.nothing_yet;
    const cmsghdr* head = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (head == nullptr || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS ||
        head->cmsg_len != CMSG_LEN(sizeof(int))) {
        return received;
    }
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
    UniqueFd listener(fd);
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && listens_on_tcp(fd)) received.listener = std::move(listener);
    return received;
}

// Threads of ours take no signals: those are for the program's own to handle.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

class AllowListProxy::Core {
public:
    Core(ProxyPorts given_ports, ProxyLimits given_limits)
        : ports(std::move(given_ports)), limits(given_limits), lookups_(kLookupThreads), work_(io.get_executor()) {
        thread_ = std::thread([this] { io.run(); });
    }
    ~Core() {
        lookups_.stop();  // those that wait for their turn are of no use any more
        lookups_.join();
        io.stop();
        thread_.join();
    }
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    /// Runs it on the loop's thread and waits until it is done.
    template <class Work>
    void in_loop(Work work) {
        std::promise<void> done;
        asio::post(io, [&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }

    ProxyPorts ports;
    ProxyLimits limits;
    asio::io_context io{1};
    std::atomic<unsigned> passes{0};
    asio::thread_pool& lookups() { return lookups_; }

private:
    asio::thread_pool lookups_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

namespace {

// One admitted run, on the loop's thread.
template <class Core>
class Run final : public RunContext, public std::enable_shared_from_this<Run<Core>> {
public:
    Run(Core& core, Admission admission, UniqueFd control)
        : core_(core), admission_(std::move(admission)), control_(core.io), acceptor_(core.io), pause_(core.io) {
        error_code error;
        control_.assign(control.release(), error);
    }

    void listen_to_sandbox() {
        control_.async_wait(
            asio::posix::stream_descriptor::wait_read, [this, self = this->shared_from_this()](error_code error) {
                if (error || revoked_) return;
                Received received = receive(control_.native_handle());
                if (received.nothing_yet) return listen_to_sandbox();
                if (received.ended || !received.listener.valid() || acceptor_.is_open()) {
                    return revoke(received.ended ? "the sandbox is gone" : "the sandbox broke the rules");
                }
                acceptor_.assign(asio::ip::tcp::v4(), received.listener.release(), error);
                if (error) return revoke("the sandbox's socket cannot be used");
                accept_next();
                listen_to_sandbox();
            });
    }

    void revoke(std::string_view reason) {
        revoked_ = true;
        error_code ignored;
        control_.close(ignored);
        acceptor_.close(ignored);
        pause_.cancel();
        for (const auto& connection : std::exchange(connections_, {})) connection->close(reason);
    }

    // --- RunContext
    [[nodiscard]] const ProxyLimits& limits() const override { return core_.limits; }
    [[nodiscard]] Dialer& dialer() const override { return core_.ports.dialer; }
    [[nodiscard]] bool allows(const Authority& target) const override {
        return std::ranges::any_of(admission_.rules, [&](const AllowRule& rule) { return rule.matches(target); });
    }
    [[nodiscard]] std::string_view exhausted() const override {
        if (spent_ >= core_.limits.bytes) return "the run has moved as many bytes as it may";
        if (openings_ >= core_.limits.openings) return "the run has opened as many connections as it may";
        return {};
    }
    bool spend(std::uint64_t bytes) override {
        spent_ += bytes;
        return spent_ < core_.limits.bytes;
    }

    Status record(EgressEntry entry) override {
        entry.time = rfc3339(core_.ports.now());
        entry.who = admission_.who;
        entry.why = admission_.why;
        if (entry.event == EgressEvent::opened) ++openings_;
        const bool refused = entry.event == EgressEvent::refused;
        if (refused && ++refusals_ > core_.limits.refusals) return {};
        if (refused && refusals_ == core_.limits.refusals) {
            entry.reason += "; too many refusals, the network of this run is off";
            asio::post(core_.io, [self = this->shared_from_this()] { self->revoke("too many refusals"); });
        }
        return core_.ports.sink.record(entry);
    }

    void look_up(const std::string& name, std::function<void(Result<std::vector<Address>>)> then) override {
        asio::post(core_.lookups(), [this, self = this->shared_from_this(), name, then = std::move(then)]() mutable {
            if (revoked_) return;
            auto found = core_.ports.resolver.resolve(name);
            asio::post(core_.io, [self = std::move(self), then = std::move(then), found = std::move(found)]() mutable {
                then(std::move(found));
            });
        });
    }

    void forget(const std::shared_ptr<ProxyConnection>& connection) override {
        if (connections_.erase(connection) > 0) accept_next();
    }

private:
    void accept_next() {
        if (accepting_ || revoked_ || connections_.size() >= core_.limits.connections) return;
        accepting_ = true;
        acceptor_.async_accept([this, self = this->shared_from_this()](error_code error, asio::ip::tcp::socket socket) {
            accepting_ = false;
            if (revoked_) return;
            if (error) return pause();
            ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
            auto connection = ProxyConnection::make(core_.io, *this, this->shared_from_this(), socket.release(),
                                                    fmt::format("{}.{}", admission_.id, ++accepted_));
            connections_.insert(connection);
            connection->start();
            accept_next();
        });
    }

    // Out of descriptors, most likely: some will be free again.
    void pause() {
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([this, self = this->shared_from_this()](error_code error) {
            if (!error) accept_next();
        });
    }

    Core& core_;
    Admission admission_;
    asio::posix::stream_descriptor control_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    std::set<std::shared_ptr<ProxyConnection>> connections_;
    std::uint64_t accepted_ = 0;
    std::uint64_t spent_ = 0;
    unsigned openings_ = 0;
    unsigned refusals_ = 0;
    bool accepting_ = false;
    std::atomic<bool> revoked_{false};  // also read where names are looked up
};

template <class Core>
class Pass final : public ProxyPass {
public:
    Pass(Core& core, std::shared_ptr<Run<Core>> run, UniqueFd end)
        : core_(core), run_(std::move(run)), end_(std::move(end)) {}
    ~Pass() override {
        core_.in_loop([this] {
            run_->revoke("the run ended");
            run_.reset();
        });
        --core_.passes;
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    UniqueFd take_end() override { return std::move(end_); }

private:
    Core& core_;
    std::shared_ptr<Run<Core>> run_;
    UniqueFd end_;
};

}  // namespace

AllowListProxy::AllowListProxy(std::shared_ptr<Core> core) : core_(std::move(core)) {}
AllowListProxy::~AllowListProxy() = default;

Result<std::unique_ptr<AllowListProxy>> AllowListProxy::start(ProxyPorts ports, ProxyLimits limits) {
    try {
        const SignalsBlocked blocked;
        return std::unique_ptr<AllowListProxy>(new AllowListProxy(std::make_shared<Core>(std::move(ports), limits)));
    } catch (const std::system_error& error) {
        return fail(ErrorCode::unavailable, fmt::format("the network proxy cannot start: {}", error.what()));
    }
}

Result<std::unique_ptr<ProxyPass>> AllowListProxy::admit(Admission admission) {
    if (++core_->passes > core_->limits.passes) {
        --core_->passes;
        return fail(ErrorCode::unavailable, "too many runs use the network at once", "let one of them end first");
    }
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        --core_->passes;
        return fail(from_errno("cannot make a socket for the sandbox", errno));
    }
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    UniqueFd ours(ends[0]);
    auto run = std::make_shared<Run<Core>>(*core_, std::move(admission), std::move(ours));
    auto pass = std::make_unique<Pass<Core>>(*core_, run, UniqueFd(ends[1]));
    core_->in_loop([&] { run->listen_to_sandbox(); });
    return pass;
}

}  // namespace ec::net
