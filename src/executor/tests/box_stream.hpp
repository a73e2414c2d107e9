// The bytes that edgecoder-box would write: records for tests of those who read them.
#pragma once

#include <ec/box/protocol.hpp>
#include <string>
#include <string_view>

namespace ec::executor::testing {

inline std::string record(box::Tag tag, std::string_view body = {}) {
    box::Writer out;
    out.u8(static_cast<std::uint8_t>(tag));
    out.text(body);
    return out.take();
}

inline std::string started(std::uint32_t pid = 1234567) {
    box::Writer body;
    body.u32(pid);
    return record(box::Tag::started, body.bytes());
}

inline std::string ready() {
    box::Writer body;
    body.u32(7);
    body.flag(true);
    body.flag(true);
    return record(box::Tag::ready, body.bytes());
}

inline std::string setup_error(std::uint32_t number = 1) {
    box::Writer body;
    body.u32(number);
    body.text("mount");
    body.text("/proc");
    return record(box::Tag::error, body.bytes());
}

inline std::string no_exec(std::uint32_t number = 2) {
    box::Writer body;
    body.u32(number);
    return record(box::Tag::no_exec, body.bytes());
}

inline std::string summary(std::uint32_t wait_status = 0, std::uint8_t stop = 0) {
    box::Writer body;
    body.u32(wait_status);
    body.u8(stop);
    body.flag(false);
    body.flag(true);
    for (const std::uint64_t value : {1000U, 2000U, 3000U}) body.u64(value);
    return record(box::Tag::summary, body.bytes());
}

inline std::string handed() { return record(box::Tag::handed); }

struct ChangeBytes {
    std::string path = "a/b.txt";
    std::uint8_t kind = 1;
    bool symlink = false;
    bool content_missing = false;
    std::uint32_t mode = 0644;
    std::string target = {};
    std::string content = {};
    bool before = true;  ///< there was a real file
};

inline std::string change(const ChangeBytes& change) {
    box::Writer body;
    body.u8(change.kind);
    body.flag(change.symlink);
    body.flag(change.content_missing);
    body.u32(change.mode);
    body.text(change.path);
    body.text(change.target);
    body.text(change.content);
    body.flag(change.before);
    for (const std::uint64_t value : {11U, 12U, 13U, 14U}) body.u64(change.before ? value : 0U);
    return record(box::Tag::change, body.bytes());
}

inline std::string artifact(std::string_view name, std::string_view content = "x") {
    box::Writer body;
    body.text(name);
    body.text(content);
    return record(box::Tag::artifact, body.bytes());
}

inline std::string end(bool cut = false) { return record(box::Tag::end, std::string(1, cut ? '\1' : '\0')); }

}  // namespace ec::executor::testing
