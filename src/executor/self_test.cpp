#include "self_test.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <random>

namespace ec::executor {
namespace {

struct Listener {
    UniqueFd socket;
    unsigned port = 0;
};

Result<Listener> listen_on_loopback() {
    Listener listener;
    listener.socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (!listener.socket.valid() ||
        ::bind(listener.socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener.socket.get(), 4) != 0 ||
        ::getsockname(listener.socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return fail(from_errno("cannot listen on the loopback for the self-test", errno));
    }
    listener.port = ntohs(address.sin_port);
    return listener;
}

std::string unguessable() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
}

// Every attempt is made with what is there; "tried" lines say which were made at all. What an attempt reached is judged
// outside, except for the words that only a file outside holds.
constexpr std::string_view kScript = R"script(
cat "$CANARY" 2>/dev/null
cat "/proc/1/root$CANARY" 2>/dev/null
cat "/proc/$OUTER/environ" 2>/dev/null
echo x > "$BESIDE" 2>/dev/null
if command -v unshare >/dev/null; then echo tried-namespace; unshare -U true 2>/dev/null && echo made-namespace; fi
if command -v bash >/dev/null; then echo tried-network; bash -c "echo x > /dev/tcp/127.0.0.1/$PORT" 2>/dev/null
elif command -v perl >/dev/null; then echo tried-network
  perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr=>"127.0.0.1",PeerPort=>$ENV{PORT})' 2>/dev/null
elif command -v python3 >/dev/null; then echo tried-network
  python3 -c "import socket,os;socket.create_connection(('127.0.0.1',int(os.environ['PORT'])),2)" 2>/dev/null
fi
echo finished
)script";

bool has(const std::string& text, std::string_view word) { return text.find(word) != std::string::npos; }

}  // namespace

Status attack_from_inside(Sandbox& sandbox, Isolation& isolation) {
    EC_ASSIGN(const TempDir outside, TempDir::create("edgecoder-canary-"));
    EC_ASSIGN(const Listener listener, listen_on_loopback());
    const std::string secret = unguessable();
    // Readable and writable for everybody: only the sandbox is in the way.
    EC_TRY(write_file_atomic(outside.path() / "canary", secret, 0644));
    if (::chmod(outside.path().c_str(), 0777) != 0) return fail(from_errno("cannot prepare the self-test", errno));
    RunSpec spec;
    spec.argv = {"sh", "-c", std::string(kScript)};
    spec.environment = {{"CANARY", (outside.path() / "canary").string()},
                        {"BESIDE", (outside.path() / "beside").string()},
                        {"OUTER", std::to_string(::getpid())},
                        {"PORT", std::to_string(listener.port)}};
    EC_ASSIGN(const RunResult result, sandbox.run(spec));
    if (result.status == RunStatus::sandbox_error) return fail(ErrorCode::unavailable, result.reason);
    std::vector<std::string> got;
    if (has(result.out, secret)) got.emplace_back("read a file outside");
    if (result.out.find('\0') != std::string::npos) got.emplace_back("read the environment of another process");
    std::error_code error;
    if (std::filesystem::exists(outside.path() / "beside", error)) got.emplace_back("wrote a file outside");
    if (has(result.out, "made-namespace")) got.emplace_back("made a user namespace");
    pollfd connection{listener.socket.get(), POLLIN, 0};
    if (::poll(&connection, 1, 0) > 0) got.emplace_back("reached the loopback network");
    if (!got.empty()) {
        std::string list;
        for (const std::string& one : got) list += (list.empty() ? "" : ", ") + one;
        return fail(ErrorCode::unavailable,
                    fmt::format("the isolation is only decoration here: a trial program {}", list),
                    "do not run anything on this machine, and report this");
    }
    if (!has(result.out, "finished")) {
        return fail(ErrorCode::unavailable,
                    fmt::format("the self-test of the sandbox did not finish ({})", name(result.status)),
                    "install a POSIX shell (sh) in /usr/bin");
    }
    if (!has(result.out, "tried-network"))
        isolation.notes.emplace_back("self-test: the network was not tried (no bash, perl or python3)");
    if (!has(result.out, "tried-namespace"))
        isolation.notes.emplace_back("self-test: nested namespaces were not tried (no unshare)");
    return {};
}

}  // namespace ec::executor
