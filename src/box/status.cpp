#include "status.hpp"

#include <sys/stat.h>
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

namespace {

std::string read_bytes(std::uint64_t from, std::uint64_t size) {
    struct stat info{};
    require(::fstat(kSpecFd, &info) == 0 && size <= static_cast<std::uint64_t>(info.st_size), "spec");
    std::string bytes(size, '\0');
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t n = ::pread(kSpecFd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(from + done));
        if (n <= 0) die("spec", n < 0 ? errno : EIO);
        done += static_cast<std::size_t>(n);
    }
    return bytes;
}

}  // namespace

Spec read_spec(std::uint64_t from) {
    const std::string head = read_bytes(from, kSpecHead);
    const std::uint64_t size = Parser(head).u64();
    Spec spec;
    if (!decode(read_bytes(from + kSpecHead, size), spec))
        die("spec", EINVAL, "the executor and edgecoder-box do not fit each other");
    spec.end = from + kSpecHead + size;
    return spec;
}

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
