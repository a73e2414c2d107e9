// SHA-256 (FIPS 180-4) of a stream, and hexadecimal as digests and keys are written.
//
// Plain values: each object belongs to one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <ec/core/result.hpp>
#include <span>
#include <string>
#include <string_view>

namespace ec::crypto {

class Sha256Digest {
public:
    static constexpr std::size_t kBytes = 32;

    Sha256Digest() = default;
    explicit Sha256Digest(const std::array<std::uint8_t, kBytes>& bytes) : bytes_(bytes) {}
    /// 64 hexadecimal digits of either case; `invalid_argument` for anything else.
    static Result<Sha256Digest> parse(std::string_view hex);
    /// Exactly kBytes bytes; `invalid_argument` otherwise.
    static Result<Sha256Digest> from_bytes(std::string_view bytes);
    /// 64 lower-case digits.
    [[nodiscard]] std::string hex() const;
    [[nodiscard]] std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), kBytes}; }
    auto operator<=>(const Sha256Digest&) const = default;

private:
    std::array<std::uint8_t, kBytes> bytes_{};
};

/// Bytes in pieces, a digest at the end.
class Sha256 {
public:
    Sha256();
    void update(std::string_view bytes);
    /// Of all that was given; the object is as new afterwards.
    Sha256Digest finish();

private:
    static constexpr std::size_t kStateBytes = 104;  ///< checked against the library's own where it is used
    alignas(8) std::array<std::uint8_t, kStateBytes> state_{};
};

Sha256Digest sha256(std::string_view bytes);

std::string to_hex(std::span<const std::uint8_t> bytes);
/// Fills `bytes`; false unless `hex` is exactly as many digits as they need.
bool from_hex(std::string_view hex, std::span<std::uint8_t> bytes);

}  // namespace ec::crypto
