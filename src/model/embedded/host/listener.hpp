// The socket at which a shared host is found: one host a path, and only its own user's programs are let in.
#pragma once

#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <optional>

namespace ec::model::embedded {

class Listener {
public:
    /// Makes the folder (0700) and the socket (0600); what a host that was killed left behind is replaced.
    /// `unavailable` when a host listens there already, `denied` when the folder is somebody else's.
    static Result<Listener> open(const std::filesystem::path& socket);
    Listener(Listener&&) = default;
    Listener& operator=(Listener&&) = delete;
    /// Takes the socket away, so that nobody comes any more.
    ~Listener();

    [[nodiscard]] int fd() const { return socket_.get(); }
    /// The next one at the door; nothing when there is none, `denied` when it was another user's and is gone again.
    Result<std::optional<UniqueFd>> accept();

private:
    Listener(std::filesystem::path path, UniqueFd lock, UniqueFd socket)
        : path_(std::move(path)), lock_(std::move(lock)), socket_(std::move(socket)) {}

    std::filesystem::path path_;
    UniqueFd lock_;
    UniqueFd socket_;
};

}  // namespace ec::model::embedded
