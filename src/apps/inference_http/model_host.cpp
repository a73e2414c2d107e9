#include "model_host.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ec/core/fs.hpp>
#include <ec/core/spawn.hpp>
#include <string>

namespace ec::apps::inference_http {
namespace {

constexpr int kPatienceMs = 60'000;

}  // namespace

Result<std::unique_ptr<ModelHostChild>> ModelHostChild::start(const std::filesystem::path& socket,
                                                              std::int64_t memory_mb) {
    EC_ASSIGN(const std::filesystem::path folder, executable_dir());
    const std::filesystem::path program = folder / "edgecoder-inference";
    if (::access(program.c_str(), X_OK) != 0) return nullptr;
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail(from_errno("cannot make a socket", errno));
    UniqueFd ours(ends[0]);
    std::vector<std::string> words{"inference", "--at", socket.string()};
    if (memory_mb > 0) {
        words.emplace_back("--memory");
        words.push_back(std::to_string(memory_mb));
    }
    pid_t child = -1;
    {
        const UniqueFd theirs(ends[1]);
        Spawn spawn;
        EC_TRY(spawn.give(theirs, 0));
        EC_ASSIGN(child, spawn.start(program, std::move(words), Spawn::Environment::ours));
    }
    std::unique_ptr<ModelHostChild> host(new ModelHostChild(child, std::move(ours)));
    // It says with a byte that others can come, and closes its side where it cannot listen.
    pollfd waits{host->channel_.get(), POLLIN, 0};
    char byte = 0;
    if (::poll(&waits, 1, kPatienceMs) == 1 && ::read(host->channel_.get(), &byte, 1) == 1) return host;
    return fail(ErrorCode::unavailable, "the host for embedded models did not start");
}

ModelHostChild::~ModelHostChild() {
    channel_ = UniqueFd();
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace ec::apps::inference_http
