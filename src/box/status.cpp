#include "status.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>

namespace ec::box {
namespace {

constexpr std::size_t kEnough = 16384;

std::string& waiting() {
    static std::string records;
    return records;
}

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
    waiting().append(head.bytes());
    if (body.size() > kEnough) {
        flush_records();
        write_all(body.data(), body.size());
        return;
    }
    waiting().append(body);
    if (waiting().size() > kEnough) flush_records();
}

void flush_records() {
    write_all(waiting().data(), waiting().size());
    waiting().clear();
}

void die(std::string_view step, int error, std::string_view detail) {
    Writer body;
    body.u32(static_cast<std::uint32_t>(error));
    body.text(step);
    body.text(detail);
    send_record(Tag::error, body.bytes());
    flush_records();
    ::_exit(125);
}

}  // namespace ec::box
