#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <ec/core/time_or_stop.hpp>

#include "../rpc/line_channel.hpp"
#include "admin.hpp"

namespace ec::apps::coordinator {
namespace {

constexpr std::size_t kLongestLine = 64U << 10;
constexpr std::chrono::seconds kTurn{10};  // of one caller
constexpr int kTick = 200;                 // milliseconds between two looks for a stop

Result<UniqueFd> listen_at(const std::filesystem::path& at) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (at.native().size() >= sizeof address.sun_path)
        return fail(ErrorCode::invalid_argument, fmt::format("{} is too long for a socket", at.string()),
                    "choose a data directory with a shorter name");
    std::memcpy(address.sun_path, at.c_str(), at.native().size());
    UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (!listener.valid()) return fail(from_errno("cannot make a socket", errno));
    static_cast<void>(::fcntl(listener.get(), F_SETFD, FD_CLOEXEC));
    static_cast<void>(::fcntl(listener.get(), F_SETFL, O_NONBLOCK));
    std::error_code ignored;
    std::filesystem::remove(at, ignored);
    // Made under a folder of mode 0700: nobody is in before the mode is right.
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::chmod(at.c_str(), 0600) != 0 || ::listen(listener.get(), 16) != 0)
        return fail(from_errno(fmt::format("cannot listen at {}", at.string()), errno));
    return listener;
}

}  // namespace

Result<RunLock> RunLock::take(const std::filesystem::path& file) {
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail(from_errno(fmt::format("cannot open {}", file.string()), errno));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(ErrorCode::conflict, "another coordinator runs on this data directory",
                    "stop it, or say --data-dir with another");
    return RunLock(std::move(fd));
}

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(const std::filesystem::path& at, Ask ask) {
    EC_ASSIGN(UniqueFd listener, listen_at(at));
    return std::unique_ptr<AdminSocket>(new AdminSocket(at, std::move(listener), std::move(ask)));
}

AdminSocket::AdminSocket(std::filesystem::path at, UniqueFd listener, Ask ask)
    : at_(std::move(at)),
      listener_(std::move(listener)),
      ask_(std::move(ask)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

AdminSocket::~AdminSocket() {
    thread_.request_stop();
    thread_.join();
    std::error_code ignored;
    std::filesystem::remove(at_, ignored);
}

void AdminSocket::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd waits{listener_.get(), POLLIN, 0};
        if (::poll(&waits, 1, kTick) <= 0) continue;
        UniqueFd caller(::accept(listener_.get(), nullptr, nullptr));
        if (!caller.valid()) continue;
        static_cast<void>(::fcntl(caller.get(), F_SETFD, FD_CLOEXEC));
        serve(std::move(caller), stop);
    }
}

void AdminSocket::serve(UniqueFd caller, const std::stop_token& stop) {
    const auto user = peer_user(caller.get());
    if (!user || (*user != ::geteuid() && *user != 0)) return;
    const TimeOrStop turn(stop, kTurn);
    rpc::DescriptorLines lines(caller.get(), caller.get(), kLongestLine, turn.token());
    while (true) {
        const auto line = lines.read(turn.token());
        if (!line || !*line) return;
        const auto message = rpc::decode(**line);
        rpc::Response response;
        if (!message) {
            response = {message.error().id, std::unexpected(message.error().error)};
        } else if (const auto* request = std::get_if<rpc::Request>(&*message)) {
            if (request->notification()) continue;
            response = {request->id, ask_(*request)};
        } else {
            continue;
        }
        if (!lines.write(rpc::encode(response))) return;
    }
}

}  // namespace ec::apps::coordinator
