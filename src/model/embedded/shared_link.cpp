#include "shared_link.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "peer.hpp"
#include "protocol.hpp"
#include "unix_address.hpp"

namespace ec::model::embedded {
namespace {

// A host answers while it computes, so one that takes longer is stopped or stuck.
constexpr std::chrono::milliseconds kPatience{3000};

// A host without room closes the connection, perhaps while it is being greeted: then it is as good as none.
Error gone(Error error) {
    if (error.code == ErrorCode::io) error.code = ErrorCode::unavailable;
    return error;
}

}  // namespace

Result<SharedLink> SharedLink::connect(const std::filesystem::path& socket) {
    EC_ASSIGN(const sockaddr_un address, unix_address(socket));
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (!fd.valid()) return fail(from_errno("cannot make a socket", errno));
    // Not blocking, so that a host that accepts nobody is not waited for.
    if (::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0 || ::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) {
        return fail(from_errno("cannot set up a socket", errno));
    }
    if (::connect(fd.get(), generic(address), sizeof address) != 0) {
        return fail(ErrorCode::unavailable, "no shared host listens at " + socket.string());
    }
    EC_ASSIGN(const uid_t host, peer_user(fd.get()));
    if (host != ::geteuid()) return fail(ErrorCode::denied, "the host at " + socket.string() + " is another user's");
    Channel channel(std::move(fd));
    if (const Status sent = channel.send(encode(ToHost(Hello{})), kPatience); !sent) return fail(gone(sent.error()));
    const auto frame = channel.receive(kPatience);
    if (!frame) return fail(gone(frame.error()));
    if (!*frame) return fail(ErrorCode::unavailable, "the host at " + socket.string() + " does not answer");
    EC_ASSIGN(const FromHost answer, decode_from_host(**frame));
    if (const auto* failed = std::get_if<Failed>(&answer)) return fail(failed->error);
    const auto* welcome = std::get_if<Welcome>(&answer);
    if (welcome == nullptr || welcome->version != kProtocolVersion) {
        return fail(ErrorCode::unavailable, "the host at " + socket.string() + " is of another version");
    }
    return SharedLink(std::move(channel));
}

}  // namespace ec::model::embedded
