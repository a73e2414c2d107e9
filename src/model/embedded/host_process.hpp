// The child process that runs a model: started with one end of a socket, ended when the object goes.
#pragma once

#include <sys/types.h>

#include <ec/core/result.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "channel.hpp"

namespace ec::model::embedded {

class HostProcess {
public:
    /// `unavailable` when the program is not there or cannot be started.
    static Result<HostProcess> start(const std::filesystem::path& program,
                                     std::vector<std::string> arguments = {"inference", "--stdio"});
    HostProcess(HostProcess&& other) noexcept;
    HostProcess& operator=(HostProcess&&) = delete;
    /// Closes the socket, at which the host ends by itself, and kills it when it takes its time.
    ~HostProcess();

    [[nodiscard]] Channel& channel() { return channel_; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Waits for the end of a host that closed its side, kills it otherwise, and says how it ended.
    std::string ending();

private:
    explicit HostProcess(Channel channel) : channel_(std::move(channel)) {}
    bool reaped_within(int milliseconds);

    Channel channel_;
    pid_t pid_ = -1;
    int status_ = 0;
};

}  // namespace ec::model::embedded
