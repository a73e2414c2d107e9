#include "status.hpp"

#include <unistd.h>

#include <cerrno>

namespace ec::box {
namespace {

bool write_all(const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t n = ::write(kStatusFd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        data += n;
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

}  // namespace

void send_record(Tag tag, std::string_view body) {
    Writer head;
    head.u8(static_cast<std::uint8_t>(tag));
    head.u32(static_cast<std::uint32_t>(body.size()));
    if (body.size() <= 4000) {  // one write below PIPE_BUF: never torn
        std::string whole = head.take();
        whole.append(body);
        write_all(whole.data(), whole.size());
        return;
    }
    if (write_all(head.bytes().data(), head.bytes().size())) write_all(body.data(), body.size());
}

void die(std::string_view step, int error, std::string_view detail) {
    Writer body;
    body.u32(static_cast<std::uint32_t>(error));
    body.text(step);
    body.text(detail);
    send_record(Tag::error, body.bytes());
    ::_exit(125);
}

void require(bool ok, std::string_view step, std::string_view detail) {
    if (!ok) die(step, errno, detail);
}

}  // namespace ec::box
