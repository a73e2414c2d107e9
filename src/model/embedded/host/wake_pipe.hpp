// Wakes a thread that waits in poll(). set() from any thread, also while it is waking already.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <ec/core/fd.hpp>

namespace ec::model::embedded {

class WakePipe {
public:
    WakePipe() {
        int fds[2];
        if (::pipe(fds) != 0) return;
        read_.reset(fds[0]);
        write_.reset(fds[1]);
        for (const int fd : fds) {
            static_cast<void>(::fcntl(fd, F_SETFD, FD_CLOEXEC));
            static_cast<void>(::fcntl(fd, F_SETFL, O_NONBLOCK));
        }
    }
    [[nodiscard]] int fd() const { return read_.get(); }
    void set() const { static_cast<void>(!::write(write_.get(), "", 1)); }
    void clear() const {
        char bytes[64];
        while (::read(read_.get(), bytes, sizeof bytes) > 0) {
        }
    }

private:
    UniqueFd read_;
    UniqueFd write_;
};

}  // namespace ec::model::embedded
