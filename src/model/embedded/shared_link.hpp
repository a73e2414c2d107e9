// A connection to a host that is shared by several clients (`edgecoderd inference`).
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>
#include <string>

#include "channel.hpp"

namespace ec::model::embedded {

class SharedLink {
public:
    /// `unavailable` where nobody listens, or one that does not answer soon, speaks another version or has no room;
    /// `denied` where the host is another user's: prompts are not shown to it.
    static Result<SharedLink> connect(const std::filesystem::path& socket);

    [[nodiscard]] Channel& channel() { return channel_; }
    [[nodiscard]] std::string ending() { return "the shared host closed the connection"; }

private:
    explicit SharedLink(Channel channel) : channel_(std::move(channel)) {}

    Channel channel_;
};

}  // namespace ec::model::embedded
