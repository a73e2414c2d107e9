#include <sys/eventfd.h>

#include "stop_wake.hpp"

namespace ec::executor {

StopWake::StopWake(const std::stop_token& stop)
    : fd_(stop.stop_possible() ? ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1), callback_(stop, Wake{fd_.get()}) {}

void StopWake::Wake::operator()() const noexcept {
    if (fd >= 0) ::eventfd_write(fd, 1);
}

}  // namespace ec::executor
