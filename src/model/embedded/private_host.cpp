#include <poll.h>
#include <unistd.h>

#include <ec/core/fs.hpp>
#include <ec/model/embedded.hpp>
#include <mutex>
#include <optional>
#include <utility>

#include "host_process.hpp"

namespace ec::model {
namespace {

constexpr int kPatienceMs = 10'000;

class OwnedHost final : public PrivateHost {
public:
    explicit OwnedHost(PrivateHostOptions options) : options_(std::move(options)) {}

    Result<std::filesystem::path> socket() override {
        const std::lock_guard lock(mutex_);
        const bool there = process_ && !process_->channel().hung_up() && std::filesystem::exists(socket_);
        if (!there) EC_TRY(start());
        return socket_;
    }

private:
    Status start() {
        process_.reset();
        EC_ASSIGN(TempDir folder, TempDir::create("edgecoder-host-"));
        std::filesystem::path program = options_.host;
        if (program.empty()) {
            EC_ASSIGN(const std::filesystem::path beside, executable_dir());
            program = beside / "edgecoderd";
        }
        socket_ = folder.path() / "inference.sock";
        EC_ASSIGN(embedded::HostProcess process,
                  embedded::HostProcess::start(program, {"inference", "--at", socket_.string(), "--memory",
                                                         std::to_string(options_.memory_bytes >> 20)}));
        EC_TRY(await_ready(process.channel().fd()));
        folder_ = std::move(folder);
        process_.emplace(std::move(process));
        return {};
    }

    // It says so with a byte, and closes its side where it cannot listen.
    static Status await_ready(int fd) {
        pollfd waits{fd, POLLIN, 0};
        char byte = 0;
        if (::poll(&waits, 1, kPatienceMs) == 1 && ::read(fd, &byte, 1) == 1) return {};
        return fail(ErrorCode::unavailable, "the process that runs models does not start");
    }

    const PrivateHostOptions options_;
    std::mutex mutex_;  ///< over all below
    std::optional<TempDir> folder_;
    std::filesystem::path socket_;
    std::optional<embedded::HostProcess> process_;
};

}  // namespace

std::shared_ptr<PrivateHost> make_private_host(PrivateHostOptions options) {
    return std::make_shared<OwnedHost>(std::move(options));
}

}  // namespace ec::model
