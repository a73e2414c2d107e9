// Reading and writing the byte strings of protocol.hpp: little-endian integers, counted strings. Values, no input or
// output; the parser checks every bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ec::box {

class Writer {
public:
    void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
    void flag(bool value) { u8(value ? 1 : 0); }
    void u32(std::uint32_t value) { integer(value, 4); }
    void u64(std::uint64_t value) { integer(value, 8); }
    void text(std::string_view value) {
        u32(static_cast<std::uint32_t>(value.size()));
        out_.append(value);
    }
    [[nodiscard]] const std::string& bytes() const { return out_; }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    void integer(std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
    }
    std::string out_;
};

/// After the first short read every value is zero or empty and ok() is false.
class Parser {
public:
    explicit Parser(std::string_view bytes) : rest_(bytes) {}
    std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
    bool flag() {
        const std::uint8_t value = u8();
        if (value > 1) ok_ = false;
        return value == 1;
    }
    std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
    std::uint64_t u64() { return integer(8); }
    std::string text() {
        const std::uint32_t size = u32();
        if (size > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return value;
    }
    /// A list length; each element takes at least one byte, so a length beyond the rest is a lie.
    std::uint32_t count() {
        const std::uint32_t value = u32();
        if (value > rest_.size()) ok_ = false;
        return ok_ ? value : 0;
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }

private:
    std::uint64_t integer(unsigned bytes) {
        if (rest_.size() < bytes) {
            ok_ = false;
            rest_ = {};
            return 0;
        }
        std::uint64_t value = 0;
        for (unsigned i = 0; i < bytes; ++i) {
            value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
        }
        rest_.remove_prefix(bytes);
        return value;
    }
    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace ec::box
